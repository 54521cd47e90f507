"""The contract: what clients see. Strawberry lives only here, and nothing here does I/O."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from resolvers.viewer import Role
from schema.mutation import Mutation
from schema.query import Query
from schema.rule import EVERYONE, FREE, RULE, Cost, Rule
from schema.scalars import SCALARS


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
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                _show_rules(kind)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """Only fields that a reader may see are there: to others they do not exist."""
        return [field for field in type_definition.fields if _rule(field).roles & self._roles]

    @property
    def core(self) -> GraphQLSchema:
        return self._schema


def build_schema(roles: frozenset[Role] = EVERYONE) -> GatewaySchema:
    """The graph as readers in any of ``roles`` see it; with all roles, as in schema/schema.graphql."""
    return GatewaySchema(Query, roles, Mutation)


def _rule(field: StrawberryField) -> Rule:
    rule: Rule = field.metadata.get(RULE, FREE)
    return rule


def _show_rules(kind: GraphQLObjectType | GraphQLInterfaceType) -> None:
    """Puts what is declared on Strawberry's types and fields where the gateway reads it."""
    definition = kind.extensions.get("strawberry-definition")
    for directive in (definition.directives if definition else None) or ():
        if isinstance(directive, Cost):
            kind.extensions["cost"] = {"weight": directive.weight}
    for field in kind.fields.values():
        found = field.extensions.get("strawberry-definition")
        if found is not None:
            field.extensions.update(_rule(found).extensions())


def _read(source: Mapping[str, Any] | object, name: str) -> object:
    """A field's value: records are read by subscript, everything else by attribute."""
    try:
        return source[name]  # type: ignore[index]
    except TypeError:
        return getattr(source, name)
