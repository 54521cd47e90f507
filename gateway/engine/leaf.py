"""Leaf: how a scalar's or an enum's values become what the answer holds, a whole column at a time.

A column takes the fast way only where every value is exactly of the type that the leaf knows; any other is
looked at value by value, as graphql-core does it. A custom scalar may bring fast ways of its own in
``extensions["columns"]``: from the exact Python type of the values to a function from a list of them to
the list of what the answer holds. Such a function may raise at anything unusual.
"""

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from types import NoneType
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import inspect

Column = list[Any]
FastWay = Callable[[Column], Column]


class Leaf:
    """One leaf type; ``column`` is the fast way and ``value`` the exact one.

    Values of the ``plain`` types are what the answer holds.
    """

    __slots__ = ("kind", "known", "plain", "ways")

    def __init__(self, kind: GraphQLLeafType) -> None:
        self.kind = kind
        self.ways: Mapping[type, FastWay] = _BUILT_IN.get(kind.name, {})
        if kind is not _SPECIFIED.get(kind.name):
            self.ways = kind.extensions.get("columns", {})
        self.known: dict[type, dict[Any, str]] | None = (
            {} if isinstance(kind, GraphQLEnumType) else None
        )
        self.plain = frozenset(kind for kind, way in self.ways.items() if way is _as_they_are)

    def column(self, values: Column, *, nullable: bool) -> Column | None:
        """The whole column, or ``None`` where its values must be looked at one by one."""
        kinds = set(map(type, values))
        has_nulls = NoneType in kinds
        if has_nulls:
            if not nullable:
                return None
            kinds.discard(NoneType)
        if len(kinds) != 1:
            return None if kinds else values
        (kind,) = kinds
        way = self._names if self.known is not None else self.ways.get(kind)
        if way is None:
            return None
        try:
            if not has_nulls:
                return way(values)
            shown = iter(way([value for value in values if value is not None]))
            return [None if value is None else next(shown) for value in values]
        except Exception:
            return None

    def quick(self, value: Any) -> Any:
        """One value the fast way; raises where it must be looked at as any other."""
        kind = type(value)
        if self.known is None:
            return self.ways[kind]([value])[0]
        name = self.known[kind].get(value) if kind in self.known else None
        return self._names([value])[0] if name is None else name

    def value(self, value: Any) -> Any:
        """One value; raises what is wrong with it."""
        coerced = self.kind.coerce_output_value(value)
        if coerced is Undefined or coerced is None:
            raise TypeError(
                f"Expected `{inspect(self.kind)}.coerce_output_value({inspect(value)})` to return "
                f"non-nullable value, returned: {inspect(coerced)}"
            )
        return coerced

    def _names(self, values: Column) -> Column:
        """An enum's names, each looked up once for each value that there is."""
        assert self.known is not None
        known = self.known.setdefault(type(values[0]), {})
        for value in set(values).difference(known):
            known[value] = self.value(value)
        return [known[value] for value in values]


def _as_they_are(values: Column) -> Column:
    return values


def _whole_numbers(values: Column) -> Column:
    if min(values) < GRAPHQL_MIN_INT or max(values) > GRAPHQL_MAX_INT:
        raise ValueError
    return values


def _numbers(values: Iterable[float]) -> Column:
    column = list(values)
    if not all(map(isfinite, column)):
        raise ValueError
    return column


_SPECIFIED = {
    kind.name: kind for kind in (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)
}
_BUILT_IN: Mapping[str, Mapping[type, FastWay]] = {
    "String": {str: _as_they_are},
    "ID": {str: _as_they_are},
    "Boolean": {bool: _as_they_are},
    "Int": {int: _whole_numbers},
    "Float": {float: _numbers},
}
