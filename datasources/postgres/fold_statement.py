"""Fold statement: a shape as one statement, each relation an aggregate in a lateral join.

Rows of a relation stand in the order of their subquery: what is joined to them are aggregates, of which each
is one row, found by the row on its left. So no aggregate sorts.
"""

# ruff: noqa: S608 - the names are those of tables, columns and this file; values are parameters

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Select, false, func, literal_column, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

from datasources.fold import (
    Choice,
    Column,
    Constant,
    Document,
    Edge,
    Hole,
    Identity,
    Inline,
    Members,
    More,
    Node,
    Position,
    Relation,
    Rows,
    Shape,
    Total,
)
from datasources.postgres.fold_subject import SUBJECTS
from datasources.postgres.fold_text import (
    HOLE,
    KEY,
    Part,
    Sql,
    joined,
    lacks,
    listed,
    merged,
    or_else,
    row,
)
from datasources.postgres.fold_value import (
    DocumentPlace,
    Place,
    RowPlace,
    choice,
    column,
    identity,
)
from datasources.postgres.keyset import LIMIT, Walk
from datasources.postgres.statement import Statement

_DIALECT = asyncpg.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z]\w*)")
_PARAMETER = re.compile("\x02(\\w+)\x03")
_SHARED = "scope_"  # what a scope restricts is the same for all relations

_VARIANTS_KEPT = 32  # of one shape

KEY_GIVEN, KEYS_GIVEN = "key", "keys"

Keyed = Literal["by nothing", "by one", "by many"]


@dataclass(frozen=True, slots=True)
class Variant:
    """What is part of the SQL of that which a relation is asked for.

    ``more`` reads one row beyond the page, to tell whether there is one; ``within`` says that a page is
    asked for behind, or ahead of, a position.
    """

    names: tuple[str, ...]
    possible: bool = True
    walk: Walk | None = None
    backward: bool = False
    more: bool = False
    within: bool = False


Variants = tuple[Variant | None, ...]  # by number; None for a relation that is left open


@dataclass(frozen=True, slots=True)
class FoldStatement:
    """Columns: the key's place from 1, texts as bytes, then the counts by number.

    The JSON is ``template`` with a text in the place of each ``None``. ``kinds`` are the types of the
    values of each hole, by its number; ``None`` for values of documents.
    """

    statement: Statement
    template: tuple[bytes | None, ...]
    kinds: Mapping[int, tuple[TypeEngine[Any] | None, ...]]


def parameter_name(number: int, name: str) -> str:
    return name if name.startswith(_SHARED) else f"r{number}_{name}"


_known: WeakKeyDictionary[Shape, OrderedDict[tuple[Variants, Keyed], FoldStatement]]
_known = WeakKeyDictionary()  # shapes live as long as documents are remembered


def fold_statement(shape: Shape, variants: Variants, keyed: Keyed) -> FoldStatement:
    """Compiled once for as long as the shape lives; of each shape those used last.

    One key has a statement of its own: of an array PostgreSQL cannot tell beforehand how long it is, and
    then plans the statement anew each time, which takes longer than to carry it out.
    """
    known = _known.setdefault(shape, OrderedDict())
    found = known.get((variants, keyed))
    if found is None:
        found = known[variants, keyed] = _compiled(shape, variants, keyed)
        if len(known) > _VARIANTS_KEPT:
            known.popitem(last=False)
    known.move_to_end((variants, keyed))
    return found


def _compiled(shape: Shape, variants: Variants, keyed: Keyed) -> FoldStatement:
    builder, template = _Builder(variants), list[bytes | None]()
    root = shape.root

    def apart(parts: Sequence[Part]) -> str:
        """What is literal is put around it later: to join it here copies the whole text."""
        template.extend(None if isinstance(part, Sql) else part.encode() for part in merged(parts))
        texts = [part.sql for part in merged(parts) if isinstance(part, Sql)]
        return ", ".join(f"({text})::bpchar AS t{at}" for at, text in enumerate(texts))

    kind = "" if root.by is None else _type_of(root.subject, root.by)
    key = {"by one": f"{_parameter(KEY_GIVEN)}::{kind}", "by many": "top.key"}.get(keyed)
    written, counted = builder.relation(root, key, apart)
    source, place = f"({written}) AS f0", "1"
    if keyed == "by many":
        given = f"unnest({_parameter(KEYS_GIVEN)}::{kind}[]) WITH ORDINALITY AS top(key, place)"
        source, place = f"{given} CROSS JOIN LATERAL {source}", "top.place"
    counts = [f"f0.c{at}" if at in counted else f"0 AS c{at}" for at in range(shape.counts)]
    texts = [f"f0.t{at}" for at in range(template.count(None))]
    statement = _numbered(
        f"SELECT {', '.join([f'{place} AS place', *texts, *counts])} FROM {source}"
    )
    return FoldStatement(statement, tuple(template), builder.kinds)


def _type_of(subject: str, column: str) -> str:
    return SUBJECTS[subject].subject.table.c[column].type.compile(dialect=_DIALECT)


def _whole(parts: Sequence[Part]) -> str:
    return f"{joined(parts)} AS json"


def _parameter(name: str) -> str:
    return f"\x02{name}\x03"


def _numbered(sql: str) -> Statement:
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    places = {name: place for place, name in enumerate(names, 1)}
    return Statement(_PARAMETER.sub(lambda found: f"${places[found[1]]}", sql), names)


class _Frame:
    """A relation's rows while what is made of them is put together."""

    def __init__(self, relation: Relation, variant: Variant, key: str | None) -> None:
        self.relation, self.variant, self.key = relation, variant, key
        self.subject = SUBJECTS[relation.subject]
        self.alias = f"r{relation.number}"
        self.place = RowPlace(self.alias, self.subject.subject.table)
        self.joins: list[str] = []
        self.counts = {relation.count: "count(*)"}
        self.windowed = variant.more or variant.backward

    @property
    def limit(self) -> str:
        return f"{_parameter(parameter_name(self.relation.number, LIMIT))}::BIGINT"

    @property
    def by(self) -> ColumnElement[bool] | None:
        name = self.relation.by
        if name is None or self.key is None:
            return None
        return self.place.table.c[name] == literal_column(self.key)

    def compiled(self, select: Select[*tuple[Any, ...]]) -> str:
        """Parameters are named after the relation, so that each has its own."""
        text = " ".join(select.compile(dialect=_DIALECT).string.split())
        number = self.relation.number
        return _PLACEHOLDER.sub(lambda found: _parameter(parameter_name(number, found[1])), text)

    def rows(self) -> str:
        """The rows in the order that they are shown in, as a table expression."""
        columns, variant = frozenset(self.place.used), self.variant
        select = self.subject.rows(columns, variant.names, self.by, variant.walk)
        if not variant.possible:
            select = select.where(false())
        rows = f"({self.compiled(select)}) AS"
        if self.windowed:
            placed = "row_number() OVER () AS place, count(*) OVER () AS rows"
            kept = f" WHERE place < {self.limit}" if variant.more else ""
            order = " ORDER BY place DESC" if variant.backward else ""
            rows = f"(SELECT * FROM (SELECT walk.*, {placed} FROM {rows} walk) AS placed{kept}{order}) AS"
        return f"{rows} {self.alias}"

    def total(self) -> str:
        subject = self.subject.subject
        counted = select(func.count()).select_from(subject.table)
        counted = subject.narrowed(counted, self.variant.names)
        if self.by is not None:
            counted = counted.where(self.by)
        if not self.variant.possible:
            counted = counted.where(false())
        return f"({self.compiled(counted)})"


class _Builder:
    def __init__(self, variants: Variants) -> None:
        self.variants = variants
        self.kinds: dict[int, tuple[TypeEngine[Any] | None, ...]] = {}

    def relation(
        self, relation: Relation, key: str | None, select: Callable[[Sequence[Part]], str]
    ) -> tuple[str, list[int]]:
        """A SELECT of one row: the relation's JSON, and the counts whose numbers are returned."""
        variant = self.variants[relation.number]
        assert variant is not None
        frame = _Frame(relation, variant, key)
        if relation.kind == "page":
            parts = self.object(relation.members, lambda node: self.page_node(node, frame))
        else:
            found = self.row(relation.members, frame)
            single = Sql(or_else(f"string_agg({row(found)}, '')", "null"))
            parts = listed(found) if relation.kind == "list" else [single]
        written = select(
            parts
        )  # nothing where no row has a say, as in `hasNextPage` before a cursor
        counts = [f"coalesce({sql}, 0)::int AS c{at}" for at, sql in frame.counts.items()]
        columns = ", ".join([written, *counts] if written else counts)
        source = f"{frame.rows()}{''.join(frame.joins)}"
        return f"SELECT {columns} FROM {source}", [*frame.counts]

    def object(self, members: Members, write: Callable[[Node], Sequence[Part]]) -> list[Part]:
        parts: list[Part] = ["{"]
        for at, (key, node) in enumerate(members):
            parts += [f'{"," if at else ""}"{key}":', *write(node)]
        return [*parts, "}"]

    def row(self, members: Members, frame: _Frame) -> list[Part]:
        return self.object(members, lambda node: self.row_node(node, frame))

    def row_node(self, node: Node, frame: _Frame) -> list[Part]:
        if isinstance(node, Inline):
            return self.row(node.members, frame)
        if isinstance(node, Relation):
            return self.joined_relation(node, frame)
        if isinstance(node, Identity):
            return identity(node, frame.place)
        if isinstance(node, Position):
            assert frame.variant.walk is not None
            return self.hole(node.number, frame.variant.walk.columns, frame.place)
        if isinstance(node, Document) and node.many:
            frame.counts[node.count] = f"sum(jsonb_array_length({frame.place.text(node.name)}))"
        return self.value(node, frame.place)

    def value(self, node: Node, place: Place) -> list[Part]:
        """What rows and documents alike hold."""
        if isinstance(node, Constant):
            return [node.text]
        if isinstance(node, Column):
            return column(node, place)
        if isinstance(node, Choice):
            return choice(node, place)
        if isinstance(node, Hole):
            parts = self.hole(node.number, node.names, place)
            if not (node.null_key and place.may_lack(node.names[0])):
                return parts
            absent = f"{place.text(node.names[0])} IS NULL"
            return [Sql(f"CASE WHEN {absent} THEN 'null' ELSE {joined(parts)} END")]
        assert isinstance(node, Document), node
        return self.document(node, place)

    def document(self, node: Document, place: Place) -> list[Part]:
        expression = place.text(node.name)
        inner = DocumentPlace("item.value" if node.many else expression)
        parts = self.object(node.members, lambda member: self.value(member, inner))
        if node.many:
            source = f"jsonb_array_elements({expression}) AS item(value)"
            parts = [Sql(f"(SELECT {joined(listed(parts))} FROM {source})")]
        if not place.may_lack(node.name):
            return parts
        lacking = lacks(parts) or not node.nullable
        absent = "'null'" if node.nullable else "NULL"
        return [
            Sql(f"CASE WHEN {expression} IS NULL THEN {absent} ELSE {joined(parts)} END", lacking)
        ]

    def joined_relation(self, relation: Relation, frame: _Frame) -> list[Part]:
        if self.variants[relation.number] is None:
            assert relation.unfolded is not None
            return self.value(relation.unfolded, frame.place)
        assert relation.key is not None
        name = f"f{relation.number}"
        written, counted = self.relation(relation, frame.place.text(relation.key), _whole)
        frame.joins.append(f" CROSS JOIN LATERAL ({written}) AS {name}")
        frame.counts |= {at: f"sum({name}.c{at})" for at in counted}
        return [Sql(f"{name}.json")]

    def hole(self, number: int, names: Sequence[str], place: Place) -> list[Part]:
        parts: list[Part] = [f"{HOLE}{number}{KEY}["]
        for at, name in enumerate(names):
            parts += ["," if at else "", Sql(or_else(place.escaped(name), "null"))]
        table = place.table if isinstance(place, RowPlace) else None
        self.kinds[number] = tuple(None if table is None else table.c[name].type for name in names)
        return [*parts, f"]{HOLE}"]

    def page_node(self, node: Node, frame: _Frame) -> list[Part]:
        if isinstance(node, Rows):
            return listed(self.row(node.members, frame))
        if isinstance(node, Inline):
            return self.object(node.members, lambda member: self.page_node(member, frame))
        if isinstance(node, More):
            return self.more(node, frame)
        if isinstance(node, Edge):
            return self.edge(node, frame)
        if isinstance(node, Total):
            return [Sql(f"{frame.total()}::text")]
        if isinstance(node, Hole):
            return self.hole(node.number, (), frame.place)
        assert isinstance(node, Constant), node
        return [node.text]

    def more(self, node: More, frame: _Frame) -> list[Part]:
        """Towards where the walk goes, the row too many tells; where it came from, its bound."""
        variant = frame.variant
        if node.behind is variant.backward:
            return ["true" if variant.within else "false"]
        return [Sql(f"(coalesce(max({frame.alias}.rows), 0) >= {frame.limit})::text")]

    def edge(self, node: Edge, frame: _Frame) -> list[Part]:
        variant, rows = frame.variant, f"{frame.alias}.rows"
        assert variant.walk is not None
        frame.windowed = True
        end = f"least({rows}, {frame.limit} - 1)" if variant.more else rows
        at = end if node.last is not variant.backward else "1"
        hole = joined(self.hole(node.number, variant.walk.columns, frame.place))
        only = f"FILTER (WHERE {frame.alias}.place = {at})"
        return [Sql(or_else(f"string_agg({hole}, '') {only}", "null"))]
