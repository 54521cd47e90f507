"""Scalars: times name their zone, numbers stay exact, and what is neither is refused in words."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, parse, parse_const_value, validate
from hypothesis import given
from hypothesis import strategies as st

from schema import build_schema

GRAPH = build_schema().core


def scalar(name: str) -> GraphQLScalarType:
    found = GRAPH.type_map[name]
    assert isinstance(found, GraphQLScalarType)
    return found


TIME, NUMBER = scalar("DateTime"), scalar("Decimal")


def literal(kind: GraphQLScalarType, text: str) -> Any:
    return kind.parse_literal(parse_const_value(text))


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back(moment: datetime) -> None:
    shown = TIME.coerce_output_value(moment)
    assert shown.endswith("Z")
    assert TIME.coerce_input_value(shown) == moment


def test_a_time_in_another_zone_becomes_utc() -> None:
    read = TIME.coerce_input_value("2026-01-31T14:00:00+02:00")
    assert (read, read.tzinfo) == (datetime(2026, 1, 31, 12, tzinfo=UTC), UTC)
    assert literal(TIME, '"2026-01-31T12:00:00Z"') == read


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00", "2026-01-31t12:00:00.5"])
def test_a_time_without_a_zone_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(GraphQLError, match="names no zone: append Z for UTC"):
        TIME.coerce_input_value(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-13-01T00:00:00Z",
        5,
        None,
        True,
        [],
        "\0",
        "2026-01-31",
        "2026-W05-6T12:00:00Z",
        "20260131T120000Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-01-31T12Z",
        "2026-01-31T12:00:00+02",
        "2026-01-31T12:00:00+0200",
        "2026-01-31T12:00:00+02:00:30",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00,5Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T24:00:00Z",
        "2026-02-29T12:00:00Z",
        "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:00Z\n",
        "٢٠٢٦-01-31T12:00:00Z",
        "12026-01-31T12:00:00Z",
    ],
)
def test_what_is_no_time_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(GraphQLError, match="write it as 2026-01-31T12:00:00Z"):
        TIME.coerce_input_value(value)


@given(
    moment=st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
    digits=st.integers(0, 9),
    offset_minutes=st.integers(-1439, 1439),
    letter=st.sampled_from("Tt"),
    zulu=st.sampled_from(["Z", "z", None]),
)
def test_every_time_of_rfc_3339_is_read(
    moment: datetime, digits: int, offset_minutes: int, letter: str, zulu: str | None
) -> None:
    fraction = f".{moment.microsecond:06}000"[: digits + 1] if digits else ""
    sign, (hours, minutes) = "-" if offset_minutes < 0 else "+", divmod(abs(offset_minutes), 60)
    text = f"{moment.replace(microsecond=0).isoformat().replace('T', letter)}{fraction}"
    offset = timedelta(minutes=0 if zulu else offset_minutes)

    read = TIME.coerce_input_value(f"{text}{zulu or f'{sign}{hours:02}:{minutes:02}'}")

    kept = int(f"{fraction[1:]:0<6}"[:6])
    assert read == moment.replace(microsecond=kept, tzinfo=timezone(offset))
    assert read.tzinfo is UTC


@given(
    text=st.one_of(
        st.text("0123456789-:TWZ+. tz,", max_size=32),
        st.from_regex(r"[0-9]{4}-?(W[0-9]{2}-?[1-7]|[0-9]{3}|[0-9]{2}-?[0-9]{2})[T ]?[0-9:]*Z?"),
    )
)
def test_what_is_read_is_written_as_rfc_3339_says(text: str) -> None:
    grammar = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
    try:
        TIME.coerce_input_value(text)
    except GraphQLError:
        return
    assert grammar.fullmatch(text)


def test_a_leap_second_is_refused_with_the_cure() -> None:
    with pytest.raises(GraphQLError, match=r"leap second.*write second 59"):
        TIME.coerce_input_value("2016-12-31T23:59:60Z")


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(GraphQLError, match="outside the years 1 to 9999"):
        TIME.coerce_input_value("0001-01-01T00:00:00+14:00")


@given(
    number=st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20
    )
)
def test_a_number_sent_as_a_string_comes_back_exactly(number: Decimal) -> None:
    shown = NUMBER.coerce_output_value(number)
    read = NUMBER.coerce_input_value(shown)
    assert (read, str(read)) == (number, shown)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.3400", "12.3400"),
        (12, "12"),
        (0.1, "0.1"),
        (1e3, "1000.0"),
        ("1e3", "1E+3"),
        ("-0", "-0"),
    ],
)
def test_a_number_may_be_a_string_or_a_number(value: object, expected: str) -> None:
    assert str(NUMBER.coerce_input_value(value)) == expected


@pytest.mark.parametrize(
    "text", ["0.1234567890123456789", '"0.1234567890123456789"', "12345678901234567890"]
)
def test_a_literal_number_keeps_every_digit(text: str) -> None:
    assert str(literal(NUMBER, text)) == text.strip('"')


def test_a_float_that_may_have_lost_digits_is_refused() -> None:
    with pytest.raises(GraphQLError, match="may have lost digits on its way"):
        NUMBER.coerce_input_value(0.1234567890123456)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1,5",
        "NaN",
        "Infinity",
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        " 1",
        "1_0",
        "٣",
        "0x1",
    ],
)
def test_what_is_no_number_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(GraphQLError, match=r'write it as "12\.34" or 12\.34'):
        NUMBER.coerce_input_value(value)


@pytest.mark.parametrize("value", ["1e400", "1e-400", "9" * 39, 10**40])
def test_a_number_too_long_to_store_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="longer than the 38 digits"):
        NUMBER.coerce_input_value(value)


def test_a_literal_of_another_kind_is_refused() -> None:
    for kind in (TIME, NUMBER):
        with pytest.raises(GraphQLError):
            literal(kind, "{ a: 1 }")


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ('{ created: { from: "2026-01-31T12:00:00" } }', "names no zone: append Z for UTC"),
        ("{ dimensions: { lengthMm: { min: NaN } } }", "is not a Decimal: write it as"),
        ('{ dimensions: { lengthMm: { min: "1e99" } } }', "longer than the 38 digits of a Decimal"),
    ],
)
def test_a_document_is_refused_in_the_same_words(value: str, advice: str) -> None:
    document = parse(f"{{ calculations(filter: {value}) {{ totalCount }} }}")
    (error,) = validate(GRAPH, document)
    assert advice in error.message
