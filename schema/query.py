"""Query: the roots of every read, each bound to the batch function that answers it."""

import strawberry

from resolvers.api_key import newest as newest_keys
from resolvers.customer import BY_GLOBAL_ID as CUSTOMER_BY_GLOBAL_ID
from resolvers.pricing_calculation import BY_GLOBAL_ID as CALCULATION_BY_GLOBAL_ID
from resolvers.store_status import every as every_store
from schema.api_key import ApiKey
from schema.customer import CUSTOMERS_FOLD, Customer, customer_by_id, customers
from schema.fields import batched
from schema.log_entry import LogEntry, logs
from schema.log_statistics import LogStatistics, statistics
from schema.material import Material, materials, materials_by_names
from schema.node import node_by_id, nodes_by_ids
from schema.pricing_calculation import (
    CALCULATIONS_FOLD,
    PricingCalculation,
    calculation_by_id,
    calculations,
)
from schema.pricing_trend import PricingTrend, trends_by_name
from schema.rate_limit import RateLimit, limit_of_operation
from schema.relay import Connection, Node
from schema.rule import (
    API_KEYS,
    LOG_PAGE,
    LOG_STATISTICS,
    MATERIAL,
    MATERIAL_PAGE,
    NODES,
    PAGE,
    PERSONAL,
    POINT,
    STORES,
    TRENDS,
)
from schema.store_status import StoreStatus
from schema.viewer import Viewer, viewer


@strawberry.type(description="Everything that can be read.")
class Query:
    node: Node | None = batched(
        node_by_id,
        argument="id",
        rule=POINT,
        description="Any object by its global id; null when there is none such any more.",
    )
    nodes: list[Node | None] | None = batched(
        nodes_by_ids,
        rule=NODES,
        description="Objects of any types by their global ids, in the order of the ids.",
    )
    viewer: Viewer = batched(
        viewer, rule=PERSONAL, description="Who is asking, and what they may do."
    )
    rate_limit: RateLimit | None = batched(
        limit_of_operation,
        whole=True,
        rule=PERSONAL,
        description="What this operation may cost, and what its caller may still spend.",
    )
    customer: Customer | None = batched(
        customer_by_id,
        argument="id",
        rule=POINT,
        fold=CUSTOMER_BY_GLOBAL_ID,
        description="One customer by its id; null when unknown.",
    )
    customers: Connection[Customer] | None = batched(
        customers,
        rule=PAGE,
        fold=CUSTOMERS_FOLD,
        description="The customers, newest first unless ordered otherwise.",
    )
    calculation: PricingCalculation | None = batched(
        calculation_by_id,
        argument="id",
        rule=POINT,
        fold=CALCULATION_BY_GLOBAL_ID,
        description="One calculation by its id; null when unknown.",
    )
    calculations: Connection[PricingCalculation] | None = batched(
        calculations,
        rule=PAGE,
        fold=CALCULATIONS_FOLD,
        description="The calculations, newest first unless ordered otherwise.",
    )
    material: Material | None = batched(
        materials_by_names,
        argument="name",
        whole=True,
        rule=MATERIAL,
        description="One material by its name; null when unknown.",
    )
    materials: Connection[Material] | None = batched(
        materials, rule=MATERIAL_PAGE, description="The catalogue of materials, by name."
    )
    pricing_trends: list[PricingTrend] | None = batched(
        trends_by_name,
        argument="material",
        whole=True,
        rule=TRENDS,
        description="What a material was priced at over the last days, bucket by bucket.",
    )
    logs: Connection[LogEntry] | None = batched(
        logs, rule=LOG_PAGE, description="Log lines, newest first."
    )
    log_statistics: list[LogStatistics] | None = batched(
        statistics,
        whole=True,
        rule=LOG_STATISTICS,
        description="How many lines were logged, by bucket of time and level.",
    )
    api_keys: list[ApiKey] | None = batched(
        newest_keys,
        whole=True,
        rule=API_KEYS,
        description="The caller's API keys, revoked ones too, newest first, at most 100; an admin sees "
        "everybody's.",
    )
    stores: list[StoreStatus] | None = batched(
        every_store,
        whole=True,
        rule=STORES,
        description="What each store behind this graph says of itself.",
    )
