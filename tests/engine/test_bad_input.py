"""Bad input: operations and values at the edge of what is allowed, and beyond."""

from typing import Any

import orjson
import pytest
from graphql import FragmentDefinitionNode, GraphQLObjectType, parse

from gateway.engine.engine import Engine
from gateway.engine.plans import Plans
from tests.engine.small import run, run_standard, schema_of, told

TREE = "type Query { next: Query! name: String! maybe: Query numbers: [[Int!]!]! part: Float }"


def chain(levels: int) -> str:
    """So many levels, which no brackets show: each fragment selects the next."""
    parts = [f"fragment F{n} on Query {{ next {{ ...F{n + 1} }} }}" for n in range(levels)]
    return "\n".join(["{ ...F0 }", *parts, f"fragment F{levels} on Query {{ name }}"])


class Endless(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return self if name in ("next", "maybe") else "text"

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


async def test_sixty_levels_are_answered() -> None:
    outcome = await run(schema_of(TREE), chain(60), Endless())
    data = outcome.data or {}
    for _ in range(60):
        data = data["next"]
    assert data == {"name": "text"}


async def test_a_thousand_levels_are_refused_as_by_the_standard_executor() -> None:
    schema = schema_of(TREE)
    document = chain(1_000)
    fragments = parts(document)
    outcome = await unvalidated(schema, fragments)
    assert outcome.data is None
    assert told(outcome) == [("Selections are nested too deeply. Execution aborted.", ())]


@pytest.mark.parametrize("depth", range(6))
async def test_null_where_none_may_stand_reaches_the_nearest_place_for_it(depth: int) -> None:
    schema = schema_of(TREE)
    broken: dict[str, Any] = {"name": None, "numbers": []}
    for _ in range(depth):
        broken = {"name": "text", "next": broken}
    root = {"maybe": broken, "name": "top"}
    asked = "name"
    for _ in range(depth):
        asked = f"name next {{ {asked} }}"
    text = f"{{ name maybe {{ {asked} }} }}"
    outcome, expected = await run(schema, text, root), await run_standard(schema, text, root)
    assert outcome.data == expected.data == {"name": "top", "maybe": None}
    assert told(outcome) == told(expected)


@pytest.mark.parametrize(
    "numbers",
    [
        [[1, None], [2]],
        [[1], None],
        None,
        [[2**31]],
        [[-(2**31) - 1]],
        [[1.5]],
        [[True]],
        [["7"]],
        7,
        "text",
        {"a": 1},
        [[float("nan")]],
    ],
)
async def test_lists_of_lists_of_numbers_break_as_in_the_standard_executor(numbers: Any) -> None:
    schema = schema_of(TREE)
    root = {"maybe": {"numbers": numbers}}
    text = "{ maybe { numbers } }"
    outcome, expected = await run(schema, text, root), await run_standard(schema, text, root)
    assert orjson.dumps(outcome.data) == orjson.dumps(expected.data)
    assert told(outcome) == told(expected)


@pytest.mark.parametrize("part", [float("nan"), float("inf"), float("-inf"), 1e308 * 10, "x"])
async def test_numbers_that_are_none_are_errors(part: Any) -> None:
    schema = schema_of(TREE)
    outcome = await run(schema, "{ part }", {"part": part})
    expected = await run_standard(schema, "{ part }", {"part": part})
    assert outcome.data == expected.data == {"part": None}
    assert told(outcome) == told(expected)


async def test_a_field_of_500_fragments_is_one_field() -> None:
    schema = schema_of(TREE)
    spreads = " ".join(f"...F{n}" for n in range(500))
    document = [f"{{ {spreads} }}"]
    document += [f"fragment F{n} on Query {{ maybe {{ name }} }}" for n in range(500)]
    outcome = await unvalidated(schema, parts("\n".join(document)), {"maybe": {"name": None}})
    assert outcome.data == {"maybe": None}
    (error,) = outcome.errors
    assert error.path == ["maybe", "name"]
    assert len(error.locations or ()) == 500


def parts(text: str) -> Any:
    operation, *fragments = parse(text).definitions
    return operation, {
        node.name.value: node for node in fragments if isinstance(node, FragmentDefinitionNode)
    }


async def unvalidated(schema: Any, given: Any, root: Any = None) -> Any:
    """Without graphql-core's validation, which gives up sooner."""
    operation, fragments = given
    return await Engine().run(Plans(), schema, operation, fragments, {}, root=root)


async def test_a_value_that_cannot_be_shown_spoils_its_own_field_alone() -> None:
    schema = schema_of("type Query { odd: Thing name: String } type Thing { name: String }")
    thing = schema.type_map["Thing"]
    assert isinstance(thing, GraphQLObjectType)
    thing.is_type_of = lambda value, info: False
    odd: dict[str, Any] = {}
    odd["odd"] = {"odd": odd}  # equal to what is in it, which cannot be found out
    root, text = {"odd": odd, "name": "text"}, "{ odd { name } name }"
    outcome, expected = await run(schema, text, root), await run_standard(schema, text, root)
    assert outcome.data == expected.data == {"odd": None, "name": "text"}
    assert [path for _, path in told(outcome)] == [path for _, path in told(expected)] == [("odd",)]
