"""The contract: what clients see. Strawberry lives only here, and nothing here does I/O."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from resolvers.viewer import Role
from schema.fields import CHANGE, COMPUTED, BatchSpec, stated
from schema.fold import fold
from schema.mutation import Mutation
from schema.query import Query
from schema.rule import EVERYONE, FREE, RULE, Cost, Rule
from schema.scalars import FAST_WAYS, SCALARS
from schema.selection import SEPARATE
from schema.source import Source


class GatewaySchema(strawberry.Schema):
    """A Strawberry schema, usable with every stock tool, as readers in some roles see it."""

    def __init__(
        self, query: type, roles: frozenset[Role] = EVERYONE, mutation: type | None = None
    ) -> None:
        self._roles = roles
        super().__init__(
            query=query,
            mutation=mutation,
            config=StrawberryConfig(default_resolver=_read, scalar_map=SCALARS),
        )
        self._schema.extensions["text"] = self.as_str
        for kind in self._schema.type_map.values():
            if kind.name in FAST_WAYS:
                kind.extensions["columns"] = FAST_WAYS[kind.name]
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                self._show_definitions(kind)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """Only fields that a reader may see are there: to others they do not exist."""
        return [field for field in type_definition.fields if _rule(field).roles & self._roles]

    def _show_definitions(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> None:
        """Puts what is declared on Strawberry's types and fields where the gateway reads it."""
        definition = kind.extensions.get("strawberry-definition")
        for directive in (definition.directives if definition else None) or ():
            if isinstance(directive, Cost):
                kind.extensions["cost"] = {"weight": directive.weight}
        for field in kind.fields.values():
            found = field.extensions.get("strawberry-definition")
            if found is not None:
                field.extensions.update(_rule(found).extensions())
                field.extensions["source"] = self._source(found)

    def _source(self, field: StrawberryField) -> Source:
        converter = self.schema_converter

        def convert(arguments: Mapping[str, Any]) -> dict[str, Any]:
            given = convert_arguments(
                dict(arguments), field.arguments, converter.scalar_registry, converter.config
            )
            return stated(given)

        metadata = field.metadata
        spec: BatchSpec | None = metadata.get(SEPARATE)
        if spec is not None:
            folds = fold if spec.fold else None
            return Source(
                "batch", spec.key, spec.argument, spec.whole, spec.function, convert, folds
            )
        if CHANGE in metadata:
            return Source("change", function=metadata[CHANGE], convert=convert)
        if COMPUTED in metadata:
            return Source("computed", function=metadata[COMPUTED])
        return Source("column", key=field.python_name)

    @property
    def core(self) -> GraphQLSchema:
        return self._schema


def build_schema(roles: frozenset[Role] = EVERYONE) -> GatewaySchema:
    """The graph as readers in any of ``roles`` see it; with all roles, as in schema/schema.graphql."""
    return GatewaySchema(Query, roles, Mutation)


def _rule(field: StrawberryField) -> Rule:
    rule: Rule = field.metadata.get(RULE, FREE)
    return rule


def _read(source: Mapping[str, Any] | object, name: str) -> object:
    """A field's value: records are read by subscript, everything else by attribute."""
    try:
        return source[name]  # type: ignore[index]
    except TypeError:
        return getattr(source, name)
