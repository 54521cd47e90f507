"""Listing pages: reads rows and length only where they are selected, and keeps their failures apart."""

import asyncio
import gc
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from datasources.errors import StoreUnavailableError
from datasources.keyset import Keyset, Order
from datasources.records import Columns
from datasources.scope import Scope
from resolvers.batch import Selection
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.errors import InvalidPageError
from resolvers.limits import Limits
from resolvers.listing import node_columns, pages
from resolvers.paging import Listing, Page, PageArguments
from resolvers.viewer import Viewer

LISTING = Listing("parents.children", Order(("id",)))
NO_STORES: Any = None
CONTEXT = Context(
    viewer=Viewer("1", "Ada", frozenset()),
    scope=Scope(None, float("inf")),
    writing=Scope(None, float("inf")),
    stores=NO_STORES,
    cursors=CursorCodec(b"secret"),
    limits=Limits(),
    now=datetime(2026, 1, 1, tzinfo=UTC),
)
DOWN = StoreUnavailableError("mongodb", "did not answer", 1.0)

Row = Mapping[str, Any]


@dataclass
class Children:
    """Answers for the parents a and b; tells what was asked of it."""

    rows_fail: bool = False
    count_fails: bool = False
    columns: list[Columns] = field(default_factory=list)
    counted: int = 0

    async def read(self, bounds: Keyset, columns: Columns) -> Mapping[str, Sequence[Row]]:
        self.columns.append(columns)
        if self.rows_fail:
            raise DOWN
        return {"a": [{"id": number} for number in range(bounds.limit)]}

    async def count(self) -> Mapping[str, int]:
        self.counted += 1
        if self.count_fails:
            raise DOWN
        return {"a": 7}

    async def pages(self, selection: Selection, arguments: PageArguments) -> Sequence[Page]:
        slots = await pages(
            CONTEXT, LISTING, arguments, selection, ["a", "b"], self.read, self.count
        )
        found = [slot for slot in slots if isinstance(slot, Page)]
        assert len(found) == len(slots)
        return found


def selection_of(*fields: str, edges: Sequence[str] = (), nodes: Sequence[str] = ()) -> Selection:
    edge = Selection(frozenset({"node"}), children={"node": _columns(edges)})
    return Selection(frozenset(fields), children={"edges": edge, "nodes": _columns(nodes)})


def _columns(names: Sequence[str]) -> Selection:
    return Selection(frozenset(names), frozenset(names))


async def test_reads_what_is_selected_through_edges_and_nodes_and_counts_nothing_else() -> None:
    children = Children()

    a, b = await children.pages(
        selection_of("edges", "nodes", edges=["name"], nodes=["price"]), PageArguments(first=2)
    )

    assert children.columns == [frozenset({"name", "price"})]
    assert children.counted == 0
    assert [list(a.nodes), a.has_next_page, a.total_count] == [[{"id": 0}, {"id": 1}], True, None]
    assert [list(b.nodes), b.has_next_page, b.total_count] == [[], False, None]


async def test_counts_without_reading_a_row_when_only_the_length_is_selected() -> None:
    children = Children()

    a, b = await children.pages(selection_of("total_count"), PageArguments())

    assert children.columns == []
    assert [a.total_count, b.total_count] == [7, 0]


async def test_a_length_that_cannot_be_counted_fails_alone() -> None:
    children = Children(count_fails=True)

    a, _ = await children.pages(selection_of("nodes", "total_count"), PageArguments(first=1))

    assert list(a.nodes) == [{"id": 0}]
    assert a.total_count is DOWN


async def test_rows_that_cannot_be_read_fail_the_pages_once_the_count_is_done() -> None:
    children = Children(rows_fail=True)

    with pytest.raises(StoreUnavailableError):
        await children.pages(selection_of("nodes", "total_count"), PageArguments())

    assert children.counted == 1


async def test_a_reader_who_leaves_before_anything_is_asked_leaves_nothing_half_begun() -> None:
    gc.collect()  # what other tests left behind and is forgiven them would be told of below
    children = Children()
    asking = asyncio.ensure_future(
        children.pages(selection_of("nodes", "total_count"), PageArguments())
    )
    asyncio.get_running_loop().call_soon(asking.cancel)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(asyncio.CancelledError):
            await asking
        gc.collect()

    assert (children.columns, children.counted, warned) == ([], 0, [])


@pytest.mark.parametrize("first", [-1, 0, 101])
async def test_an_impossible_page_asks_nothing(first: int) -> None:
    children = Children()

    with pytest.raises(InvalidPageError, match=f"first must be from 1 to 100, not {first}"):
        await children.pages(selection_of("nodes", "total_count"), PageArguments(first=first))

    assert (children.columns, children.counted) == ([], 0)


def test_nothing_selected_reads_no_column() -> None:
    assert node_columns(Selection()) == frozenset()
