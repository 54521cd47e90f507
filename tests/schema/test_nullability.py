"""Nullability: what a store answers may be null, so that one store down leaves the rest standing."""

from graphql import GraphQLNonNull, GraphQLObjectType

from schema import build_schema
from schema.selection import SEPARATE

ASKS_NO_STORE = {"Query.viewer"}


def fetched_fields() -> dict[str, bool]:
    """Every field that is fetched by itself, and whether it can be null."""
    return {
        f"{name}.{field_name}": not isinstance(field.type, GraphQLNonNull)
        for name, kind in build_schema().core.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field_name, field in kind.fields.items()
        if SEPARATE in field.extensions["strawberry-definition"].metadata
    }


def test_every_field_that_is_fetched_by_itself_can_be_null() -> None:
    fields = fetched_fields()
    assert {"Query.customers", "Customer.user", "PricingCalculation.logs"} <= fields.keys()
    assert {name for name, nullable in fields.items() if not nullable} == ASKS_NO_STORE


def test_a_count_can_fail_while_its_page_stands() -> None:
    for name, kind in build_schema().core.type_map.items():
        if name.endswith("Connection"):
            assert isinstance(kind, GraphQLObjectType)
            assert str(kind.fields["totalCount"].type) == "Int"
