"""Cost: a formula per operation, evaluated with its variables, and the same sum over the answer."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse

from gateway.engine.cost import CostFormula
from gateway.engine.cost_compiler import TooManyTermsError, compile_cost

SCHEMA = build_schema(
    """
    type Query { me: User users(first: Int, last: Int): Users search: [Found!] tags: [String] logs: [Log]
      picked(ids: [ID]): [User] grid(width: Int, height: Int = 2): [User] rows: [[User]] }
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
declare("Query", "picked", listSize={"slicingArguments": ["ids"]})
declare("Query", "grid", listSize={"size": lambda given: given["width"] * given["height"]})
declare("Users", weight=0)
declare("Edge", weight=0)


def formula(text: str, page_size: int = 0) -> CostFormula:
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    return compile_cost(SCHEMA, operation, fragments, page_size)


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


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("query ($n: Int! = 4) { users(first: $n) { nodes { id } } }", {}, 2 + 4),
        ("query ($n: Int!) { users(first: $n) { nodes { id } } }", {"n": 5.0}, 2 + 5),
        ("query ($n: Int!) { users(first: $n) { nodes { id } } }", {"n": "5"}, 2 + 1),
        ("query ($n: Int) { users(first: 3, last: $n) { nodes { id } } }", {"n": 9}, 2 + 9),
        ("{ users(first: 5) { nodes { id } nodes { name } } }", {}, 2 + 5),
        ("{ users(first: 5) { ...F ...F } } fragment F on Users { nodes { id } }", {}, 2 + 5),
        ("query ($s: Boolean = true) { me @skip(if: $s) { id } }", {}, 0),
        ("{ me @skip(if: true) { id } a: me @include(if: true) { id } }", {}, 1),
        (
            "query ($s: Boolean!) { me { id } me @skip(if: $s) { friends(first: 5) { id } } }",
            {"s": True},
            1,
        ),
        (
            "query ($s: Boolean!) { ...F @skip(if: $s) ...F @include(if: $s) }"
            " fragment F on Query { me { id } }",
            {"s": False},
            1,
        ),
        ('{ __schema { types { name } } t: __type(name: "User") { name } }', {}, 10 + 1),
        ("{ picked(ids: [1, 2, 3]) { id } }", {}, 3),
        ("query ($ids: [ID]) { picked(ids: $ids) { id } }", {"ids": ["1"] * 8}, 8),
        ("query ($id: ID) { picked(ids: [1, $id]) { id } }", {"id": "7"}, 2),
        ("{ grid(width: 3, height: 4) { id } }", {}, 12),
        ("query ($w: Int) { grid(width: $w) { id } }", {"w": 5}, 10),
        ("query ($h: Int) { grid(width: 3, height: $h) { id } }", {}, 6),
    ],
)
def test_what_may_stand_in_an_argument_or_a_condition(
    text: str, variables: dict[str, Any], points: int
) -> None:
    assert formula(text).estimate(variables) == points


def test_the_price_grows_in_step_with_a_page_size() -> None:
    compiled = formula("query ($n: Int!) { users(first: $n) { nodes { friends { id } } } }")

    prices = [compiled.price({"n": size}) for size in range(4)]

    assert [price.points for price in prices] == [2, 13, 24, 35]
    assert [price.nodes for price in prices] == [0, 11, 22, 33]


def test_a_page_without_a_size_is_as_long_as_the_settings_say() -> None:
    assert formula("{ users { nodes { id } } }", page_size=50).estimate({}) == 2 + 50
    assert formula("{ users { nodes { id } } }", page_size=5).estimate({}) == 2 + 20


def test_the_price_of_each_field_that_costs_something() -> None:
    compiled = formula("{ users(first: 5) { total n: nodes { friends(first: 2) { id } } } tags }")

    assert [tuple(price) for price in compiled.fields({})] == [
        (("users",), 2, 15, 17),
        (("users", "n"), 1, 10, 15),
        (("users", "n", "friends"), 1, 0, 2),
    ]


def test_the_answer_is_looked_into_only_where_something_costs() -> None:
    class Untouched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise AssertionError(key)

        def __contains__(self, key: object) -> bool:
            raise AssertionError(key)

    compiled = formula("{ users { nodes { id name } total } tags }")

    data = {"users": {"nodes": [Untouched(id=1), Untouched(id=2), None], "total": 2}, "tags": ["a"]}

    assert compiled.actual(data) == 2 + 2


def test_a_list_of_lists_is_counted_to_its_end() -> None:
    data = {"rows": [[{"id": 1}, None], None, [{"id": 2}, {"id": 3}]]}

    assert formula("{ rows { id } }").actual(data) == 3


def test_of_an_abstract_type_the_answer_costs_what_its_dearest_type_would() -> None:
    compiled = formula("{ search { ... on User { friends { id } } ... on Log { by { id } } } }")

    assert compiled.actual({"search": [{"friends": [{"id": 1}] * 3}, {"by": {"id": 2}}, {}]}) == 7


def test_fragments_that_double_at_every_step_are_read_once() -> None:
    steps = 200
    fragments = [f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(steps)]

    compiled = formula(
        f"{{ ...F0 }} {' '.join(fragments)} fragment F{steps} on Query {{ me {{ id }} }}"
    )

    assert compiled.estimate({}) == 1


def test_fragments_that_double_under_other_conditions_count_as_included() -> None:
    steps = 30
    fragments = [
        f"fragment F{at} on Query {{ ...F{at + 1} @skip(if: $v{at}) ...F{at + 1} @include(if: $v{at}) }}"
        for at in range(steps)
    ]
    variables = ", ".join(f"$v{at}: Boolean!" for at in range(steps))

    compiled = formula(
        f"query ({variables}) {{ ...F0 }} {' '.join(fragments)}"
        f" fragment F{steps} on Query {{ me {{ id }} }}"
    )

    assert compiled.estimate({f"v{at}": bool(at % 2) for at in range(steps)}) == 1


def test_fields_that_double_at_every_step_are_given_no_formula() -> None:
    steps = 30
    fragments = [
        f"fragment F{at} on User {{ a: friends {{ ...F{at + 1} }} b: friends {{ ...F{at + 1} }} }}"
        for at in range(steps)
    ]

    with pytest.raises(TooManyTermsError):
        formula(f"{{ me {{ ...F0 }} }} {' '.join(fragments)} fragment F{steps} on User {{ id }}")
