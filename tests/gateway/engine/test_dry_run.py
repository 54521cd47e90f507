"""Dry run: when an operation asks for its price only, and what of it then runs."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse, print_ast

from gateway.engine.cost_compiler import compile_cost
from gateway.engine.dry_run import DryRun, find_dry_run

SCHEMA = build_schema(
    "type Query { name: String rateLimit(dryRun: Boolean): Price } type Price { cost: Int }"
)


def found(text: str, variables: dict[str, Any]) -> tuple[DryRun | None, bool]:
    operation, *rest = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    fragments = {each.name.value: each for each in rest if isinstance(each, FragmentDefinitionNode)}
    dry_run = find_dry_run(operation, fragments)
    formula = compile_cost(SCHEMA, operation, fragments)
    return dry_run, dry_run is not None and dry_run.is_wanted(formula, variables)


@pytest.mark.parametrize(
    ("text", "variables", "wanted"),
    [
        ("{ name rateLimit(dryRun: true) { cost } }", {}, True),
        ("{ name rateLimit(dryRun: false) { cost } }", {}, False),
        ("{ name rateLimit { cost } }", {}, False),
        ("{ name }", {}, False),
        ("query ($d: Boolean) { name r: rateLimit(dryRun: $d) { cost } }", {"d": True}, True),
        ("query ($d: Boolean) { name r: rateLimit(dryRun: $d) { cost } }", {}, False),
        ("query ($d: Boolean = true) { name rateLimit(dryRun: $d) { cost } }", {}, True),
        (
            "query ($s: Boolean!) { rateLimit(dryRun: true) @skip(if: $s) { cost } }",
            {"s": True},
            False,
        ),
        ("{ ...F } fragment F on Query { rateLimit(dryRun: true) { cost } }", {}, True),
    ],
)
def test_an_operation_is_dry_when_a_selected_field_says_so(
    text: str, variables: dict[str, Any], wanted: bool
) -> None:
    assert found(text, variables)[1] is wanted


def test_only_the_price_runs() -> None:
    dry_run, _ = found(
        "query Mine($s: Boolean!) { name ...F ...G ... on Query @skip(if: $s) { name __typename } }"
        " fragment F on Query { name rateLimit(dryRun: true) { cost } }"
        " fragment G on Query { name }",
        {"s": False},
    )

    assert dry_run is not None
    assert " ".join(print_ast(dry_run.document).split()) == (
        "query Mine($s: Boolean!) { ...F ... on Query @skip(if: $s) { __typename } } "
        "fragment F on Query { rateLimit(dryRun: true) { cost } }"
    )
