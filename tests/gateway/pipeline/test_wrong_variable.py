"""Wrong variables: refused with what would be right, and without words of Python."""

import pytest
from graphql import build_schema

from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.view import Views
from tests.gateway.pipeline.edge import ask, edge

GRAPH = build_schema(
    "enum Sort { FLAT } input Box { sort: Sort! }"
    " type Query { int(value: Int): Int list(value: [Boolean!]): Int box(value: Box): Int }"
)
BOX = "invalid value: Expected value of type 'Box'"


@pytest.mark.parametrize(
    ("field", "kind", "value", "said"),
    [
        (
            "int",
            "Int!",
            None,
            "invalid value: Expected value of non-null type 'Int!' not to be null.",
        ),
        ("int", "Int!", "one: 1", "invalid value: Int cannot represent non-integer value."),
        (
            "list",
            "[Boolean!]",
            [True, "yes: no"],
            "invalid value at [1]: Boolean cannot represent a non boolean value.",
        ),
        ("box", "Box", True, f"{BOX} to be an object."),
        ("box", "Box", {}, f"{BOX} to include required field 'sort'."),
        ("box", "Box", {"sort": "FLAT", "x": None}, f"{BOX} not to include unknown field 'x'."),
        (
            "box",
            "Box",
            {"sort": "FLAT", "sorts": 1},
            f"{BOX} not to include unknown field 'sorts'. Did you mean 'sort'?",
        ),
        (
            "box",
            "Box",
            {"sort": 5},
            "invalid value at .sort: Enum 'Sort' cannot represent non-string value.",
        ),
        (
            "box",
            "Box",
            {"sort": "FLOT"},
            "invalid value at .sort: Value 'FLOT' does not exist in 'Sort' enum."
            " Did you mean the enum value 'FLAT'?",
        ),
    ],
)
async def test_a_wrong_variable_is_named_and_its_value_is_not_repeated(
    field: str, kind: str, value: object, said: str
) -> None:
    parts = edge(views=Views(lambda roles: GRAPH, DocumentSettings()))

    body = await ask(f"query ($v: {kind}) {{ {field}(value: $v) }}", parts, v=value)

    [error] = body["errors"]
    assert error["message"] == f"Variable '$v' has {said}"
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_null_where_none_can_be_is_called_null() -> None:
    parts = edge(views=Views(lambda roles: GRAPH, DocumentSettings()))

    body = await ask("query ($v: Sort = FLAT) { box(value: {sort: $v}) }", parts, v=None)

    [error] = body["errors"]
    assert error["message"] == (
        "Argument 'value' has invalid value at .sort: Expected variable '$v' provided to non-null"
        " type 'Sort!' not to be null."
    )
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
