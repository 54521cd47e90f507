"""Field roles: every field as every role, through the whole pipeline, answered or refused as declared."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from graphql import get_named_type, is_composite_type

from datasources.seed.example import example
from gateway.errors import Code
from resolvers import global_id
from resolvers.viewer import Role
from tests.security.documents import Pools, Writer
from tests.security.rules import (
    FULL,
    PATHS,
    PATHS_OF,
    Path,
    Step,
    every_field,
    fields_of,
    is_output,
    may_see,
)
from tests.security.world import Reader, World, days_of_data

EXAMPLE = example()
POOLS = Pools(
    ids={
        "Customer": [global_id.encode("Customer", EXAMPLE.customer_id)],
        "PricingCalculation": [global_id.encode("PricingCalculation", EXAMPLE.calculation_id)],
    },
    cursors={},
    words=["x"],
    materials=[EXAMPLE.material],
    days=days_of_data(),
)
ABSENT = {"RateLimit", "ApiKey"}  # these readers have no budgets and hold no keys

TYPES = [name for name, kind in FULL.type_map.items() if is_output(kind)]


def document(path: Path) -> str:
    """The way along ``path``; nothing below a mutation is run, yet all of it must be valid."""
    writer = Writer(Random(0), FULL, POOLS)  # noqa: S311 - chooses nothing secret
    text = ""
    for step in reversed(path):
        arguments = writer.arguments_that_must(f"{step.type_name}.{step.field_name}", step.field)
        if not text and is_composite_type(get_named_type(step.field.type)):
            text = "{ __typename }"
        unrun = " @skip(if: true)" if step.type_name == "Mutation" else ""
        text = f"{{ {step.field_name}{arguments}{unrun} {text} }}"
    return f"mutation {text}" if path[0].type_name == "Mutation" else text


def values(data: Any, path: Path) -> list[Any]:
    """What stands at the end of ``path``, of every object on the way."""
    found = [data]
    for step in path:
        below = [each[step.field_name] for each in found if each is not None]
        found = [one for each in below for one in (each if isinstance(each, list) else [each])]
    return found


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("role", Role)
async def test_a_field_is_answered_or_refused_as_its_rule_says(
    world: World, readers: Mapping[Role, Reader], role: Role, type_name: str
) -> None:
    way = PATHS_OF[role].get(type_name, PATHS[type_name])
    if type_name == "Subscription" or (way and way[0].type_name == "Subscription"):
        return  # no answer in one piece: below, and in tests/subscription
    for name in fields_of(type_name):
        step = Step(type_name, name)
        path = (*way, step)
        answer = await world.ask(readers[role], document(path))
        if may_see(role, step):
            assert (answer.refused, answer.errors) == (None, []), step
            if path[0].type_name == "Query" and type_name not in ABSENT:
                assert any(value is not None for value in values(answer.data, way)), step
        else:
            assert answer.refused is Code.GRAPHQL_VALIDATION_FAILED, step
            assert answer.calls == (), step


@pytest.mark.parametrize(
    "type_name", ["PricingEvent", "CalculationRecorded", "MaterialPriceChanged"]
)
def test_every_role_may_see_every_field_of_an_event(type_name: str) -> None:
    assert all(
        may_see(role, Step(type_name, name)) for role in Role for name in fields_of(type_name)
    )


def test_the_table_holds_every_field() -> None:
    assert {step.type_name for step in every_field()} == set(TYPES) == set(PATHS)


def test_each_role_is_denied_and_allowed_something() -> None:
    """So that a rule that lets everyone through, or nobody, would be seen here."""
    seen = {role: {step for step in every_field() if may_see(role, step)} for role in Role}

    assert seen[Role.CUSTOMER] < seen[Role.SERVICE] < seen[Role.ADMIN] > seen[Role.ANALYST]


@pytest.mark.parametrize(
    ("step", "roles"),
    [
        (Step("Query", "logs"), {Role.ANALYST, Role.ADMIN}),
        (Step("Query", "logStatistics"), {Role.ANALYST, Role.ADMIN}),
        (Step("Query", "stores"), {Role.ANALYST, Role.SERVICE, Role.ADMIN}),
        (Step("PricingCalculation", "logs"), {Role.ANALYST, Role.ADMIN}),
        (Step("PricingCalculation", "analytics"), {Role.ANALYST, Role.ADMIN}),
        (Step("LogEntry", "id"), {Role.ANALYST, Role.ADMIN}),
        (Step("Customer", "spendByMaterial"), set(Role)),
        (Step("Query", "pricingTrends"), set(Role)),
    ],
)
def test_what_is_confidential_is_so_by_name(step: Step, roles: set[Role]) -> None:
    assert {role for role in Role if may_see(role, step)} == roles
