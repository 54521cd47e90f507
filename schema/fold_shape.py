"""Fold shape: reads from a selected field what a store can write of it as JSON, and what it must leave open.

Everything here comes from the fields' own definitions: where a value lives, what it is called, how a
relation is found. What they do not say is left open for Python, or keeps the field from being folded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from datasources.fold import (
    Choice,
    Column,
    Constant,
    Document,
    Edge,
    Form,
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
from resolvers.fold import Foldable
from schema.fields import WRITTEN
from schema.selection import COLUMNS, SEPARATE
from schema.source import SelectedField, Source

_FORMS = {
    "String": Form.TEXT,
    "Decimal": Form.DECIMAL,
    "DateTime": Form.TIME,
    "Int": Form.INTEGER,
    "Boolean": Form.BOOLEAN,
}


class UnfoldableError(Exception):
    """Something of a field cannot be written by a store."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A relation of the shape and the use of the field that asks for it; ``outer`` is the one around it."""

    foldable: Foldable
    use: SelectedField
    outer: int | None


@dataclass(frozen=True, slots=True)
class OpenField:
    """A hole for a field that its batch function answers by the hole's key."""

    use: SelectedField


@dataclass(frozen=True, slots=True)
class OpenCursor:
    """A hole for a cursor of the relation of that number."""

    relation: int


@dataclass(frozen=True, slots=True)
class OpenValue:
    """A hole for what ``function`` makes of the record's ``names``."""

    function: Callable[[Any], Any]
    names: tuple[str, ...]
    kind: GraphQLLeafType
    nullable: bool


@dataclass(frozen=True, slots=True)
class OpenTotal:
    """A hole for the length of the outermost list, which is counted beside it."""

    use: SelectedField


@dataclass(frozen=True, slots=True)
class CountedPath:
    """Where objects of a relation's rows stand, and the number they are counted under.

    ``None`` stands for the field itself, which is there or not.
    """

    path: tuple[str, ...]
    relation: int
    count: int | None


Open = OpenField | OpenCursor | OpenValue | OpenTotal


@dataclass(slots=True)
class FoldShape:
    """``askings`` are by the relations' numbers, ``opens`` by the holes'; ``paths`` are those of objects."""

    askings: list[Asking] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    opens: list[Open] = field(default_factory=list)
    paths: list[CountedPath] = field(default_factory=list)
    counts: int = 0

    def shape(self) -> Shape:
        return Shape(self.relations[0], tuple(self.relations), self.counts)

    def count(self) -> int:
        self.counts += 1
        return self.counts - 1

    def open(self, hole: Open) -> int:
        self.opens.append(hole)
        return len(self.opens) - 1

    def mark(self) -> tuple[int, ...]:
        return len(self.relations), len(self.opens), len(self.paths), self.counts

    def forget(self, mark: tuple[int, ...]) -> None:
        """All that was found since."""
        relations, opens, paths, self.counts = mark
        del self.askings[relations:], self.relations[relations:]
        del self.opens[opens:], self.paths[paths:]


def fold_shape(use: SelectedField, foldable: Foldable) -> FoldShape:
    """Raises :class:`UnfoldableError` where the field runs as well, or only, without."""
    walk = _Walk()
    walk.relation(_Spot(None, (), None), use, foldable)
    found = walk.found
    if foldable.kind == "one" and len(found.relations) == 1:
        raise UnfoldableError("one row costs least as a row")
    return found


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the walk is: the relation around, the response path, and the count of the objects there."""

    relation: int | None
    path: tuple[str, ...]
    count: int | None

    def below(self, key: str) -> "_Spot":
        return _Spot(self.relation, (*self.path, key), self.count)


class _Walk:
    def __init__(self) -> None:
        self.found = FoldShape()

    def relation(
        self, spot: _Spot, use: SelectedField, foldable: Foldable, unfolded: Hole | None = None
    ) -> Relation:
        """``spot`` is that of the field itself, in the rows of the relation around it."""
        found = self.found
        number, count = len(found.relations), found.count()
        relation = Relation(
            number, foldable.kind, foldable.subject, foldable.by, _key(use), (), count, unfolded
        )
        found.relations.append(relation)
        found.askings.append(Asking(foldable, use, spot.relation))
        own = spot.count if foldable.kind == "page" else count
        found.paths.append(CountedPath(spot.path, number, own))
        if foldable.kind == "page":
            members = self.page(_Spot(number, spot.path, spot.count), use, count)
            tells = (_tells(members, behind=False), _tells(members, behind=True))
            relation = replace(relation, members=members, tells=tells)
        else:
            members = self.row(_Spot(number, spot.path, count), use.fields)
            relation = replace(relation, members=members)
        found.relations[number] = relation
        return relation

    def row(self, spot: _Spot, fields: Sequence[SelectedField]) -> Members:
        return tuple((each.response_key, self.row_field(spot, each)) for each in fields)

    def row_field(self, spot: _Spot, use: SelectedField) -> Node:
        source = _source(use)
        if source is not None and source.kind == "batch":
            return self.related(spot.below(use.response_key), use, source)
        if use.type is not None and use.name != "__typename":
            return self.document(spot.below(use.response_key), use)
        return self.value(use)

    def related(self, spot: _Spot, use: SelectedField, source: Source) -> Node:
        """A relation, or a hole where it does not fold or many rows can share the one that it leads to."""
        if source.key is None or source.argument is not None:
            raise UnfoldableError("keys do not come from the row")
        found, foldable = self.found, _foldable(use)
        hole = Hole(found.open(OpenField(use)), (source.key,), null_key=True)
        if foldable is None:
            return hole
        mark = found.mark()
        try:
            relation = self.relation(spot, use, foldable, hole)
        except UnfoldableError:
            found.forget(mark)
            return hole
        below = found.relations[relation.number + 1 :]
        if relation.kind == "one" and any(each.kind != "one" for each in below):
            found.forget(mark)
            return hole
        return relation

    def document(self, spot: _Spot, use: SelectedField) -> Node:
        kind, many = _list_item(use.definition.type)
        if is_list_type(kind) or not is_non_null_type(use.definition.type):
            raise UnfoldableError("an object that may be null, or a list of lists")
        count = self.found.count() if many else spot.count
        assert spot.relation is not None
        self.found.paths.append(CountedPath(spot.path, spot.relation, count))
        members = tuple((each.response_key, self.value(each)) for each in use.fields)
        if any(isinstance(node, Column) and node.form is Form.TIME for _, node in members):
            raise UnfoldableError("documents hold no times")
        return Document(_name(use), members, False, many, count if many and count else 0)

    def value(self, use: SelectedField) -> Node:
        if use.name == "__typename":
            return Constant(orjson.dumps(use.parent.name).decode())
        source = _source(use)
        if source is None or use.type is not None or use.is_abstract:
            raise UnfoldableError(f"{use.parent.name}.{use.name}")
        if source.kind == "computed":
            return self.computed(use, source)
        if source.kind != "column":
            raise UnfoldableError(f"{use.parent.name}.{use.name}")
        return _leaf(use)

    def computed(self, use: SelectedField, source: Source) -> Node:
        metadata = _metadata(use)
        written = metadata.get(WRITTEN)
        if isinstance(written, Identity):
            return written
        kind, names = get_named_type(use.definition.type), metadata[COLUMNS]
        nullable = not is_non_null_type(use.definition.type)
        assert source.function is not None
        if not is_leaf_type(kind) or is_list_type(_list_item(use.definition.type)[0]):
            raise UnfoldableError("Python fills in single values only")
        return Hole(self.found.open(OpenValue(source.function, names, kind, nullable)), names)

    def page(self, spot: _Spot, use: SelectedField, count: int) -> Members:
        """``count`` is that of the rows, the spot's that of the page itself."""
        names = {_name(each) for each in use.fields}
        if not names & {"edges", "nodes", "page_info"}:
            raise UnfoldableError("a list that is only counted has no page")
        rows = _Spot(spot.relation, spot.path, count)
        return tuple((each.response_key, self.page_field(spot, rows, each)) for each in use.fields)

    def page_field(self, spot: _Spot, rows: _Spot, use: SelectedField) -> Node:
        name, key = _name(use), use.response_key
        if name == "nodes":
            return Rows(self.rows(rows.below(key), use.fields))
        if name == "edges":
            edge = self.mark_path(rows.below(key))
            return Rows(tuple((each.response_key, self.edge(edge, each)) for each in use.fields))
        if name == "page_info":
            info = self.mark_path(spot.below(key))
            return Inline(tuple((each.response_key, self.info(info, each)) for each in use.fields))
        if name == "total_count":
            if self.found.askings[_number(spot)].outer is not None:
                return Total()
            return Hole(self.found.open(OpenTotal(use)), ())
        return self.value(use)

    def rows(self, spot: _Spot, fields: Sequence[SelectedField]) -> Members:
        return self.row(self.mark_path(spot), fields)

    def edge(self, spot: _Spot, use: SelectedField) -> Node:
        name = _name(use)
        if name == "node":
            return Inline(self.rows(spot.below(use.response_key), use.fields))
        if name == "cursor":
            return Position(self.found.open(OpenCursor(_number(spot))))
        return self.value(use)

    def info(self, spot: _Spot, use: SelectedField) -> Node:
        name = _name(use)
        if name in ("has_next_page", "has_previous_page"):
            return More(behind=name == "has_next_page")
        if name in ("start_cursor", "end_cursor"):
            hole = self.found.open(OpenCursor(_number(spot)))
            return Edge(hole, last=name == "end_cursor")
        return self.value(use)

    def mark_path(self, spot: _Spot) -> _Spot:
        self.found.paths.append(CountedPath(spot.path, _number(spot), spot.count))
        return spot


def _number(spot: _Spot) -> int:
    assert spot.relation is not None
    return spot.relation


def _tells(members: Members, *, behind: bool) -> bool:
    return any(
        More(behind) in (inner for _, inner in node.members)
        for _, node in members
        if isinstance(node, Inline)
    )


def _leaf(use: SelectedField) -> Node:
    kind, many = _list_item(use.definition.type)
    nullable, name = not is_non_null_type(use.definition.type), _name(use)
    named = get_named_type(kind)
    if is_list_type(kind):
        raise UnfoldableError("a list of lists")
    if isinstance(named, GraphQLEnumType):
        labels = tuple((str(value.value), label) for label, value in named.values.items())
        return Choice(name, labels, nullable, many)
    form = _FORMS.get(named.name)
    if form is None or many:
        raise UnfoldableError(f"no form for {use.definition.type}")
    return Column(name, form, nullable)


def _list_item(kind: GraphQLOutputType) -> tuple[Any, bool]:
    """A list's item type, or the type itself, and whether it was a list."""
    bare: Any = kind.of_type if is_non_null_type(kind) else kind
    if not is_list_type(bare):
        return bare, False
    item = bare.of_type
    return (item.of_type if is_non_null_type(item) else item), True


def _source(use: SelectedField) -> Source | None:
    found: Source | None = use.definition.extensions.get("source")
    return found


def _metadata(use: SelectedField) -> dict[str, Any]:
    found: dict[str, Any] = use.definition.extensions["strawberry-definition"].metadata
    return found


def _name(use: SelectedField) -> str:
    """The record key of a column; a field that is none has no name here."""
    source = _source(use)
    return source.key if source and source.kind == "column" and source.key else ""


def _key(use: SelectedField) -> str | None:
    source = _source(use)
    return source.key if source else None


def _foldable(use: SelectedField) -> Foldable | None:
    spec = _metadata(use).get(SEPARATE)
    return spec.fold if spec else None
