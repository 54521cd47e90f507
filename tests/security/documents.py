"""Documents: random operations over whatever a schema holds, with the arguments of a nosy reader."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_interface_type,
    is_required_argument,
)

DEPTH = 4
ROOTS = 3
MOST_FIELDS = 4
_WEIGHT_OF_RELATIONS = 3  # a field that leads on, against one that does not
_SHARE_OF_ARGUMENTS = 0.3
UNSTEADY = {"freshness", "stores", "rateLimit", "viewer"}  # no rows, or others each moment


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor that some list made, with the order that the list was in (as an argument's text)."""

    text: str
    order: str | None


@dataclass(frozen=True, slots=True)
class Pools:
    """What a reader may have got hold of, its own and others'."""

    ids: Mapping[str, Sequence[str]]  # global ids by type
    cursors: Mapping[str, Sequence[Cursor]]  # by coordinate of the list
    words: Sequence[str]  # of companies' names
    materials: Sequence[str]
    days: int  # that reach back to the first row


def document(random: Random, schema: GraphQLSchema, pools: Pools) -> str:
    """The text of one query that is valid in ``schema``."""
    assert schema.query_type
    return Writer(random, schema, pools).selection(schema.query_type, DEPTH)


class Writer:
    def __init__(self, random: Random, schema: GraphQLSchema, pools: Pools) -> None:
        self.random = random
        self.schema = schema
        self.pools = pools
        self.aliases = 0

    def likely(self) -> bool:
        return self.random.random() < 0.5

    def selection(self, kind: Any, depth: int) -> str:
        if is_interface_type(kind):
            return self.abstract(kind, depth)
        fields = [
            (name, field)
            for name, field in kind.fields.items()
            if name not in UNSTEADY and (depth > 1 or not self.is_deep(field))
        ]
        weights = [_WEIGHT_OF_RELATIONS if self.is_deep(field) else 1 for _, field in fields]
        count = ROOTS if depth == DEPTH else self.random.randint(1, MOST_FIELDS)
        chosen = self.random.choices(fields, weights, k=count)
        written = [self.field(kind, name, field, depth) for name, field in chosen]
        if "id" in kind.fields:
            written.append("id")
        return f"{{ __typename {' '.join(written)} }}"

    def abstract(self, kind: Any, depth: int) -> str:
        """Every possible type, so that whatever is found shows something of itself."""
        possible = self.schema.get_possible_types(kind)
        parts = [f"... on {each.name} {self.selection(each, depth)}" for each in possible]
        return f"{{ __typename {' '.join(parts)} }}"

    def is_deep(self, field: GraphQLField) -> bool:
        """Whether it leads to objects that have a list or a relation of their own."""
        return is_composite_type(get_named_type(field.type))

    def field(self, parent: GraphQLObjectType, name: str, field: GraphQLField, depth: int) -> str:
        self.aliases += 1
        written = f"f{self.aliases}: {name}{self.arguments(f'{parent.name}.{name}', field)}"
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return written
        below = depth if kind.name.endswith(("Connection", "Edge")) else depth - 1
        return f"{written} {self.selection(kind, below)}"

    def arguments(self, coordinate: str, field: GraphQLField) -> str:
        given = self.page(coordinate) if "first" in field.args else {}
        if "days" in field.args:
            given |= self.span(field.args)
        for name, argument in field.args.items():
            if name in _TAKEN or name in given:
                continue
            if is_required_argument(argument) or self.random.random() < _SHARE_OF_ARGUMENTS:
                given[name] = self.value(coordinate, name, argument.type)
        return _written(given)

    def arguments_that_must(self, coordinate: str, field: GraphQLField) -> str:
        """The arguments without which the field cannot be asked for, and a range that holds rows."""
        given = {
            name: self.value(coordinate, name, argument.type)
            for name, argument in field.args.items()
            if is_required_argument(argument)
        }
        if "days" in field.args:
            given |= {"days": str(self.pools.days)}
        return _written(given)

    def page(self, coordinate: str) -> dict[str, str]:
        size = "first" if self.likely() else "last"
        given = {size: str(self.random.randint(1, 4))}
        cursors = self.pools.cursors.get(coordinate, ())
        if cursors and self.likely():
            cursor = self.random.choice(cursors)
            side = "after" if self.likely() else "before"
            given[side] = _text(cursor.text)
            if cursor.order:
                given["orderBy"] = cursor.order
        return given

    def span(self, arguments: Mapping[str, GraphQLArgument]) -> dict[str, str]:
        days = self.pools.days
        if "interval" not in arguments:
            return {"days": str(self.random.choice([1, 30, days]))}
        chosen = [(days, "MONTH"), (days, "WEEK"), (min(days, 120), "DAY"), (2, "HOUR")]
        number, interval = self.random.choice(chosen)
        return {"days": str(number), "interval": interval}

    def value(self, coordinate: str, name: str, kind: Any) -> str:
        kind = get_nullable_type(kind) if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(kind, GraphQLList):
            count = self.random.randint(1, 3)
            return (
                f"[{', '.join(self.value(coordinate, name, kind.of_type) for _ in range(count))}]"
            )
        if isinstance(kind, GraphQLInputObjectType):
            return self.input_object(kind)
        if isinstance(kind, GraphQLEnumType):
            return str(self.random.choice(sorted(kind.values)))
        if kind.name == "ID":
            return _text(self.id_for(coordinate))
        if kind.name == "String":
            return _text(self.random.choice(self.words_for(name)))
        return _SCALARS[kind.name](self.random)

    def input_object(self, kind: GraphQLInputObjectType) -> str:
        fields = kind.fields
        required = [name for name, each in fields.items() if isinstance(each.type, GraphQLNonNull)]
        some = self.random.choices(sorted(fields), k=self.random.randint(1, 2))
        given = (
            f"{name}: {self.value(kind.name, name, fields[name].type)}"
            for name in dict.fromkeys([*required, *some])
        )
        return f"{{{', '.join(given)}}}"

    def id_for(self, coordinate: str) -> str:
        """Mostly of the type that is wanted there, now and then of another."""
        wanted = {
            "Query.customer": "Customer",
            "Query.calculation": "PricingCalculation",
            "CalculationFilter": "Customer",
            "LogFilter": "PricingCalculation",
        }.get(coordinate)
        if wanted is None or self.random.random() < 0.1:
            wanted = self.random.choice(sorted(self.pools.ids))
        return self.random.choice(self.pools.ids[wanted])

    def words_for(self, name: str) -> Sequence[str]:
        if name in ("material", "materials", "name"):
            return self.pools.materials
        if name == "search":
            return self.pools.words
        return [*self.pools.words[:5], "aluminum", "steel", "x", ""]


_TAKEN = {"first", "last", "after", "before"}

_SCALARS: dict[str, Callable[[Random], str]] = {
    "JSON": lambda random: f"{{number: {random.randint(0, 9)}}}",
    "Boolean": lambda random: random.choice(["true", "false"]),
    "Int": lambda random: str(random.randint(0, 400)),
    "Float": lambda random: str(random.randint(0, 400)),
    "Decimal": lambda random: f'"{random.randint(0, 500)}.5"',
    "DateTime": lambda random: (
        f'"2026-{random.randint(8, 11):02}-{random.randint(1, 28):02}T00:00:00Z"'
    ),
}


def _written(arguments: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{name}: {text}" for name, text in arguments.items())
    return f"({pairs})" if pairs else ""


def _text(text: str) -> str:
    return orjson.dumps(text).decode()
