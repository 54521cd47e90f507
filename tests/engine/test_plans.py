"""Plans: one for each choice of fields, and none for what the engine leaves to the standard executor."""

import logging
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse

from gateway.engine.engine import Engine
from gateway.engine.plans import DeclinedError, Plans
from gateway.engine.row import builder
from tests.engine.small import run, schema_of

SCHEMA = build_schema(
    "directive @defer(if: Boolean) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
    "directive @live on QUERY\n"
    "type Query { one: Int two: Int }"
)


def operation(text: str) -> OperationDefinitionNode:
    (found,) = parse(text).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


def find(plans: Plans, asked: OperationDefinitionNode, **variables: Any) -> Any:
    return plans.find(SCHEMA, asked, {}, variables, folds=False)


def test_a_plan_is_made_once_for_each_choice_of_fields() -> None:
    plans, asked = Plans(), operation("query ($a: Boolean!, $x: Int) { one @skip(if: $a) two }")
    both, one = find(plans, asked, a=False, x=1), find(plans, asked, a=True)
    assert both is not one
    assert find(plans, asked, a=False, x=2) is both
    assert find(plans, asked, a=True) is one
    assert [each.selected.name for each in one.roots[0].fields] == ["two"]


def test_no_more_plans_are_kept_than_fit() -> None:
    names = [f"v{number}" for number in range(5)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: one @include(if: ${name})" for name in names)
    plans, asked = Plans(), operation(f"query ({head}) {{ {fields} }}")
    first = find(plans, asked, **dict.fromkeys(names, False))
    for number in range(32):
        find(plans, asked, **{name: bool(number >> bit & 1) for bit, name in enumerate(names)})
    assert find(plans, asked, **dict.fromkeys(names, False)) is not first


def test_what_is_kept_is_told_in_fields() -> None:
    names = [f"v{number}" for number in range(5)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: one @include(if: ${name})" for name in names)
    told: list[int] = []
    plans, asked = Plans(told.append), operation(f"query ({head}) {{ two {fields} }}")
    find(plans, asked, **dict.fromkeys(names, False))
    find(plans, asked, **dict.fromkeys(names, False))
    assert told == [1]
    for number in range(31, -1, -1):
        find(plans, asked, **{name: bool(number >> bit & 1) for bit, name in enumerate(names)})
    assert sum(told) == sum(1 + number.bit_count() for number in range(16))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ one ... @defer { two } }", "@defer"),
        ("query @live { one }", "@live"),
        (
            "query @experimental_disableErrorPropagation { one }",
            "@experimental_disableErrorPropagation",
        ),
        ("query ($a: Boolean) { one @skip(if: $a) }", "condition without a value"),
    ],
)
async def test_what_it_does_not_take_is_counted_and_logged(
    text: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine, plans = Engine(), Plans()
    with caplog.at_level(logging.INFO, "gateway.engine"):
        for _ in range(2):
            with pytest.raises(DeclinedError, match=reason):
                await engine.run(plans, SCHEMA, operation(text), {}, {})
    assert engine.declined == {reason: 2}
    assert engine.taken == 0
    assert [record.getMessage() for record in caplog.records] == [
        f"an operation runs in the standard executor: {reason}"
    ]


async def test_changes_run_one_after_the_other_and_end_with_the_first_that_leaves_nothing() -> None:
    done: list[str] = []

    async def change(source: Any, info: Any) -> Any:
        done.append(f"{info.field_name} begins")
        done.append(f"{info.field_name} ends")
        return None if info.field_name == "second" else 1

    schema: GraphQLSchema = schema_of(
        "type Query { a: Int } type Mutation { first: Int! second: Int! third: Int! }"
    )
    assert schema.mutation_type
    for field in schema.mutation_type.fields.values():
        field.resolve = change
    outcome = await run(schema, "mutation { first second third }")
    assert done == ["first begins", "first ends", "second begins", "second ends"]
    assert outcome.data is None
    assert [error.path for error in outcome.errors] == [["second"]]


async def test_an_event_is_what_a_subscription_is_read_of() -> None:
    schema = build_schema(
        "type Query { a: Int } type Subscription { told: Told } type Told { n: Int }"
    )
    outcome = await run(schema, "subscription { told { n } }", {"told": {"n": 3}})
    assert outcome.data == {"told": {"n": 3}}


def test_objects_of_many_fields_are_built_as_well() -> None:
    entries = tuple((f"a{number}", None) for number in range(200))
    build = builder(entries)
    assert build(2, *([number, -number] for number in range(200))) == [
        {f"a{number}": sign * number for number in range(200)} for sign in (1, -1)
    ]
    assert builder(entries) is not build
    assert builder(entries[:20]) is builder(entries[:20])
