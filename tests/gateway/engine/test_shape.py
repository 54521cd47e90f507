"""Shape: depth and width of an operation with its fragments written out, and bombs in no time."""

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from gateway.engine.shape import Shape, measure_shape


def shape(text: str) -> Shape:
    operation, *fragments = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return measure_shape(
        operation,
        {each.name.value: each for each in fragments if isinstance(each, FragmentDefinitionNode)},
    )


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("{ a }", Shape(depth=1, root_fields=1, fields=1, aliases=0, directives=0)),
        ("{ a { b { c } } d }", Shape(3, 2, 4, 0, 0)),
        ("{ x: a y: a { z: b } }", Shape(2, 2, 3, 3, 0)),
        ("query @live { a @skip(if: $v) { ... @include(if: $v) { b } } }", Shape(2, 1, 2, 0, 3)),
        ("{ ...F a { ...F } } fragment F on T { x: b { c } d }", Shape(3, 3, 7, 2, 0)),
        ("{ ... on T { a ... on T { b } } }", Shape(1, 2, 2, 0, 0)),
    ],
)
def test_fragments_count_wherever_they_are_spread(text: str, measured: Shape) -> None:
    assert shape(text) == measured


def test_fragments_that_double_at_every_step_are_counted_and_not_written_out() -> None:
    fragments = [f"fragment F{at} on T {{ ...F{at + 1} ...F{at + 1} }}" for at in range(20)]

    measured = shape(f"{{ ...F0 }} {' '.join(fragments)} fragment F20 on T {{ a }}")

    assert measured == Shape(1, 2**20, 2**20, 0, 0)


def test_what_nobody_would_count_to_is_no_longer_counted() -> None:
    fragments = [f"fragment F{at} on T {{ ...F{at + 1} ...F{at + 1} }}" for at in range(200)]

    measured = shape(f"{{ ...F0 }} {' '.join(fragments)} fragment F200 on T {{ a }}")

    assert measured == Shape(1, 10**9, 10**9, 0, 0)
