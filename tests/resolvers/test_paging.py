"""Paging: pages tile a list without a gap or an overlap, forwards and backwards, whatever their sizes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.keyset import Keyset, Order
from resolvers.cursor import CursorCodec
from resolvers.errors import InvalidPageError
from resolvers.limits import Limits
from resolvers.paging import Listing, Page, PageArguments, Record, keyset, page

CODEC = CursorCodec(b"a secret")
LIMITS = Limits(default_page_size=3, max_page_size=7)

numbers = st.integers(-(2**63), 2**63 - 1)  # what a cursor can hold
lists = st.lists(st.tuples(st.integers(0, 5), numbers), unique_by=lambda row: row[1])
sizes = st.integers(1, LIMITS.max_page_size)


def read(rows: Sequence[tuple[int, int]], bounds: Keyset) -> list[Record]:
    """What a store would answer: the rows within the bounds, in the order of the walk."""
    inside = [
        row
        for row in sorted(rows, reverse=bounds.walk_descending)
        if all(
            row < position if operator == "<" else row > position
            for operator, position in bounds.bounds()
        )
    ]
    return [{"price": price, "id": key} for price, key in inside[: bounds.limit]]


def ask(rows: Sequence[tuple[int, int]], descending: bool, arguments: PageArguments) -> Page:
    listing = Listing("rows", Order(("price", "id"), descending))
    bounds = keyset(listing, arguments, CODEC, LIMITS)
    return page(listing, read(rows, bounds), bounds, CODEC)


def keys(found: Page) -> list[tuple[int, int]]:
    return [(node["price"], node["id"]) for node in found.nodes]


@given(rows=lists, descending=st.booleans(), size=sizes)
def test_walking_forwards_tiles_the_list(
    rows: list[tuple[int, int]], descending: bool, size: int
) -> None:
    walked: list[tuple[int, int]] = []
    after: str | None = None
    while True:
        found = ask(rows, descending, PageArguments(first=size, after=after))
        assert found.has_previous_page is (after is not None)
        walked += keys(found)
        if not found.has_next_page:
            break
        assert len(found.edges) == size
        after = found.page_info.end_cursor
    assert walked == sorted(rows, reverse=descending)


@given(rows=lists, descending=st.booleans(), size=sizes)
def test_walking_backwards_tiles_the_list(
    rows: list[tuple[int, int]], descending: bool, size: int
) -> None:
    walked: list[tuple[int, int]] = []
    before: str | None = None
    while True:
        found = ask(rows, descending, PageArguments(last=size, before=before))
        assert found.has_next_page is (before is not None)
        walked = keys(found) + walked
        if not found.has_previous_page:
            break
        assert len(found.edges) == size
        before = found.page_info.start_cursor
    assert walked == sorted(rows, reverse=descending)


@given(rows=lists.filter(len), descending=st.booleans(), size=sizes, data=st.data())
def test_both_cursors_bound_the_page(
    rows: list[tuple[int, int]], descending: bool, size: int, data: st.DataObject
) -> None:
    listing = Listing("rows", Order(("price", "id"), descending))
    ordered = sorted(rows, reverse=descending)
    low = data.draw(st.integers(0, len(ordered) - 1))
    high = data.draw(st.integers(low, len(ordered) - 1))
    after, before = (CODEC.encode(listing.cursor_name, ordered[at]) for at in (low, high))
    inside = ordered[low + 1 : high]

    forwards = ask(rows, descending, PageArguments(first=size, after=after, before=before))
    backwards = ask(rows, descending, PageArguments(last=size, after=after, before=before))

    assert keys(forwards) == inside[:size]
    assert forwards.has_next_page is (len(inside) > size)
    assert keys(backwards) == inside[max(0, len(inside) - size) :]
    assert backwards.has_previous_page is (len(inside) > size)


def test_an_empty_page_has_no_cursors() -> None:
    found = ask([], False, PageArguments())
    assert found.page_info == (False, False, None, None)
    assert found.total_count is None


def test_without_a_size_the_default_holds() -> None:
    found = ask([(1, key) for key in range(10)], False, PageArguments())
    assert len(found.edges) == LIMITS.default_page_size


@pytest.mark.parametrize("size", [0, -1, 8, 2**31 - 1])
@pytest.mark.parametrize("name", ["first", "last"])
def test_a_size_out_of_range_is_refused_with_the_range(name: str, size: int) -> None:
    arguments = PageArguments(first=size) if name == "first" else PageArguments(last=size)
    with pytest.raises(InvalidPageError) as caught:
        ask([], False, arguments)
    assert str(caught.value) == f"{name} must be from 1 to 7, not {size}."
    assert caught.value.details == {"argument": name, "value": size, "minimum": 1, "maximum": 7}


def test_first_and_last_together_are_refused() -> None:
    with pytest.raises(InvalidPageError, match="first or last, not both"):
        ask([], False, PageArguments(first=1, last=1))
