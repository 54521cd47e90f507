"""Records: the shapes in which stores hand out rows, keyed by column; only what was asked for is there.

Every record is read by subscript (``record["company_name"]``). Keys that a reader did not ask for
may be absent, hence ``total=False``; the identity and the keys of the list's order always are there.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypedDict
from uuid import UUID

Columns = frozenset[str]

# What the stores call the roles; the resolvers give them their meaning.
ROLES = ("customer", "analyst", "service", "admin")


class Tier(StrEnum):
    STANDARD = "standard"
    PREMIUM = "premium"
    ENTERPRISE = "enterprise"


class ComponentType(StrEnum):
    MATERIAL = "material"
    LABOR = "labor"
    SETUP = "setup"
    OVERHEAD = "overhead"


class Process(StrEnum):
    CNC_MILLING = "cnc_milling"
    CNC_TURNING = "cnc_turning"
    SHEET_METAL = "sheet_metal"
    INJECTION_MOLDING = "injection_molding"
    DIE_CASTING = "die_casting"
    SLS_3D_PRINTING = "3d_printing_sls"


class SurfaceFinish(StrEnum):
    AS_MACHINED = "as_machined"
    BEAD_BLASTED = "bead_blasted"
    ANODIZED = "anodized"
    POWDER_COATED = "powder_coated"
    POLISHED = "polished"


class ToleranceClass(StrEnum):
    STANDARD = "standard"
    PRECISE = "precise"
    ULTRA_PRECISE = "ultra_precise"


class DeliveryTimeline(StrEnum):
    ECONOMY = "economy"
    STANDARD = "standard"
    EXPRESS = "express"


class SpecialRequirement(StrEnum):
    CERTIFICATE_OF_CONFORMANCE = "certificate_of_conformance"
    FIRST_ARTICLE_INSPECTION = "first_article_inspection"
    ITAR = "itar"
    ROHS = "rohs"
    MATERIAL_TRACEABILITY = "material_traceability"
    HEAT_TREATMENT = "heat_treatment"


class TrendInterval(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class MarketTrend(StrEnum):
    RISING = "rising"
    STABLE = "stable"
    FALLING = "falling"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class FreshnessSource(StrEnum):
    CACHE = "cache"
    DATABASE = "database"
    STALE = "stale"


class UserRecord(TypedDict, total=False):
    id: UUID
    email: str
    is_active: bool
    created_at: datetime


class AccountRecord(TypedDict):
    """A user as the edge knows it; ``customer_ids`` are the customers that it signs in for."""

    id: UUID
    email: str
    hashed_password: str
    is_active: bool
    role: str
    customer_ids: list[UUID]


class ApiKeyRecord(TypedDict, total=False):
    """``user_id`` is ``None`` for a key that belongs to nobody; nobody can read the secret again."""

    id: UUID
    prefix: str
    hashed_secret: bytes
    name: str
    user_id: UUID | None
    role: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyHolderRecord(ApiKeyRecord):
    """A key with what its owner may see; ``is_active`` is true for a key that belongs to nobody.

    ``owner_role`` is the role that its owner has now.
    """

    is_active: bool
    owner_role: str | None
    customer_ids: list[UUID]


class CustomerRecord(TypedDict, total=False):
    id: UUID
    user_id: UUID
    company_name: str
    tier: Tier
    created_at: datetime
    updated_at: datetime


class DimensionsRecord(TypedDict):
    """Millimetres, as decimal strings."""

    length_mm: str
    width_mm: str
    height_mm: str


class CostBreakdownRecord(TypedDict):
    """Money in the list currency, as decimal strings; the total is the sum of the four parts."""

    material_cost: str
    labor_cost: str
    setup_cost: str
    overhead_cost: str
    total_cost: str


class PricingTierRecord(TypedDict):
    min_quantity: int
    unit_price: str
    discount_percent: str


class PricingCalculationRecord(TypedDict, total=False):
    id: UUID
    customer_id: UUID
    material: str
    quantity: int
    dimensions: DimensionsRecord
    geometric_complexity_score: Decimal
    process: str
    surface_finish: str
    tolerance_class: str
    special_requirements: list[str]
    delivery_timeline: str
    rush_order: bool
    cost_breakdown: CostBreakdownRecord
    pricing_tiers: list[PricingTierRecord]
    total_price: Decimal
    price_per_unit: Decimal
    estimated_weight_kg: Decimal
    created_at: datetime
    updated_at: datetime


class CostComponentRecord(TypedDict, total=False):
    id: UUID
    calculation_id: UUID
    component_type: ComponentType
    description: str
    unit_cost: Decimal
    quantity: Decimal
    total_cost: Decimal
    created_at: datetime


class FreshnessRecord(TypedDict):
    """Where a material's values came from: ``cached_at`` is when they left the database."""

    source: FreshnessSource
    cached_at: datetime | None
    age_seconds: float


class MaterialRecord(TypedDict, total=False):
    name: str
    category: str
    density_g_per_cm3: Decimal
    tensile_strength_mpa: Decimal | None
    yield_strength_mpa: Decimal | None
    hardness_hb: Decimal | None
    melting_point_celsius: Decimal | None
    thermal_conductivity_w_per_m_k: Decimal
    machinability_percent: Decimal | None
    price_per_kg: Decimal
    currency: str
    source: str
    updated_at: datetime
    freshness: FreshnessRecord


class AnalysisRecord(TypedDict):
    """What was known of the market and of the computation, as JSON; money is a decimal string."""

    market_data: Mapping[str, Any]
    performance_metrics: Mapping[str, Any]
    metadata: Mapping[str, Any]


class ProjectedCalculationRecord(PricingCalculationRecord, total=False):
    """A row as the other stores are told of it; ``analysis`` is ``None`` where it was never kept."""

    analysis: AnalysisRecord | None


class PricingAnalyticsRecord(TypedDict, total=False):
    calculation_id: UUID
    customer_id: UUID
    timestamp: datetime
    market_data: Mapping[str, Any]
    performance_metrics: Mapping[str, Any]
    metadata: Mapping[str, Any]


class PricingTrendRecord(TypedDict):
    """One bucket: prices are ``None`` where nothing was priced in it."""

    material: str
    bucket_start: datetime
    average_price: Decimal | None
    min_price: Decimal | None
    max_price: Decimal | None
    average_unit_price: Decimal | None
    count: int


class MaterialSpendRecord(TypedDict):
    material: str
    total_price: Decimal
    count: int


class LogEntryRecord(TypedDict, total=False):
    """``id`` is the hexadecimal form of the document's ObjectId."""

    id: str
    timestamp: datetime
    level: LogLevel
    logger: str
    message: str
    context: Mapping[str, Any]
    trace_id: str | None
    span_id: str | None
    environment: str
    service_name: str


class LogStatisticsRecord(TypedDict):
    bucket_start: datetime
    level: LogLevel
    count: int


class StoreStatusRecord(TypedDict):
    """What a store says of itself; ``None`` where it did not answer."""

    name: str
    available: bool
    latency_ms: float | None
    version: str | None
    breaker: str
    pool_size: int
    pool_in_use: int
    message: str | None


class RelayStatusRecord(TypedDict):
    """``leader`` is the name of the session that relays; ``lag_seconds`` the age of what waits longest.

    ``transaction_id`` and ``sequence`` are the position up to which events were relayed.
    """

    leader: str | None
    lag_events: int
    lag_seconds: float
    dead_letters: int
    transaction_id: int
    sequence: int


class DeadLetterRecord(TypedDict):
    """``error`` is for those who run the gateway, and never shown to a client."""

    id: int
    transaction_id: int
    sequence: int
    projection: str
    event_id: UUID
    kind: str
    error: str
    tries: int
    first_failed_at: datetime
    last_failed_at: datetime
