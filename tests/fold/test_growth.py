"""Growth: what folding makes of an operation grows with its text, however its fields are nested."""

import pytest
from graphql import OperationDefinitionNode, parse

from gateway.engine.plan import Plan
from gateway.engine.plan_compiler import compile_plan
from schema import build_schema

SCHEMA = build_schema().core


def plan_of(text: str) -> Plan:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return compile_plan(SCHEMA, operation, {}, {}, folds=True)


def nested(around: str, times: int) -> str:
    text = "id"
    for _ in range(times):
        text = around % text
    return f"{{ customers(first: 1) {{ nodes {{ {text} }} }} }}"


@pytest.mark.parametrize(
    "around",
    [
        "id calculations(first: 1) { nodes { id customer { %s } } }",
        "id calculations(first: 1) { edges { node { costComponents { id } customer { %s } } } }",
    ],
)
def test_each_fetch_is_planned_once_however_deep_it_stands(around: str) -> None:
    once, twice, thrice, deepest = (
        len(plan_of(nested(around, times)).outer) for times in (1, 2, 3, 7)
    )
    assert twice - once == thrice - twice
    assert deepest - once == 6 * (twice - once)
