"""Customer: a company that has parts priced, its filter and the list of customers."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from datasources import filters
from datasources.keyset import Order
from datasources.records import CustomerRecord, Tier
from resolvers import customer
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.fold import Foldable, Question
from resolvers.paging import Page, PageArguments
from resolvers.user import BY_ID as USER_BY_ID
from resolvers.user import by_ids as users_by_id
from schema.enumeration import enumeration
from schema.fields import batched, column
from schema.material_spend import MaterialSpend, spend_by_customer
from schema.ordering import OrderDirection
from schema.pricing_calculation import (
    OF_CUSTOMER_FOLD,
    PricingCalculation,
    calculations_by_customer,
)
from schema.ranges import DateTimeRange, several, stated, times
from schema.relay import After, Before, Connection, First, Ids, Last, Node, identity
from schema.rule import PAGE, POINT, SPEND
from schema.user import User

enumeration(
    Tier,
    "What a customer has agreed on with the company.",
    STANDARD="List prices and standard service.",
    PREMIUM="Discounts by volume and a faster answer.",
    ENTERPRISE="A contract of its own.",
)


class CustomerOrderField(StrEnum):
    CREATED_AT = "created_at"
    COMPANY_NAME = "company_name"


enumeration(
    CustomerOrderField,
    "What a list of customers is ordered by; equal ones by their ids.",
    CREATED_AT="When the customer was registered.",
    COMPANY_NAME="The company's name, by its letters' code points.",
)


@strawberry.type(description="A company that has parts priced.")
class Customer(Node):
    id: strawberry.ID = identity("Customer")
    company_name: str = column(description="The company's name.")
    tier: Tier = column(description="What the customer has agreed on with the company.")
    created_at: datetime = column(description="When the customer was registered.")
    updated_at: datetime = column(description="When the customer last changed.")
    user: User | None = batched(
        users_by_id,
        key="user_id",
        rule=POINT,
        fold=USER_BY_ID,
        description="The account that signs in for the customer.",
    )
    calculations: Connection[PricingCalculation] | None = batched(
        calculations_by_customer,
        key="id",
        rule=PAGE,
        fold=OF_CUSTOMER_FOLD,
        description="What the customer had priced.",
    )
    spend_by_material: list[MaterialSpend] | None = batched(
        spend_by_customer,
        key="id",
        whole=True,
        rule=SPEND,
        description="What was priced over the last days, by material, the greatest sum first.",
    )


@strawberry.input(description="Narrows a list of customers; all that is given must hold.")
class CustomerFilter:
    tiers: list[Tier] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these tiers; nothing matches an empty list."
    )
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Words of the company's name, or their beginnings: all of them, in any order.",
    )
    created: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET, description="When the customer was registered."
    )


@strawberry.input(description="The order of a list of customers.")
class CustomerOrder:
    field: CustomerOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(description="Which way the list runs.")


def customer_by_id(
    context: Context, keys: Ids, selection: Selection
) -> Awaitable[Slots[CustomerRecord | None]]:
    return customer.by_global_ids(context, keys, selection)


async def customers(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Annotated[  # noqa: A002
        CustomerFilter | None,
        strawberry.argument(description="Only customers that hold all of this."),
    ] = None,
    order_by: Annotated[
        CustomerOrder | None,
        strawberry.argument(description="The order; newest first by default."),
    ] = None,
) -> Slots[Page]:
    return await customer.by_page(
        context,
        keys,
        selection,
        arguments=PageArguments(first, after, last, before),
        where=_plain(filter),
        order=_order(order_by),
    )


def _plain(given: CustomerFilter | None) -> filters.CustomerFilter:
    if not given:
        return filters.CustomerFilter()
    created_from, created_until = times(given.created)
    return filters.CustomerFilter(
        tiers=several(given.tiers),
        search=stated(given.search),
        created_from=created_from,
        created_until=created_until,
    )


def _order(given: CustomerOrder | None) -> Order:
    if not given:
        return customer.NEWEST_FIRST
    return Order((given.field.value, "id"), descending=given.direction is OrderDirection.DESC)


def _asked(
    context: Context,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    filter: CustomerFilter | None = None,  # noqa: A002
    order_by: CustomerOrder | None = None,
) -> Question:
    arguments = PageArguments(first, after, last, before)
    return customer.asked(context, arguments, _plain(filter), _order(order_by))


CUSTOMERS_FOLD = Foldable("page", "customers", None, _asked, customer.count)
