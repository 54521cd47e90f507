"""Descriptions: everything in the graph says what it is, in a sentence that helps."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
)

from schema import build_schema

SHORTEST = 12


def described() -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value of the graph, with its description."""
    for name, kind in build_schema().core.type_map.items():
        if name.startswith("__") or name in {"Query", "String", "Int", "Float", "Boolean", "ID"}:
            continue
        yield name, kind.description
    for name, kind in build_schema().core.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, input_field in kind.fields.items():
                yield f"{name}.{field_name}", input_field.description
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description


def helps(name: str, text: str | None) -> bool:
    """Whether ``text`` is a sentence that says more than the name does."""
    if text is None or len(text) < SHORTEST or not text.endswith("."):
        return False
    return text.strip(".`").lower() != name.rpartition(".")[2].lower()


def test_everything_in_the_graph_is_described_in_a_sentence() -> None:
    descriptions = list(described())
    assert len(descriptions) > 200
    assert [pair for pair in descriptions if not helps(*pair)] == []


def test_nothing_is_deprecated_yet() -> None:
    assert "@deprecated" not in build_schema().as_str()
