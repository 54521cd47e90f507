"""Cursors: come back as they went, and only to the list and order that made them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.keyset import Position
from resolvers.cursor import CursorCodec
from resolvers.errors import InvalidCursorError

CODEC = CursorCodec(b"a secret of thirty-two good bytes")
LIST = "calculations by created_at,id desc"
WAYS = (CODEC.encode, CODEC.seal)
Way = Callable[[str, Position], str]

values = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.uuids(),
    st.text(),
    st.integers(-(2**63), 2**63 - 1),
)
positions = st.lists(values, min_size=1, max_size=3).map(tuple)


@pytest.mark.parametrize("way", WAYS)
@given(position=positions)
def test_a_cursor_gives_its_position_back(way: Way, position: Position) -> None:
    assert CODEC.decode(LIST, way(LIST, position)) == position


@pytest.mark.parametrize("way", WAYS)
@given(position=positions, data=st.data())
def test_a_cursor_with_any_character_changed_is_refused(
    way: Way, position: Position, data: st.DataObject
) -> None:
    cursor = way(LIST, position)
    index = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cursor[index]))
    with pytest.raises(InvalidCursorError):
        CODEC.decode(LIST, cursor[:index] + other + cursor[index + 1 :])


@pytest.mark.parametrize("way", WAYS)
@given(position=positions, data=st.data())
def test_a_cursor_with_a_character_more_or_less_is_refused(
    way: Way, position: Position, data: st.DataObject
) -> None:
    cursor = way(LIST, position)
    index = data.draw(st.integers(0, len(cursor)))
    longer = cursor[:index] + data.draw(st.characters()) + cursor[index:]
    for changed in (longer, cursor[:index] + cursor[index + 1 :]):
        if changed != cursor:
            with pytest.raises(InvalidCursorError):
                CODEC.decode(LIST, changed)


@given(text=st.text())
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError, match="not a cursor of this gateway"):
        CODEC.decode(LIST, text)


@given(raw=st.binary(max_size=80), version=st.sampled_from([b"\x01", b"\x02"]))
def test_well_formed_garbage_is_refused(raw: bytes, version: bytes) -> None:
    with pytest.raises(InvalidCursorError):
        CODEC.decode(LIST, urlsafe_b64encode(version + raw).rstrip(b"=").decode())


@pytest.mark.parametrize("way", WAYS)
def test_a_cursor_of_another_list_is_refused_by_name(way: Way) -> None:
    cursor = way("customers by created_at,id desc", (1,))
    with pytest.raises(InvalidCursorError, match="another list or another order"):
        CODEC.decode(LIST, cursor)


def test_a_cursor_of_another_secret_is_refused() -> None:
    other = CursorCodec(b"another secret")
    for cursor in (other.encode(LIST, (1,)), other.seal(LIST, (1,))):
        with pytest.raises(InvalidCursorError):
            CODEC.decode(LIST, cursor)


@given(number=st.integers(0, 2**63 - 1))
def test_a_sealed_cursor_shows_nothing_of_its_position(number: int) -> None:
    cursor = CODEC.seal(LIST, ("epoch", number))
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    seal_bytes, padded_bytes = 16, (32, 64)

    assert cursor == CODEC.seal(LIST, ("epoch", number))
    assert len(raw) - 5 - seal_bytes in padded_bytes
    assert b"epoch" not in raw
    assert b'["i",' not in raw  # three bytes may well stand in a seal by chance, five do not


def test_subclasses_that_drivers_hand_out_are_values_of_their_kind() -> None:
    class DriverUUID(UUID):
        pass

    key = DriverUUID("7d3f0f66-6a3a-4d0e-9a3c-0b6a5b1f2c3d")
    assert CODEC.decode(LIST, CODEC.encode(LIST, (key,))) == (UUID(str(key)),)


def test_the_exactness_of_numbers_and_times_survives() -> None:
    position = (Decimal("12.3400"), datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC))
    decoded = CODEC.decode(LIST, CODEC.encode(LIST, position))
    assert [str(value) for value in decoded] == ["12.3400", "2026-01-31 12:00:00.123456+00:00"]


def test_a_value_that_no_cursor_can_hold_is_named() -> None:
    with pytest.raises(TypeError, match="No cursor can hold a list"):
        CODEC.encode(LIST, ([],))
