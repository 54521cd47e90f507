"""Cancellation: at whichever await it comes, nothing that the run began outlives it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.engine.small import batch, run, schema_of

TEXT = """
type Query { items: [Item!] slow: String also: [Named] }
type Item { id: Int! name: String other: Item later: String }
interface Named { name: String }
type One implements Named { name: String }
"""
ASKED = "{ items { name other { name later } later } slow also { name } }"


def graph() -> Any:
    async def names(context: Any, keys: Sequence[Any], selection: Any) -> list[str]:
        for _ in range(3):
            await asyncio.sleep(0)
        return [str(key) for key in keys]

    async def others(context: Any, keys: Sequence[Any], selection: Any) -> list[Any]:
        slots = await asyncio.gather(*(names(context, [key], None) for key in keys))
        return [{"id": int(slot[0])} for slot in slots]

    async def later(source: Any, info: Any) -> str:
        await asyncio.sleep(0)
        return "late"

    async def kind_of(value: Any, info: Any, abstract: Any) -> str:
        await asyncio.sleep(0)
        return "One"

    schema: Any = schema_of(TEXT, Item_name=batch(names, "id"), Item_other=batch(others, "id"))
    schema.type_map["Item"].fields["later"].resolve = later
    schema.type_map["Query"].fields["slow"].resolve = later
    schema.type_map["Named"].resolve_type = kind_of
    return schema


ROOT = {"items": [{"id": 1}, {"id": 2}, {"id": 3}], "also": [{"name": "a"}, {"name": "b"}]}


async def test_cancelled_at_every_await_nothing_is_left() -> None:
    schema = graph()
    turns = 0
    while True:
        task = asyncio.create_task(run(schema, ASKED, ROOT))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert others() == set()
        turns += 1
    assert turns > 8
    assert (await task).errors == []


async def test_one_that_never_returns_ends_with_the_deadline() -> None:
    async def never(context: Any, keys: Any, selection: Any) -> Any:
        await asyncio.Event().wait()

    schema = schema_of(TEXT, Item_name=batch(never, "id"), Item_other=batch(never, "id"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await run(schema, "{ items { name other { id } } }", ROOT)
    assert others() == set()


def others() -> set[asyncio.Task[Any]]:
    """The tasks that are not pytest's own."""
    return {each for each in asyncio.all_tasks() if any(name in repr(each) for name in _OURS)}


_OURS = ("Question.ask", "await_values", "_awaited", "graph.<locals>", "Run.")
