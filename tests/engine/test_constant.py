"""Constant: which operations have one answer for everybody."""

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from gateway.engine.constant import constant_of

SCHEMA = build_schema("schema { query: Root } type Root { name: String } type Mutation { a: Int }")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", {"__typename": "Root"}),
        ("query Named { a: __typename b: __typename __typename }", dict.fromkeys("ab", "Root")),
        ("{ __typename name }", None),
        ("{ __typename @skip(if: true) }", None),
        ("{ ... { __typename } }", None),
        ("{ __schema { description } }", None),
        ("mutation { __typename }", None),
        ("subscription { __typename }", None),
    ],
)
def test_only_the_names_of_the_root_are(text: str, expected: dict[str, str] | None) -> None:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    found = constant_of(SCHEMA, operation)

    assert found == (expected and {**expected, "__typename": "Root"})
