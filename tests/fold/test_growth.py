"""Growth: what folding makes of an operation grows with its text, however its fields are nested."""

from weakref import ref

import pytest
from graphql import OperationDefinitionNode, parse

from datasources.fold import Column, Form, Relation, Shape
from datasources.postgres.fold_statement import Variant, fold_statement
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


def shape_of(alias: str) -> Shape:
    members = ((alias, Column("company_name", Form.TEXT, False)),)
    root = Relation(0, "one", "customers", "id", None, members, 0)
    return Shape(root, (root,), 1)


def test_a_statement_is_compiled_once_for_as_long_as_its_shape_is_in_use() -> None:
    shape = shape_of("name")
    found = fold_statement(shape, (Variant(()),), keyed="by many")
    assert fold_statement(shape, (Variant(()),), keyed="by many") is found
    assert fold_statement(shape_of("name"), (Variant(()),), keyed="by many") is not found
    life = ref(shape)
    del shape
    assert life() is None


def test_no_more_statements_of_a_shape_are_kept_than_fit() -> None:
    shape = shape_of("name")
    first = fold_statement(shape, (Variant(()),), keyed="by many")
    for number in range(64):
        possible, more, backward, within = (bool(number >> bit & 1) for bit in range(4))
        names = ("tiers",) * (number >> 4)
        variant = Variant(names, possible, None, backward, more, within)
        fold_statement(shape, (variant,), keyed="by many")
    assert fold_statement(shape, (Variant(()),), keyed="by many") is not first
