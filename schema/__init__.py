"""The contract: what clients see. Strawberry lives only here, and nothing here does I/O."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import StrawberryMaybe, StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from resolvers.context import Context
from resolvers.viewer import Role
from schema.fields import CHANGE, COMPUTED, EVERY, WATCH, BatchSpec, stated
from schema.fold import fold
from schema.mutation import Mutation
from schema.pricing_event import EVENT_TYPES
from schema.query import Query
from schema.relay import Node
from schema.rule import EVERYONE, FREE, RULE, Cost, Rule
from schema.scalars import FAST_WAYS, SCALARS
from schema.selection import SEPARATE
from schema.source import Source
from schema.subscription import Subscription

Watch = Callable[[Context, Mapping[str, Any]], Awaitable[Any]]


class GatewaySchema(strawberry.Schema):
    """A Strawberry schema, usable with every stock tool, as readers in some roles see it."""

    def __init__(
        self,
        query: type,
        roles: frozenset[Role] = EVERYONE,
        mutation: type | None = None,
        subscription: type | None = None,
        types: Sequence[type] = (),
    ) -> None:
        self._roles = roles
        super().__init__(
            query=query,
            mutation=mutation,
            subscription=subscription,
            types=types,
            config=StrawberryConfig(default_resolver=_read, scalar_map=SCALARS),
        )
        self._schema.extensions["text"] = self.as_str
        for kind in self._schema.type_map.values():
            if kind.name in FAST_WAYS:
                kind.extensions["columns"] = FAST_WAYS[kind.name]
            if isinstance(kind, GraphQLObjectType) and _is_told(kind):
                kind.is_type_of = None  # so that nobody asks it of every object
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
                field.extensions["source"] = self._source(found, field)
                if WATCH in found.metadata:
                    field.extensions["watch"] = self._watch(found, field)

    def _watch(self, field: StrawberryField, core: GraphQLField) -> Watch:
        """What a subscriber's arguments, as graphql-core coerced them, ask to be told of."""
        function, (convert, _) = field.metadata[WATCH], self._converter(field, core)

        async def watch(context: Context, arguments: Mapping[str, Any]) -> Any:
            return await function(context, **convert(arguments))

        return watch

    def _converter(
        self, field: StrawberryField, core: GraphQLField
    ) -> tuple[Callable[[Mapping[str, Any]], dict[str, Any]], bool]:
        """What makes a function's arguments of graphql-core's, and whether it only renames them."""
        converter = self.schema_converter
        taken = {
            converter.config.name_converter.from_argument(each): each for each in field.arguments
        }
        names = {name: each.python_name for name, each in taken.items()}

        leaves = frozenset(
            name for name, each in taken.items() if _is_taken_as_it_is(core.args[name], each)
        )

        def convert(arguments: Mapping[str, Any]) -> dict[str, Any]:
            if leaves.issuperset(arguments):
                return {
                    names[name]: value
                    for name, value in arguments.items()
                    if value is not strawberry.UNSET
                }
            given = convert_arguments(
                dict(arguments), field.arguments, converter.scalar_registry, converter.config
            )
            return stated(given)

        return convert, len(leaves) == len(taken)

    def _source(self, field: StrawberryField, core: GraphQLField) -> Source:
        (convert, renames), metadata = self._converter(field, core), field.metadata
        if WATCH in metadata:
            return Source("computed", function=_event)
        spec: BatchSpec | None = metadata.get(SEPARATE)
        if spec is not None:
            folds = fold if spec.fold else None
            return Source(
                "batch",
                spec.key,
                spec.argument,
                spec.whole,
                spec.function,
                convert,
                folds,
                renames=renames,
            )
        if CHANGE in metadata:
            return Source("change", function=metadata[CHANGE], convert=convert)
        if COMPUTED in metadata:
            return Source("computed", function=metadata[COMPUTED], every=metadata[EVERY])
        return Source("column", key=field.python_name)

    @property
    def core(self) -> GraphQLSchema:
        return self._schema


def build_schema(roles: frozenset[Role] = EVERYONE) -> GatewaySchema:
    """The graph as readers in any of ``roles`` see it; with all roles, as in schema/schema.graphql."""
    return GatewaySchema(Query, roles, Mutation, Subscription, EVENT_TYPES)


def _is_taken_as_it_is(argument: GraphQLArgument, field_argument: StrawberryArgument) -> bool:
    """Whether graphql-core makes of the argument what the field's function takes."""
    is_leaf = is_leaf_type(get_nullable_type(argument.type))
    return is_leaf and not isinstance(field_argument.type, StrawberryMaybe)


def _event(root: object) -> object:
    """What a subscription's operation is run for is itself what its root field shows."""
    return root


def _is_told(kind: GraphQLObjectType) -> bool:
    """Whether what fields of this type return is always of it, as `Node` says of its own."""
    return getattr(kind.is_type_of, "__func__", None) is vars(Node)["is_type_of"].__func__


def _rule(field: StrawberryField) -> Rule:
    rule: Rule = field.metadata.get(RULE, FREE)
    return rule


def _read(source: Mapping[str, Any] | object, name: str) -> object:
    """A field's value: records are read by subscript, everything else by attribute."""
    try:
        return source[name]  # type: ignore[index]
    except TypeError:
        return getattr(source, name)
