"""Variables: an operation's variables, with what their types ask of their values worked out once.

A value that is of the wanted built-in scalar already stays what it is. Any other, and whatever is wrong, goes
graphql-core's way, with all variables of its request.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
    VariableValues,
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValueSource

Given = Mapping[str, Any]

NO_VARIABLES = VariableValues({}, {})


def _any(value: Any) -> bool:
    return True


def _is_whole(value: int) -> bool:
    return GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT


# The exact type of values that are left as they are, and what else must hold of them.
_KNOWN: Sequence[tuple[Any, type, Callable[[Any], bool]]] = (
    (GraphQLID, str, _any),
    (GraphQLString, str, _any),
    (GraphQLBoolean, bool, _any),
    (GraphQLInt, int, _is_whole),
    (GraphQLFloat, float, isfinite),
)


class _Known(NamedTuple):
    """A variable of a built-in scalar; ``absent`` is its source where it may be left out."""

    name: str
    signature: GraphQLVariableSignature
    kind: type
    holds: Callable[[Any], bool]
    nullable: bool
    absent: VariableValueSource | None


class Variables:
    """Those of one operation of one schema."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema = schema
        self._definitions = definitions
        found = [_known(schema, definition) for definition in definitions]
        known = [each for each in found if each is not None]
        self._known = known if len(known) == len(found) else None

    @property
    def only_text(self) -> str | None:
        """The variable that is the only one, where any string stays what it is as its value."""
        known = self._known or ()
        return known[0].name if len(known) == 1 and known[0].kind is str else None

    def read(self, given: Given) -> VariableValues | list[GraphQLError]:
        """The coerced values, or what is wrong with those that were ``given``."""
        known = self._known
        if known is None:
            return self._read_all(given)
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature, kind, holds, nullable, absent in known:
            value = given.get(name, Undefined)
            if value is Undefined and absent is not None:
                sources[name] = absent
            elif (type(value) is kind and holds(value)) or (value is None and nullable):
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = value
            else:
                return self._read_all(given)
        return VariableValues(sources, coerced)

    def _read_all(self, given: Given) -> VariableValues | list[GraphQLError]:
        return get_variable_values(self._schema, self._definitions, dict(given))


def _known(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Known | None:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        return None
    wanted, nullable = get_nullable_type(signature.type), not is_non_null_type(signature.type)
    for scalar, kind, holds in _KNOWN:
        if wanted is scalar:
            may_lack = nullable and definition.default_value is None
            absent = VariableValueSource(signature) if may_lack else None
            return _Known(signature.name, signature, kind, holds, nullable, absent)
    return None
