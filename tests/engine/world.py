"""World: a random schema with records behind it, some of which break what the schema says of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from resolvers.batch import EMPTY

WAYS = ("default", "column", "computed", "sync", "async", "batch", "batch")
FAULTS = ("raises", "short", "none", "none", "none", "none")
UNLUCKY = 13  # an argument that has the resolver raise
RECORDS = 3  # of each type
KEY = "key of "

Fields = Callable[[], dict[str, GraphQLField]]

MONEY = GraphQLScalarType(
    "Money",
    serialize=lambda value: format(value, "f"),
    extensions={"columns": {Decimal: lambda values: [format(value, "f") for value in values]}},
)
ODD = GraphQLScalarType("Odd", serialize=lambda value: value if value != "odd" else None)
COLOUR = GraphQLEnumType("Colour", {"RED": 1, "GREEN": "green", "BLUE": ("b",)})
LEAVES = (
    GraphQLString,
    GraphQLInt,
    GraphQLFloat,
    GraphQLBoolean,
    GraphQLID,
    MONEY,
    ODD,
    COLOUR,
)
GOOD: Mapping[str, Sequence[Any]] = {
    "String": ("a", "", 'ü\n"', "b"),
    "Int": (0, 1, -7, 2**31 - 1),
    "Float": (0.5, -1.0, 1e300, 3.0),
    "Boolean": (True, False),
    "ID": ("id", "7", "x"),
    "Money": (Decimal("1.20"), Decimal("3E+4"), Decimal(0)),
    "Odd": (1, "even", [1, {"a": None}], {"k": [True]}),
    "Colour": (1, "green", ("b",)),
}
BAD: Mapping[str, Sequence[Any]] = {
    "String": (1, True, 1.5, {"no": "text"}, [1]),
    "Int": (2**31, 1.0, 1.5, "12", True, float("nan"), Decimal(3)),
    "Float": (float("nan"), float("inf"), 7, "8", True, "x"),
    "Boolean": (1, 0, "yes", 0.0),
    "ID": (5, 1.5, True, b"x"),
    "Money": ("text", 1, None),
    "Odd": ("odd",),
    "Colour": (True, 1.0, "purple", ["b"], 2),
}


class Key:
    """One for each value of a record, so that a record that stands in many places is asked for once."""

    def __init__(self, record: "Record", name: str) -> None:
        self.value = record[name]
        self.identity = (id(record), name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.identity == self.identity

    def __hash__(self) -> int:
        return hash(self.identity)


class Record(dict[str, Any]):
    """Has a key for each of its values, and none for what it lacks."""

    def __missing__(self, name: str) -> Key | None:
        if not name.startswith(KEY):
            raise KeyError(name)
        own = name.removeprefix(KEY)
        return Key(self, own) if own in self else None


@dataclass
class World:
    schema: GraphQLSchema
    root: Record


class Builder:
    """``harm`` is the share of values that are not what the schema says."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.harm = random.choice((0.0, 0.02, 0.1))
        self.objects: list[GraphQLObjectType] = []
        self.interfaces: list[GraphQLInterfaceType] = []
        self.records: dict[str, list[Record]] = {}

    def build(self) -> World:
        random = self.random
        inherited = []
        for number in range(2):
            fields = self.lazily(f"i{number}_", random.random())
            self.interfaces.append(GraphQLInterfaceType(f"I{number}", fields))
            inherited.append(fields)
        for number in range(4):
            chosen = [place for place in range(2) if random.random() < 0.5]
            own = self.lazily(f"o{number}_", random.random())
            kind = GraphQLObjectType(
                f"O{number}",
                _merged([*(inherited[place] for place in chosen), own]),
                [self.interfaces[place] for place in chosen],
            )
            self.objects.append(kind)
            if random.random() < 0.3:
                kind.is_type_of = self.check(random.random() < 0.3)
        members = random.sample(self.objects, random.randint(1, 3))
        self.union = GraphQLUnionType("U", members)
        query = GraphQLObjectType("Query", self.lazily("q_", random.random()))
        mutation = GraphQLObjectType("Mutation", self.lazily("m_", random.random()))
        schema = GraphQLSchema(query, mutation, types=[*self.objects, self.union])
        self.records = {
            kind.name: [Record(__typename=kind.name) for _ in range(RECORDS)]
            for kind in self.objects
        }
        for kind in self.objects:
            for record in self.records[kind.name]:
                self.fill(kind, record)
        root = Record()
        for kind in (query, mutation):
            self.fill(kind, root)
        return World(schema, root)

    def check(self, is_async: bool) -> Callable[..., Any]:
        def is_type_of(value: Any, info: Any) -> bool:
            return value.get("__typename") is not None and not value.get("imposter")

        async def is_type_of_later(value: Any, info: Any) -> bool:
            return is_type_of(value, info)

        return is_type_of_later if is_async else is_type_of

    def lazily(self, prefix: str, seed: float) -> Fields:
        return lambda: self.fields(prefix, Random(seed))  # noqa: S311

    def fields(self, prefix: str, random: Random) -> dict[str, GraphQLField]:
        found = {}
        for number in range(random.randint(3, 6)):
            name = f"{prefix}{number}"
            found[name] = self.field(name, random)
        return found

    def field(self, name: str, random: Random) -> GraphQLField:
        named: Any = random.choice((random.choice(LEAVES), self.named(random)))
        kind: Any = GraphQLNonNull(named) if random.random() < 0.3 else named
        while random.random() < 0.35:
            kind = GraphQLList(kind)
            kind = GraphQLNonNull(kind) if random.random() < 0.3 else kind
        way = random.choice(WAYS)
        arguments = {}
        if way in ("sync", "async", "batch") and random.random() < 0.5:
            arguments["x"] = GraphQLArgument(GraphQLInt, default_value=random.choice((1, UNLUCKY)))
            if random.random() < 0.3:
                arguments["y"] = GraphQLArgument(GraphQLNonNull(GraphQLInt), default_value=2)
        return bound(name, kind, way, arguments, random)

    def named(self, random: Random) -> Any:
        return random.choice((*self.objects, *self.objects, *self.interfaces, self.union))

    def fill(self, kind: GraphQLObjectType, record: Record) -> None:
        for name, each in kind.fields.items():
            record[name] = self.value(each.type)
        if self.random.random() < self.harm:
            record["imposter"] = True
        if self.random.random() < self.harm:
            del record[self.random.choice(list(kind.fields))]

    def value(self, kind: Any) -> Any:
        random = self.random
        if random.random() < self.harm:
            return random.choice((None, ValueError("a value that failed"), 5, "text"))
        if is_non_null_type(kind):
            return self.value(kind.of_type)
        if random.random() < 0.1:
            return None
        if is_list_type(kind):
            items = [self.value(kind.of_type) for _ in range(random.choice((0, 1, 2, 3)))]
            return random.choice((items, items, tuple(items)))
        named = get_named_type(kind)
        if named.name in GOOD:
            harmed = random.random() < self.harm
            return random.choice((BAD if harmed else GOOD)[named.name])
        if random.random() < self.harm:
            return {"__typename": random.choice(("O0", "O1", "Nothing", "Colour", 5, None))}
        possible = [named] if is_object_type(named) else self.possible(named)
        if not possible:
            return None
        return random.choice(self.records[random.choice(possible).name])

    def possible(self, named: Any) -> Sequence[GraphQLObjectType]:
        if isinstance(named, GraphQLUnionType):
            return [*named.types]
        return [each for each in self.objects if named in each.interfaces]


def _merged(parts: Sequence[Fields]) -> Fields:
    return lambda: {name: field for part in parts for name, field in part().items()}


def _read(record: Any, name: str) -> Any:
    try:
        return record[name]
    except TypeError:
        return getattr(record, name)


def bound(
    name: str, kind: Any, way: str, arguments: dict[str, GraphQLArgument], random: Random
) -> GraphQLField:
    """A field that reads ``name`` of its record in one of the ways, for both executors."""
    if way == "default":
        return GraphQLField(kind)
    if way == "batch":
        return _batched(name, kind, arguments, random)

    def read(record: Any, info: Any = None, **given: Any) -> Any:
        if given.get("x") == UNLUCKY:
            raise ValueError(f"{name} has no luck")
        return _read(record, name)

    async def read_later(record: Any, info: Any, **given: Any) -> Any:
        return read(record, info, **given)

    if way in ("sync", "async"):
        return GraphQLField(kind, arguments, read if way == "sync" else read_later)
    source = SimpleNamespace(kind=way, key=name, function=read, every=None, convert=dict, fold=None)
    return GraphQLField(kind, resolve=read, extensions={"source": source})


def _batched(
    name: str, kind: Any, arguments: dict[str, GraphQLArgument], random: Random
) -> GraphQLField:
    fault = random.choice(FAULTS)
    is_patient = random.random() < 0.5

    async def function(world: Any, keys: Sequence[Any], selection: Any, **given: Any) -> list[Any]:
        if fault == "raises" and given.get("x") != 1:
            raise LookupError(f"{name} is away")
        if given.get("x") == UNLUCKY:
            raise ValueError(f"{name} has no luck")
        slots = [record.value for record in keys]
        return slots[1:] if fault == "short" and given.get("y") != 2 else slots

    key_name = f"{KEY}{name}"

    async def resolve(record: Any, info: Any, **given: Any) -> Any:
        key = _read(record, key_name)
        if key is None:
            return None
        slots = await function(info.context, [key], EMPTY, **given)
        if len(slots) != 1:
            raise RuntimeError(f"{function.__qualname__} answered 1 keys with {len(slots)} slots")
        return slots[0]

    source = SimpleNamespace(
        kind="batch",
        key=key_name,
        argument=None,
        whole=False,
        function=function,
        convert=dict,
        select=lambda use: EMPTY if is_patient else use.nodes,
        fold=None,
    )
    return GraphQLField(kind, arguments, resolve, extensions={"source": source})
