"""Scalars: how times and exact numbers travel.

Source: RFC 3339 for times. Answers are in UTC; arguments may stand in any zone but must name it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import strawberry
from graphql import (
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
)
from strawberry.types.scalar import ScalarDefinition

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_MAX_DIGITS = 38
_MAX_EXPONENT = 38
_EXACT_FLOAT_DIGITS = 15  # a double holds every decimal number of so many digits


def _show_time(value: datetime) -> str:
    if value.tzinfo is UTC:  # as what stores return is; orjson takes a quarter of the time
        return orjson.dumps(value, None, orjson.OPT_UTC_Z).decode()[1:-1]
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _show_times(values: list[datetime]) -> list[str]:
    """Written by orjson in one go, which a quote and a comma between two quotes take apart again."""
    if len(values) == 1:
        return [_show_time(values[0])]
    if {value.tzinfo for value in values} != {UTC}:
        return [_show_time(value) for value in values]
    return orjson.dumps(values, option=orjson.OPT_UTC_Z).decode()[2:-2].split('","')


def _read_time(value: object) -> datetime:
    read = _TIME.fullmatch(value) if isinstance(value, str) else None
    if read is None:
        raise _no_time(value)
    day, minute, second, fraction, zone = read.groups("")
    if not zone:
        raise GraphQLError(
            f"The DateTime {_quote(value)} names no zone: append Z for UTC, or an offset like +02:00."
        )
    if second == "60":
        raise GraphQLError(
            f"The DateTime {_quote(value)} lies in a leap second, which is not kept: write second 59 "
            "of that minute or second 00 of the next."
        )
    try:
        # What is finer than a microsecond is cut off.
        moment = datetime.fromisoformat(f"{day}T{minute}{second}{fraction[:7]}{zone.upper()}")
    except ValueError:
        raise _no_time(value) from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise GraphQLError(
            f"The DateTime {_quote(value)} lies outside the years 1 to 9999 of UTC."
        ) from None


def _no_time(value: object) -> GraphQLError:
    return GraphQLError(f"{_quote(value)} is not a DateTime: write it as 2026-01-31T12:00:00Z.")


def _show_decimal(value: Decimal | str) -> str:
    return value if isinstance(value, str) else format(value, "f")


def _show_decimals(values: list[Decimal]) -> list[str]:
    texts = [str(value) for value in values]
    # Very large and very small numbers are written in powers of ten, which answers never are.
    return [format(value, "f") for value in values] if "E" in "".join(texts) else texts


def _read_decimal(value: object) -> Decimal:
    if (
        isinstance(value, float)
        and len(Decimal(repr(value)).as_tuple().digits) > _EXACT_FLOAT_DIGITS
    ):
        raise GraphQLError(
            f"The number {value!r} may have lost digits on its way: "
            f'send a Decimal of more than {_EXACT_FLOAT_DIGITS} digits as a string, like "12.3400".'
        )
    text = str(value)
    if not _NUMBER.fullmatch(text):
        raise GraphQLError(f'{_quote(value)} is not a Decimal: write it as "12.34" or 12.34.')
    number = Decimal(text)
    if len(number.as_tuple().digits) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_EXPONENT:
        raise GraphQLError(f"{_quote(value)} is longer than the {_MAX_DIGITS} digits of a Decimal.")
    return number


def _read_literal(
    read: Callable[[object], Any], *kinds: type[StringValueNode | IntValueNode | FloatValueNode]
) -> Callable[..., Any]:
    """Reads a literal's own text, before it could become a float."""

    def parse(node: ValueNode, variables: object = None) -> Any:
        return read(node.value if isinstance(node, kinds) else print_ast(node))

    return parse


def _quote(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment by RFC 3339. Answers are in UTC, as `2026-01-31T12:00:00Z`; arguments may "
            "stand in any zone, and must name it."
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_show_time,
        parse_value=_read_time,
        parse_literal=_read_literal(_read_time, StringValueNode),
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            'An exact decimal number. Answers are strings, as `"12.3400"`, so that no reader '
            "rounds them; arguments may be strings or numbers."
        ),
        serialize=_show_decimal,
        parse_value=_read_decimal,
        parse_literal=_read_literal(_read_decimal, StringValueNode, IntValueNode, FloatValueNode),
    ),
}

# For whole columns, by the exact type of their values.
FAST_WAYS: Mapping[str, Mapping[type, Callable[[list[Any]], list[Any]]]] = {
    "DateTime": {datetime: _show_times},
    "Decimal": {Decimal: _show_decimals, str: list},
}
