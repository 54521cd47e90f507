"""Folding: text that a store wrote goes through as it is, its holes filled by the fields they belong to."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from gateway.engine.column import Column
from gateway.engine.engine import Engine
from gateway.engine.folding import FoldedColumn, HoleRows
from gateway.engine.rows import Rows
from gateway.engine.run import Run
from gateway.engine.tree import SelectedField
from tests.engine.small import batch, run, schema_of, told

TEXT = """
type Query { items: [Item!] }
type Item { id: Int pages: [Page!] }
type Page { number: Int! author: Author must: Author! }
type Author { name: String! }
"""
ASKED = "{ items { id pages { number author { name } } } }"
MUST = "{ items { id pages { number must { name } } } }"
ROOT = {"items": [{"id": 1}, {"id": 2}, {"id": 1}, {"id": None}, {"id": 3}]}


@dataclass
class Text:
    """Three pages for each item, the second of author 10 + its id and the others of author 10."""

    key: int
    hole: str
    counts: Mapping[tuple[str, ...], int] = field(default_factory=lambda: {(): 3})

    @property
    def parts(self) -> Sequence[bytes | None]:
        hole = self.hole.encode()
        return (
            b'[{"number":1,"%b":' % hole,
            None,
            b'},{"number":2,"%b":' % hole,
            None,
            b'},{"number":3,"%b":' % hole,
            None,
            b"}]",
        )

    @property
    def holes(self) -> Sequence[tuple[int, Any]]:
        return ((0, 10), (0, 10 + self.key))

    @property
    def marks(self) -> Sequence[int]:
        return (0, 1, 0)

    def path_of(self, number: int) -> tuple[str | int, ...]:
        return (number, self.hole)


@dataclass
class Plan:
    use: SelectedField
    slot: Callable[[int, str], Any]
    asked: list[list[int]]

    @property
    def holes(self) -> tuple[SelectedField, ...]:
        return (self.use.fields[1],)

    async def fetch(self, context: Any, keys: Sequence[int], arguments_of: Any) -> Any:
        self.asked.append(list(keys))
        slots = [self.slot(key, self.use.fields[1].name) for key in keys]
        return None if None in slots else slots


async def pages(context: Any, keys: Sequence[int], selection: Any) -> list[Any]:
    """The same on the other road."""
    authors = [(10, 10 + key, 10) for key in keys]
    return [[{"number": at, "key": key} for at, key in enumerate(each, 1)] for each in authors]


class World:
    def __init__(self, authors: Any, slot: Any = Text) -> None:
        self.fetched: list[list[int]] = []
        self.keys: list[list[int]] = []

        async def find(context: Any, keys: Sequence[int], selection: Any) -> Any:
            self.keys.append(list(keys))
            return authors(keys)

        bound = batch(pages, "id", fold=lambda use: Plan(use, slot, self.fetched))
        author = batch(find, "key")
        self.schema = schema_of(TEXT, Item_pages=bound, Page_author=author, Page_must=author)

    async def ask(self, text: str, *, folds: bool) -> Any:
        outcome = await run(self.schema, text, ROOT, engine=Engine(folds=folds))
        return replace(outcome, data=orjson.loads(orjson.dumps(outcome.data)))


def named(keys: Sequence[int]) -> list[Any]:
    return [{"name": f"author {key}"} for key in keys]


async def test_holes_of_all_texts_are_asked_for_once() -> None:
    world = World(named)
    folded = await world.ask(ASKED, folds=True)
    assert world.fetched == [[1, 2, 3]]
    assert world.keys == [[10, 11, 12, 13]]
    unfolded = await world.ask(ASKED, folds=False)
    assert world.fetched == [[1, 2, 3]]
    assert folded.data == unfolded.data
    assert folded.is_folded
    assert not unfolded.is_folded
    way = ("items", "pages")
    assert folded.counts == {("items",): 5, way: 12, (*way, "author"): 12}
    assert unfolded.counts == folded.counts


@pytest.mark.parametrize("text", [ASKED, MUST])
@pytest.mark.parametrize(
    "authors",
    [
        lambda keys: [LookupError(f"{key}") if key == 10 else {"name": "a"} for key in keys],
        lambda keys: [{"name": None} if key == 11 else {"name": "a"} for key in keys],
        lambda keys: [None if key == 13 else {"name": "a"} for key in keys],
    ],
)
async def test_errors_in_holes_have_their_paths(text: str, authors: Any) -> None:
    """Where the schema allows null in the hole, both roads agree; where not, the whole text is null."""
    folded = await World(authors).ask(text, folds=True)
    unfolded = await World(authors).ask(text, folds=False)
    assert folded.data == unfolded.data
    assert sorted(told(folded)) == sorted(told(unfolded))
    assert (folded.counts is None) is bool(folded.errors)


@pytest.mark.parametrize("folds", [True, False])
async def test_a_run_leaves_nothing_to_the_garbage_collector(folds: bool) -> None:
    """Texts are long, and it comes only after many thousand objects."""
    world = World(named)
    gc.collect()
    gc.disable()
    try:
        await world.ask(ASKED, folds=folds)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = {type(each) for each in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left & {Run, Rows, HoleRows, Column, FoldedColumn, Text} == set()


async def test_a_text_may_fail_or_stay_away() -> None:
    world = World(named, lambda key, hole: LookupError("no text") if key == 2 else Text(key, hole))
    outcome = await world.ask(ASKED, folds=True)
    assert told(outcome) == [("no text", ("items", 1, "pages"))]
    assert outcome.data["items"][1] == {"id": 2, "pages": None}
    assert outcome.data["items"][0]["pages"][1] == {"number": 2, "author": {"name": "author 11"}}


async def test_what_cannot_be_written_this_once_runs_unfolded() -> None:
    world = World(named, lambda key, hole: None)
    outcome = await world.ask(ASKED, folds=True)
    assert not outcome.is_folded
    assert outcome.data == (await World(named).ask(ASKED, folds=False)).data
