"""Tables: what PostgreSQL holds, from which the repositories build their statements.

The migrations are the history of these tables; a test compares the two.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine, UserDefinedType

from datasources.records import (
    ROLES,
    ComponentType,
    DeliveryTimeline,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    Tier,
    ToleranceClass,
)

_Kind = TypeEngine[Any] | type[TypeEngine[Any]]

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's xid8, which grows for as long as the cluster lives."""

    cache_ok = True

    def get_col_spec(self, **given: object) -> str:
        return "XID8"


ischema_names["xid8"] = TransactionId  # so that a database's own columns are read back as such


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_quoted(values)})", name=column)


def _identity() -> Column[Any]:
    return Column("id", UUID(), primary_key=True, server_default=func.gen_random_uuid())


def _moment(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _required(name: str, kind: _Kind, *rest: SchemaItem) -> Column[Any]:
    return Column(name, kind, *rest, nullable=False)


def _optional_measure(name: str) -> Column[Any]:
    return Column(name, Numeric(10, 3), CheckConstraint(f"{name} >= 0", name=name))


USERS = Table(
    "users",
    METADATA,
    _identity(),
    Column("email", Text, nullable=False, unique=True),
    _required("hashed_password", Text),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    _moment("created_at"),
    _moment("updated_at"),
    Column("role", Text, nullable=False, server_default="customer"),
    _one_of("role", ROLES),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    _identity(),
    Column("prefix", Text, nullable=False, unique=True),
    _required("hashed_secret", LargeBinary),
    _required("name", Text),
    Column("user_id", UUID(), ForeignKey("users.id", ondelete="CASCADE")),
    _required("role", Text),
    _moment("created_at"),
    Column("expires_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    _one_of("role", ROLES),
    CheckConstraint("prefix ~ '^[a-z2-7]{10}$'", name="prefix"),
    CheckConstraint("octet_length(hashed_secret) = 32", name="hashed_secret"),
    CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name"),
    CheckConstraint("role <> 'customer' OR user_id IS NOT NULL", name="user_id"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
)
Index("api_keys_user_id_idx", API_KEYS.c.user_id)
Index("api_keys_created_at_id_idx", API_KEYS.c.created_at.desc(), API_KEYS.c.id.desc())

CUSTOMERS = Table(
    "customers",
    METADATA,
    _identity(),
    _required("user_id", UUID(), ForeignKey("users.id", ondelete="CASCADE")),
    # By code points whatever the database's own collation, since names order lists.
    _required("company_name", Text(collation="C")),
    Column("tier", Text, nullable=False, server_default="standard"),
    _moment("created_at"),
    _moment("updated_at"),
    _one_of("tier", Tier),
    CheckConstraint("char_length(company_name) BETWEEN 1 AND 200", name="company_name"),
    Index(
        "customers_company_name_search_idx",
        text("to_tsvector('simple', company_name)"),
        postgresql_using="gin",
    ),
)
Index("customers_user_id_idx", CUSTOMERS.c.user_id)
Index("customers_created_at_id_idx", CUSTOMERS.c.created_at.desc(), CUSTOMERS.c.id.desc())
Index("customers_company_name_id_idx", CUSTOMERS.c.company_name, CUSTOMERS.c.id)

MATERIALS = Table(
    "materials",
    METADATA,
    Column("name", Text, primary_key=True),
    _required("category", Text),
    _required("density_g_per_cm3", Numeric(10, 4)),
    _optional_measure("tensile_strength_mpa"),
    _optional_measure("yield_strength_mpa"),
    _optional_measure("hardness_hb"),
    Column("melting_point_celsius", Numeric(10, 3)),
    _required("thermal_conductivity_w_per_m_k", Numeric(10, 4)),
    _optional_measure("machinability_percent"),
    _required("price_per_kg", Numeric(12, 4)),
    Column("currency", Text, nullable=False, server_default="USD"),
    _required("source", Text),
    _moment("updated_at"),
    CheckConstraint("name ~ '^[a-z0-9]+(_[a-z0-9]+)*$'", name="name"),
    CheckConstraint("density_g_per_cm3 > 0", name="density_g_per_cm3"),
    CheckConstraint("thermal_conductivity_w_per_m_k >= 0", name="thermal_conductivity_w_per_m_k"),
    CheckConstraint("price_per_kg >= 0", name="price_per_kg"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)
Index("materials_category_name_idx", MATERIALS.c.category, MATERIALS.c.name)

PRICING_CALCULATIONS = Table(
    "pricing_calculations",
    METADATA,
    _identity(),
    _required("customer_id", UUID(), ForeignKey("customers.id")),
    _required("material", Text, ForeignKey("materials.name")),
    _required("quantity", Integer),
    _required("dimensions", JSONB()),
    _required("geometric_complexity_score", Numeric(3, 2)),
    _required("process", Text),
    _required("surface_finish", Text),
    _required("tolerance_class", Text),
    Column("special_requirements", ARRAY(Text), nullable=False, server_default="{}"),
    _required("delivery_timeline", Text),
    Column("rush_order", Boolean, nullable=False, server_default=text("false")),
    _required("cost_breakdown", JSONB()),
    Column("pricing_tiers", JSONB(), nullable=False, server_default="[]"),
    _required(
        "total_price",
        Numeric(14, 4),
        Computed("(cost_breakdown ->> 'total_cost')::numeric", persisted=True),
    ),
    _required(
        "price_per_unit",
        Numeric(14, 4),
        Computed("(cost_breakdown ->> 'total_cost')::numeric / quantity", persisted=True),
    ),
    _required("estimated_weight_kg", Numeric(10, 4)),
    _moment("created_at"),
    _moment("updated_at"),
    # What the analytics in MongoDB are made of beside the rest of the row: an AnalysisRecord.
    Column("analysis", JSONB()),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint(
        "coalesce((dimensions ->> 'length_mm')::numeric, 0) > 0"
        " AND coalesce((dimensions ->> 'width_mm')::numeric, 0) > 0"
        " AND coalesce((dimensions ->> 'height_mm')::numeric, 0) > 0",
        name="dimensions",
    ),
    CheckConstraint(
        "geometric_complexity_score BETWEEN 1 AND 5", name="geometric_complexity_score"
    ),
    _one_of("process", Process),
    _one_of("surface_finish", SurfaceFinish),
    _one_of("tolerance_class", ToleranceClass),
    _one_of("delivery_timeline", DeliveryTimeline),
    CheckConstraint(
        f"special_requirements <@ ARRAY[{_quoted(SpecialRequirement)}]",
        name="special_requirements",
    ),
    CheckConstraint("jsonb_typeof(pricing_tiers) = 'array'", name="pricing_tiers"),
    CheckConstraint("total_price >= 0 AND total_price <> 'NaN'", name="total_price"),
    CheckConstraint("estimated_weight_kg >= 0", name="estimated_weight_kg"),
    CheckConstraint("jsonb_typeof(analysis) = 'object'", name="analysis"),
)
_calculation = PRICING_CALCULATIONS.c
Index(
    "pricing_calculations_customer_id_created_at_id_idx",
    _calculation.customer_id,
    _calculation.created_at.desc(),
    _calculation.id.desc(),
)
Index(
    "pricing_calculations_material_created_at_id_idx",
    _calculation.material,
    _calculation.created_at.desc(),
    _calculation.id.desc(),
)
Index(
    "pricing_calculations_created_at_id_idx",
    _calculation.created_at.desc(),
    _calculation.id.desc(),
)
Index("pricing_calculations_total_price_id_idx", _calculation.total_price, _calculation.id)
Index("pricing_calculations_quantity_id_idx", _calculation.quantity, _calculation.id)
Index("pricing_calculations_process_idx", _calculation.process)
for _column in ("dimensions", "pricing_tiers", "special_requirements"):
    Index(f"pricing_calculations_{_column}_idx", _calculation[_column], postgresql_using="gin")

COST_COMPONENTS = Table(
    "cost_components",
    METADATA,
    _identity(),
    _required("calculation_id", UUID(), ForeignKey("pricing_calculations.id", ondelete="CASCADE")),
    _required("component_type", Text),
    _required("description", Text),
    _required("unit_cost", Numeric(12, 4)),
    _required("quantity", Numeric(10, 4)),
    _required("total_cost", Numeric(12, 4)),
    _moment("created_at"),
    _one_of("component_type", ComponentType),
    CheckConstraint("unit_cost >= 0", name="unit_cost"),
    CheckConstraint("quantity >= 0", name="quantity"),
    CheckConstraint("total_cost >= 0", name="total_cost"),
)
Index(
    "cost_components_calculation_id_component_type_id_idx",
    COST_COMPONENTS.c.calculation_id,
    COST_COMPONENTS.c.component_type,
    COST_COMPONENTS.c.id,
)

# Read in the order of its primary key: docs/decisions/0014-outbox-order.md says why.
OUTBOX = Table(
    "outbox",
    METADATA,
    Column(
        "transaction_id",
        TransactionId,
        primary_key=True,
        autoincrement=False,
        server_default=text("pg_current_xact_id()"),
    ),
    Column("sequence", BigInteger, Identity(always=True), primary_key=True),
    Column("id", UUID(), nullable=False, unique=True, server_default=func.gen_random_uuid()),
    _required("kind", Text),
    _required("payload", JSONB()),
    _moment("occurred_at"),
)

# One row: how far the relay came, and up to where events may be gone from the outbox.
RELAY_STATE = Table(
    "relay_state",
    METADATA,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", Text),
    Column("transaction_id", TransactionId, nullable=False, server_default="0"),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("forgotten_transaction_id", TransactionId, nullable=False, server_default="0"),
    Column("forgotten_sequence", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("id", name="id"),
)

DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _required("transaction_id", TransactionId),
    _required("sequence", BigInteger),
    _required("projection", Text),
    _required("event_id", UUID()),
    _required("kind", Text),
    _required("error", Text),
    _required("tries", Integer),
    _moment("first_failed_at"),
    _moment("last_failed_at"),
    UniqueConstraint("transaction_id", "sequence", "projection"),
)

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _required("request_hash", LargeBinary),
    _required("response", JSONB()),
    _moment("created_at"),
    CheckConstraint("char_length(key) BETWEEN 1 AND 200", name="key"),
    CheckConstraint("octet_length(request_hash) = 32", name="request_hash"),
)
Index("idempotency_keys_created_at_idx", IDEMPOTENCY_KEYS.c.created_at)
