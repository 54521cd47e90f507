"""Point: one object by the key that a variable gives, whatever the variable is and whatever is found."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute,
    parse,
)

from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from tests.engine.small import batch, column, schema_of, told

TEXT = """
type Query {
  item(id: ID!): Item sure(id: ID!): Item! numbered(id: Int!): Item scaled(id: ID!, by: Float = 2): Item
}
type Item { id: ID! name: String! size: Float }
"""
ROWS: dict[Any, Any] = {
    "1": {"id": "1", "name": "one", "size": 1.5},
    "2": {"id": "2", "name": None, "size": 2.0},
    "3": {"id": "3", "name": "three", "size": float("nan")},
    "4": ValueError("The item 4 is lost"),
    7: {"id": 7, "name": "seven", "size": None},
}
KEYS: list[Any] = ["1", "2", "3", "4", "5", "", 1, 7, True, 1.5, None, ["1"], {}]
GIVEN: list[dict[str, Any]] = [
    *({"id": key} for key in KEYS),
    {},
    {"id": "1", "other": 2},
    {"ID": "1"},
]
ITEM = "query ($id: ID!) { item(id: $id) { id name size __typename } }"
# And whether nothing but the variable decides what is fetched.
ASKED = {
    ITEM: True,
    "query ($id: ID!) { sure(id: $id) { name } }": True,
    "query ($id: ID! = 4) { item(id: $id) { name } }": True,
    "query ($id: ID = 1) { item(id: $id) { name } }": True,
    "query ($id: Int!) { numbered(id: $id) { name } }": False,
    "query ($id: ID!, $more: Boolean = true) { item(id: $id) { id name @include(if: $more) } }": False,
    'query ($id: ID!) { item(id: "1") { id again: id } }': False,
    "query ($id: ID!) { scaled(id: $id) { size } }": False,
    "query ($id: ID!) { __typename item(id: $id) { name } kind: __typename }": False,
    "query ($id: ID!) { item(id: $id) @skip(if: true) { id } }": False,
}
LEAVES = {f"Item_{name}": column(name) for name in ("id", "name", "size")}


class Items:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[list[Any]] = []

    async def __call__(
        self, context: Any, keys: Sequence[Any], selection: Any, by: float = 1
    ) -> list[Any]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        return [scaled(ROWS.get(key), by) for key in keys]


def resolve(
    root: object,
    info: GraphQLResolveInfo[Any],
    id: Any,  # noqa: A002 - its name
    by: float = 1,
) -> Any:
    found = scaled(ROWS.get(id), by)
    if isinstance(found, Exception):
        raise found
    return found


def scaled(found: Any, by: float) -> Any:
    if not isinstance(found, dict) or found["size"] is None:
        return found
    return {**found, "size": found["size"] * by}


@pytest.mark.parametrize(("text", "keyed"), ASKED.items())
async def test_whatever_the_variables_are_the_answer_is_that_of_graphql_core(
    text: str, keyed: bool
) -> None:
    items = Items()
    source = batch(items, argument="id")
    names = ("item", "sure", "numbered", "scaled")
    schema = schema_of(TEXT, **{f"Query_{name}": source for name in names}, **LEAVES)
    plain, document = schema_of(TEXT), parse(text)
    assert plain.query_type
    for field in plain.query_type.fields.values():
        field.resolve = resolve
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    plans, engine = Plans(), Engine()
    for given in GIVEN * 2:  # the first of them compile
        expected = execute(plain, document, variable_values=given)
        assert isinstance(expected, ExecutionResult)
        items.asked.clear()
        outcome = await engine.run(plans, schema, operation, {}, given)
        assert len(items.asked) <= 1
        if isinstance(outcome, list):
            assert expected.data is None
            assert messages(outcome) == messages(expected.errors or [])
        else:
            assert repr(outcome.data) == repr(expected.data)
            assert told(outcome) == told(expected)
    assert (plans.keyed is not None) is keyed


async def test_a_key_that_is_converted_is_so_each_time() -> None:
    source = batch(
        Items(),
        argument="id",
        renames=False,
        convert=lambda given: {"id": given["id"].strip()},
    )
    schema, document = schema_of(TEXT, Query_item=source, **LEAVES), parse(ITEM)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    plans, engine = Plans(), Engine()
    for key in ("1", " 1", "1 "):
        outcome = await engine.run(plans, schema, operation, {}, {"id": key})
        assert isinstance(outcome, Outcome)
        assert outcome.data
        assert outcome.data["item"]["name"] == "one"


def messages(errors: Sequence[GraphQLError]) -> list[str]:
    return sorted(error.message for error in errors)


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ([], "nobody answered 1 keys with 0 slots"),
        ([1, 2], "nobody answered 1 keys with 2 slots"),
        (ValueError("No"), "No"),
        (asyncio.CancelledError(), "nobody was cancelled"),
    ],
)
async def test_a_function_that_does_not_answer_as_it_should_is_asked_once(
    slots: Any, message: str
) -> None:
    asked: list[Any] = []

    async def nobody(context: Any, keys: Sequence[Any], selection: Any) -> Any:
        asked.append(keys)
        if isinstance(slots, BaseException):
            raise slots
        return slots

    nobody.__qualname__ = "nobody"
    schema = schema_of(TEXT, Query_item=batch(nobody, argument="id"), **LEAVES)
    document, plans = parse(ITEM), Plans()
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    for number in (1, 2):
        outcome = await Engine().run(plans, schema, operation, {}, {"id": "1"})
        assert isinstance(outcome, Outcome)
        assert outcome.data == {"item": None}
        assert told(outcome) == [(message, ("item",))]
        assert len(asked) == number
