"""Documents: what the tests store, with every value that a test does not name at rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def analytics(
    *,
    calculation_id: UUID | None = None,
    customer_id: UUID | None = None,
    timestamp: datetime = NOON,
    material: str = "aluminum_6061",
    process: str = "cnc_milling",
    total_price: str | Decimal = "100",
    price_per_unit: str | Decimal = "10",
) -> dict[str, Any]:
    return {
        "calculation_id": calculation_id or uuid4(),
        "customer_id": customer_id or uuid4(),
        "timestamp": timestamp,
        "pricing_data": {
            "material": material,
            "quantity": 10,
            "dimensions": {"length_mm": "10", "width_mm": "20.5", "height_mm": "30"},
            "geometric_complexity_score": Decimal("2.50"),
            "process": process,
            "total_price": Decimal(total_price),
            "price_per_unit": Decimal(price_per_unit),
        },
        "cost_breakdown": {
            "material_cost": Decimal("40"),
            "labor_cost": Decimal("30"),
            "setup_cost": Decimal("20"),
            "overhead_cost": Decimal("10"),
        },
        "market_data": {
            "material_price_per_kg": Decimal("4.1500"),
            "labor_rate_per_hour": Decimal("65.00"),
            "market_trend": "rising",
        },
        "performance_metrics": {
            "calculation_time_ms": 12.5,
            "cache_hit_rate": 0.75,
            "api_response_time_ms": 40.0,
        },
        "metadata": {"source": "test", "model": {"version": 3, "weights": [Decimal("0.5")]}},
    }


def daily() -> dict[str, Any]:
    """A bucket of the rollup that one calculation is in."""
    return {
        "material": "aluminum_6061",
        "process": "cnc_milling",
        "day": NOON.replace(hour=0),
        "count": 1,
        "total": Decimal(100),
        "unit_total": Decimal(10),
        "min": Decimal(100),
        "max": Decimal(100),
        "first_at": NOON,
        "last_at": NOON,
        "epoch": "a database",
        "position": {"transaction_id": 7, "sequence": 1},
        "version": uuid4(),
    }


def log(
    *,
    id: str | None = None,  # noqa: A002
    timestamp: datetime = NOON,
    level: str = "INFO",
    logger: str = "pricing.engine",
    message: str = "priced",
    calculation_id: UUID | None = None,
    trace_id: str | None = None,
    service_name: str = "pricing",
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "timestamp": timestamp,
        "level": level,
        "logger": logger,
        "message": message,
        "environment": "production",
        "service_name": service_name,
        "context": {"attempt": 1},
    }
    if id is not None:
        document["id"] = id
    if calculation_id is not None:
        document["context"]["calculation_id"] = str(calculation_id)
    if trace_id is not None:
        document |= {"trace_id": trace_id, "span_id": "b7ad6b7169203331"}
    return document


def hex_id(number: int) -> str:
    return f"{number:024x}"
