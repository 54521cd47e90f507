"""Collections: the shape of each collection, its validator and its indexes, as data.

The migrations apply these shapes. The server refuses a document that breaks a validator.
"""

from dataclasses import dataclass
from typing import Any

from datasources.records import LogLevel

PRICING_ANALYTICS = "pricing_analytics"
PRICING_TRENDS_DAILY = "pricing_trends_daily"
APPLICATION_LOGS = "application_logs"

# Characters. A search for any text up to this length compiles to a regular expression that the server
# takes (at most 32,764 bytes where a character needs four); a longer text is in no message.
MESSAGE_MAX_LENGTH = 8_000

# The indexes that reads name: a plan that was cached for one range of values must not serve another.
MATERIAL_INDEX = "material_timestamp"
CUSTOMER_INDEX = "customer_id_timestamp"
TTL_INDEX = "timestamp_ttl"
TIME_INDEX = "timestamp_id"
LEVEL_INDEX = "level_timestamp_id"
TRACE_INDEX = "trace_id_timestamp_id"
CALCULATION_INDEX = "calculation_id_timestamp_id"
DAILY_INDEX = "material_day_process"

# How long the place of a document that never came is kept; far longer than one takes to come.
_PLACE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Index:
    """``keys`` with 1 for ascending; ``expires`` marks the index whose setting deletes old documents.

    ``expire_seconds`` deletes documents that long after the time they hold, whatever the settings;
    such an index knows only of documents that hold one.
    """

    name: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    expires: bool = False
    expire_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    validator: dict[str, Any]
    indexes: tuple[Index, ...]


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    """All properties are required unless ``required`` names some; others may be there too."""
    names = list(properties) if required is None else list(required)
    return {"bsonType": "object", "required": names, "properties": properties}


_STRING = {"bsonType": "string"}
_DATE = {"bsonType": "date"}
_UUID = {"bsonType": "binData"}
_WHOLE = {"bsonType": ["int", "long"], "minimum": 0}
_MONEY = {"bsonType": "decimal"}
_NUMBER = {"bsonType": ["int", "long", "double", "decimal"]}
_MILLIMETRES = {"bsonType": ["int", "long", "double", "decimal", "string"]}
_OPTIONAL_STRING = {"bsonType": ["string", "null"]}
_OPTIONAL_MONEY = {"bsonType": ["decimal", "null"]}
_OPTIONAL_DATE = {"bsonType": ["date", "null"]}

_DOCUMENT = _object(
    {
        "calculation_id": _UUID,
        "customer_id": _UUID,
        "timestamp": _DATE,
        "pricing_data": _object(
            {
                "material": _STRING,
                "quantity": {"bsonType": ["int", "long"], "minimum": 1},
                "dimensions": _object(
                    dict.fromkeys(("length_mm", "width_mm", "height_mm"), _MILLIMETRES)
                ),
                "geometric_complexity_score": _NUMBER,
                "process": _STRING,
                "total_price": _MONEY,
                "price_per_unit": _MONEY,
            }
        ),
        "cost_breakdown": _object(
            dict.fromkeys(("material_cost", "labor_cost", "setup_cost", "overhead_cost"), _MONEY)
        ),
        "market_data": _object(
            {
                "material_price_per_kg": _MONEY,
                "labor_rate_per_hour": _MONEY,
                "market_trend": {"enum": ["rising", "stable", "falling"]},
            }
        ),
        "performance_metrics": _object(
            dict.fromkeys(
                ("calculation_time_ms", "cache_hit_rate", "api_response_time_ms"), _NUMBER
            )
        ),
        "metadata": {"bsonType": "object"},
    }
)
# Where a document is about to come: docs/decisions/0016-projections.md says why.
_PLACE = _object({"_id": {}, "calculation_id": _UUID, "customer_id": _UUID, "placed_at": _DATE}) | {
    "additionalProperties": False
}

ANALYTICS = Collection(
    name=PRICING_ANALYTICS,
    validator={"$jsonSchema": {"anyOf": [_DOCUMENT, _PLACE]}},
    indexes=(
        Index("calculation_id", (("calculation_id", 1),), unique=True),
        Index(CUSTOMER_INDEX, (("customer_id", 1), ("timestamp", 1))),
        Index(MATERIAL_INDEX, (("pricing_data.material", 1), ("timestamp", 1))),
        Index("timestamp", (("timestamp", 1),)),
        Index("placed_at", (("placed_at", 1),), expire_seconds=_PLACE_SECONDS),
    ),
)

DAILY_TRENDS = Collection(
    name=PRICING_TRENDS_DAILY,
    validator={
        "$jsonSchema": _object(
            {
                "material": _STRING,
                "process": _STRING,
                "day": _DATE,
                "count": _WHOLE,
                "total": _MONEY,
                "unit_total": _MONEY,
                "min": _OPTIONAL_MONEY,
                "max": _OPTIONAL_MONEY,
                "first_at": _OPTIONAL_DATE,
                "last_at": _OPTIONAL_DATE,
                "epoch": _STRING,
                "position": _object(dict.fromkeys(("transaction_id", "sequence"), _WHOLE)),
                "version": _UUID,
            }
        )
    },
    indexes=(
        Index(DAILY_INDEX, (("material", 1), ("day", 1), ("process", 1)), unique=True),
        Index("day", (("day", 1),)),
    ),
)

LOGS = Collection(
    name=APPLICATION_LOGS,
    validator={
        "$jsonSchema": _object(
            {
                "timestamp": _DATE,
                "level": {"enum": [level.value for level in LogLevel]},
                "logger": _STRING,
                "message": {"bsonType": "string", "maxLength": MESSAGE_MAX_LENGTH},
                "environment": _STRING,
                "service_name": _STRING,
                "context": {
                    "bsonType": "object",
                    "properties": {"calculation_id": {"bsonType": "string"}},
                },
                "trace_id": _OPTIONAL_STRING,
                "span_id": _OPTIONAL_STRING,
            },
            required=("timestamp", "level", "logger", "message", "environment", "service_name"),
        )
    },
    # Each list of log lines runs by (timestamp, _id), so every index but the first ends with both.
    indexes=(
        Index(TTL_INDEX, (("timestamp", 1),), expires=True),
        Index(TIME_INDEX, (("timestamp", 1), ("_id", 1))),
        Index(LEVEL_INDEX, (("level", 1), ("timestamp", 1), ("_id", 1))),
        Index(TRACE_INDEX, (("trace_id", 1), ("timestamp", 1), ("_id", 1))),
        Index(
            CALCULATION_INDEX,
            (("context.calculation_id", 1), ("timestamp", 1), ("_id", 1)),
        ),
    ),
)

COLLECTIONS = (ANALYTICS, LOGS, DAILY_TRENDS)
