"""The contract: what clients see. Strawberry lives only here, and nothing here does I/O."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from schema.query import Query
from schema.scalars import SCALARS


class GatewaySchema(strawberry.Schema):
    """A Strawberry schema, usable with every stock tool, that also shows its graphql-core side."""

    @property
    def core(self) -> GraphQLSchema:
        return self._schema


def build_schema() -> GatewaySchema:
    """The whole graph, as committed in schema/schema.graphql."""
    return GatewaySchema(
        query=Query,
        config=StrawberryConfig(default_resolver=_read, scalar_map=SCALARS),
    )


def _read(source: Mapping[str, Any] | object, name: str) -> object:
    """A field's value: records are read by subscript, everything else by attribute."""
    try:
        return source[name]  # type: ignore[index]
    except TypeError:
        return getattr(source, name)
