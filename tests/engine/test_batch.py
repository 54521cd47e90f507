"""Batch functions: asked once for each key, and believed only where they answer as they should."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.engine import call
from tests.engine.small import batch, run, schema_of, told

TEXT = """
type Query { items: [Item!] }
type Item { id: Int! name: String other: Other plain: String! }
type Other { id: Int! name: String }
"""
ITEMS = {"items": [{"id": 1}, {"id": 2}, {"id": 1}, {"id": None}]}


class Names:
    """A batch function that remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[list[Any]] = []

    async def __call__(
        self, context: Any, keys: Sequence[Any], selection: Any, **given: Any
    ) -> Any:
        self.asked.append(list(keys))
        return self.answer(keys)


def names(keys: Sequence[Any]) -> list[str]:
    return [f"name of {key}" for key in keys]


async def test_each_key_is_asked_for_once_and_null_never() -> None:
    function = Names(names)
    schema = schema_of(TEXT, Item_name=batch(function, "id"))
    outcome = await run(schema, "{ items { name } }", ITEMS)
    assert function.asked == [[1, 2]]
    shown = [item["name"] for item in (outcome.data or {})["items"]]
    assert shown == ["name of 1", "name of 2", "name of 1", None]
    assert outcome.errors == []


async def test_uses_that_ask_the_same_share_a_call() -> None:
    function = Names(names)
    schema = schema_of(TEXT, Item_name=batch(function, "id"), Other_name=batch(function, "id"))
    root = {"items": [{"id": 1, "other": {"id": 2}}, {"id": 3, "other": {"id": 1}}]}
    outcome = await run(schema, "{ items { a: name b: name other { name } } }", root)
    assert function.asked == [[1, 3, 2]]
    assert (outcome.data or {})["items"][1] == {
        "a": "name of 3",
        "b": "name of 3",
        "other": {"name": "name of 1"},
    }


async def test_keys_without_a_hash_are_asked_for_as_they_are() -> None:
    function = Names(lambda keys: [str(key["x"]) for key in keys])
    schema = schema_of(TEXT, Item_name=batch(function, "id"))
    root = {"items": [{"id": {"x": 1}}, {"id": {"x": 1}}]}
    outcome = await run(schema, "{ items { name } }", root)
    assert function.asked == [[{"x": 1}, {"x": 1}]]
    assert outcome.data == {"items": [{"name": "1"}, {"name": "1"}]}


async def test_more_keys_than_one_call_takes_are_asked_for_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call, "MOST_KEYS", 2)
    function = Names(names)
    schema = schema_of(TEXT, Item_name=batch(function, "id"))
    root = {"items": [{"id": number} for number in range(5)]}
    outcome = await run(schema, "{ items { name } }", root)
    assert function.asked == [[0, 1], [2, 3], [4]]
    assert (outcome.data or {})["items"][4] == {"name": "name of 4"}


def fail(keys: Sequence[Any]) -> list[Any]:
    raise LookupError("gone")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (fail, "gone"),
        (lambda keys: [LookupError("gone") for _ in keys], "gone"),
        (lambda keys: ["one"], "Names answered 2 keys with 1 slots"),
        (lambda keys: [], "Names answered 2 keys with 0 slots"),
        (lambda keys: ["one", "two", "three"], "Names answered 2 keys with 3 slots"),
        (lambda keys: None, "'NoneType' object is not iterable"),
    ],
)
async def test_what_goes_wrong_is_the_error_of_each(answer: Any, message: str) -> None:
    function = Names(answer)
    Names.__qualname__ = "Names"
    function.__qualname__ = "Names"  # type: ignore[attr-defined]
    schema = schema_of(TEXT, Item_name=batch(function, "id"))
    outcome = await run(schema, "{ items { name plain } }", {"items": _items(3)})
    assert told(outcome) == [(message, ("items", place, "name")) for place in range(3)]
    assert outcome.data == {"items": [{"name": None, "plain": "text"}] * 3}


def _items(count: int) -> list[dict[str, Any]]:
    return [{"id": number % 2, "plain": "text"} for number in range(count)]


async def test_a_store_that_dies_between_two_levels_takes_its_own_fields_alone() -> None:
    others = Names(lambda keys: [{"id": key} for key in keys])
    schema = schema_of(TEXT, Item_other=batch(others, "id"), Other_name=batch(Names(fail), "id"))
    outcome = await run(schema, "{ items { plain other { id name } } }", {"items": _items(2)})
    assert outcome.data == {
        "items": [{"plain": "text", "other": {"id": number, "name": None}} for number in range(2)]
    }
    assert told(outcome) == [("gone", ("items", place, "other", "name")) for place in range(2)]


async def test_one_that_cancels_itself_fails_alone() -> None:
    async def give_up(context: Any, keys: Any, selection: Any) -> Any:
        raise asyncio.CancelledError

    schema = schema_of(TEXT, Item_name=batch(give_up, "id"))
    outcome = await run(schema, "{ items { name plain } }", {"items": _items(1)})
    assert outcome.data == {"items": [{"name": None, "plain": "text"}]}
    assert len(outcome.errors) == 1


async def test_steps_of_one_level_run_side_by_side() -> None:
    started: list[str] = []
    both = asyncio.Event()

    async def meet(context: Any, keys: Sequence[Any], selection: Any) -> list[Any]:
        started.append("one")
        if len(started) == 2:
            both.set()
        await both.wait()
        return [{"id": 1, "name": "met"} for _ in keys]

    async def meet_too(context: Any, keys: Sequence[Any], selection: Any) -> list[Any]:
        return [each["name"] for each in await meet(context, keys, selection)]

    schema = schema_of(TEXT, Item_other=batch(meet, "id"), Item_name=batch(meet_too, "id"))
    async with asyncio.timeout(5):
        outcome = await run(schema, "{ items { name other { name } } }", {"items": _items(1)})
    assert outcome.data == {"items": [{"name": "met", "other": {"name": "met"}}]}
