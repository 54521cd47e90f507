"""Arguments and variables: read in advance as far as can be, they are what graphql-core makes of them."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    VariableValues,
    build_schema,
    get_variable_values,
    parse,
)
from graphql.execution import get_argument_values
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.arguments import ArgumentReader
from gateway.engine.variables import Variables

SCHEMA = build_schema("""
    enum Colour { RED GREEN }
    input Range { from: Int until: Int = 5 names: [String!] }
    type Query {
      field(
        id: ID! text: String number: Int = 7 whole: Int! = 3 share: Float flag: Boolean
        colour: Colour = RED range: Range ranges: [Range!] = [{from: 1}] texts: [String]
      ): Int
    }
""")
KINDS = (
    *("ID", "ID!", "String", "String!", "Int", "Int!", "Float", "Boolean", "Boolean!"),
    *("Colour", "Range", "[String]", "[Range!]", "Int = 4", 'String! = "x"', "Missing"),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.sampled_from(["", "7", "RED", "BLUE"]),
    st.lists(st.sampled_from([None, "a", 1]), max_size=2),
    st.fixed_dictionaries({}, optional={"from": st.integers(0, 9), "names": st.just([None])}),
)
USES = (
    "field(id: $a)",
    "field(id: 7 text: $a number: $b)",
    "field(id: $a number: null whole: $b flag: true)",
    "field(id: $b share: 1.5 flag: $a)",
    'field(id: "x" whole: null)',
    "field(text: $a)",
    "field(id: $a colour: GREEN range: {from: $b})",
    "field(id: $a colour: $b range: {from: 2} texts: [$a])",
    'field(id: $a ranges: [] texts: "one")',
    "field(id: 1 colour: BLUE)",
    "field(id: 1 range: {until: null})",
)


def parts(text: str) -> tuple[OperationDefinitionNode, FieldNode]:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return operation, field


def outcome(read: Callable[[], Any]) -> Any:
    """What is read, or what is wrong with it."""
    try:
        return repr(read())
    except GraphQLError as error:
        return error.message


def shown(read: VariableValues | list[GraphQLError]) -> Any:
    """As text, since a number that is none is not equal to itself."""
    if isinstance(read, list):
        return [error.message for error in read]
    sources = [
        (name, str(each.signature.type), repr(each.value)) for name, each in read.sources.items()
    ]
    return sources, repr(read.coerced)


@given(
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES),
    st.sampled_from(USES),
)
def test_they_are_read_as_by_graphql_core(
    first: str, second: str, given: dict[str, Any], use: str
) -> None:
    operation, node = parts(f"query ($a: {first}, $b: {second}) {{ {use} }}")
    definitions = operation.variable_definitions or ()
    wanted = get_variable_values(SCHEMA, definitions, given)
    found = Variables(SCHEMA, definitions).read(given)
    assert shown(found) == shown(wanted)
    if isinstance(found, VariableValues):
        assert SCHEMA.query_type is not None
        field = SCHEMA.query_type.fields["field"]
        reader = ArgumentReader(field, node)
        for _ in range(2):
            assert outcome(lambda: reader.read(found)) == outcome(
                lambda: get_argument_values(field, node, found)
            )


@pytest.mark.parametrize("use", ["field(id: 1 range: {names: []})", "field(id: 1 texts: [])"])
def test_a_value_that_can_be_changed_is_made_anew(use: str) -> None:
    assert SCHEMA.query_type is not None
    reader = ArgumentReader(SCHEMA.query_type.fields["field"], parts(f"{{ {use} }}")[1])
    none = VariableValues({}, {})
    for name, value in reader.read(none).items():
        if name in ("range", "texts"):
            (value["names"] if name == "range" else value).append("changed")
    assert "changed" not in repr(reader.read(none))
