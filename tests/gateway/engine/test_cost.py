"""Cost: a formula per operation, evaluated with its variables, and the same sum over the answer."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse

from gateway.engine.cost import CostFormula
from gateway.engine.cost_compiler import compile_cost

SCHEMA = build_schema(
    """
    type Query { me: User users(first: Int, last: Int): Users search: [Found!] tags: [String] logs: [Log] }
    type Mutation { rename(name: String): User }
    type Users { edges: [Edge!]! nodes: [User!]! total: Int }
    type Edge { node: User! cursor: String }
    type User { id: ID name: String friends(first: Int): [User] }
    type Log { text: String by: User }
    union Found = User | Log
    """
)
SLICED = {"assumedSize": 20, "slicingArguments": ["first", "last"]}


def declare(type_name: str, field_name: str | None = None, **cost: Any) -> None:
    kind: Any = SCHEMA.type_map[type_name]
    (kind.fields[field_name] if field_name else kind).extensions = {"cost": cost}


declare("Query", "users", weight=2, listSize={**SLICED, "sizedFields": ["edges", "nodes"]})
declare("Query", "logs", weight=5, listSize={"assumedSize": 3})
declare("User", "friends", listSize={"slicingArguments": ["first"]})
declare("Users", weight=0)
declare("Edge", weight=0)


def formula(text: str) -> CostFormula:
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    return compile_cost(SCHEMA, operation, fragments)


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("{ __typename tags }", {}, 0),
        ("{ me { id name } }", {}, 1),
        ("{ a: me { id } b: me { id } }", {}, 2),
        ("{ me { id } me { name } }", {}, 1),
        ('mutation { rename(name: "x") { id } }', {}, 11),
        ("{ users(first: 50) { nodes { id } } }", {}, 2 + 50),
        ("{ users(last: 7) { edges { cursor node { id } } total } }", {}, 2 + 7 * (0 + 1)),
        ("{ users { nodes { id } } }", {}, 2 + 20),
        ("query ($n: Int) { users(first: $n) { nodes { id } } }", {"n": 5}, 2 + 5),
        ("query ($n: Int = 4) { users(first: $n) { nodes { id } } }", {}, 2 + 4),
        ("query ($n: Int) { users(first: $n) { nodes { id } } }", {}, 2 + 20),
        ("query ($n: Int) { users(first: $n) { nodes { id } } }", {"n": None}, 2 + 20),
        ("{ users(first: 10) { nodes { friends(first: 3) { id } } } }", {}, 2 + 10 * (1 + 3)),
        ("{ me { friends { id } } }", {}, 1 + 10),
        ("{ logs { text by { id } } }", {}, 5 + 3 * (1 + 1)),
        (
            "{ search { ... on User { friends(first: 9) { id } } ... on Log { by { id } } } }",
            {},
            100,
        ),
        ("query ($s: Boolean!) { me @skip(if: $s) { id } }", {"s": True}, 0),
        ("query ($s: Boolean!) { me @include(if: $s) { id } me { name } }", {"s": False}, 1),
        ("{ me { ...F } } fragment F on User { friends(first: 2) { id } }", {}, 1 + 2),
        ("{ users(first: -5) { nodes { id } } }", {}, 2),
    ],
)
def test_estimate(text: str, variables: dict[str, Any], points: float) -> None:
    assert formula(text).estimate(variables) == points


def test_nesting_cannot_overflow() -> None:
    text = "friends(first: 2147483647) { " * 50 + "id" + " }" * 50

    assert formula(f"{{ me {{ {text} }} }}").estimate({}) >= 1e15


def test_actual_counts_what_was_returned() -> None:
    compiled = formula("{ users(first: 50) { nodes { id friends(first: 9) { id } } } me { id } }")

    data = {"users": {"nodes": [{"id": 1, "friends": [{"id": 2}, None]}, {"id": 3, "friends": []}]}}

    assert compiled.actual({**data, "me": None}) == 2 + (1 + 1) + 1

    assert compiled.actual(None) == 0
    assert compiled.actual({"users": None, "me": None}) == 2
    assert compiled.estimate({}) == 2 + 50 * (1 + 9) + 1
