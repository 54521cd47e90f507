"""Fold: a field whose whole subtree a store writes as JSON, and what Python fills into it.

Executors reach it through ``Source.fold``. What the store leaves open for other fields stays a hole, which
the executor fills; cursors, and values that only Python can make, are filled in here.
"""

from asyncio import gather
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson
from graphql import GraphQLField

from datasources.fold import UnwritableError, Written
from resolvers.context import Context
from resolvers.errors import ClientError
from resolvers.fold import Foldable, Question
from schema.fold_shape import (
    CountedPath,
    FoldShape,
    Open,
    OpenCursor,
    OpenField,
    OpenTotal,
    OpenValue,
    UnfoldableError,
    fold_shape,
)
from schema.selection import SEPARATE
from schema.source import Arguments, SelectedField, Source

ArgumentsOf = Callable[[Any], Arguments]
Path = tuple[str | int, ...]

_MARK = "\x1f"  # stands in no text that a client is given unescaped, and is nobody's response key


class FoldedField:
    """One value as text; see gateway/engine/source.py for what executors read."""

    __slots__ = ("_counts", "_paths", "_places", "holes", "marks", "parts")

    def __init__(
        self,
        parts: Sequence[bytes | None],
        holes: Sequence[tuple[int, Any]],
        marks: Sequence[int],
        counts: Sequence[int],
        paths: Sequence[CountedPath],
    ) -> None:
        self.parts, self.holes, self.marks = parts, holes, marks
        self._counts, self._paths = counts, paths
        self._places: dict[int, Path] = {}

    @property
    def counts(self) -> Mapping[tuple[str, ...], int]:
        told = self._counts
        return {each.path: 1 if each.count is None else told[each.count] for each in self._paths}

    def path_of(self, number: int) -> Path:
        if not self._places:
            marks = (orjson.dumps({_MARK: at}) for at in range(len(self.marks)))
            text = b"".join([next(marks) if part is None else part for part in self.parts])
            self._places = dict(_marked(orjson.loads(text), ()))
        return self._places[number]


class FieldFold:
    """A field that is selected in one place of one operation."""

    def __init__(self, use: SelectedField, found: FoldShape) -> None:
        self._use, self._found, self._shape = use, found, found.shape()
        self._foldable: Foldable = found.askings[0].foldable
        self._places: list[int | None] = []
        holes: list[SelectedField] = []
        for each in found.opens:
            own = isinstance(each, OpenCursor | OpenValue)
            self._places.append(None if own else len(holes))
            if isinstance(each, OpenField | OpenTotal):
                holes.append(each.use if isinstance(each, OpenField) else _failing(each.use))
        self._total = any(isinstance(each, OpenTotal) for each in found.opens)
        self._plain = all(isinstance(each, OpenField) for each in found.opens)
        self.holes = tuple(holes)

    async def fetch(
        self, context: Context, keys: Sequence[Any], arguments_of: ArgumentsOf
    ) -> Sequence[FoldedField | Exception | None] | None:
        """See :class:`gateway.engine.source.FoldPlan`."""
        questions = self._questions(context, arguments_of)
        parsed = [self._parsed(key) for key in keys]
        good = list(dict.fromkeys(key for key in parsed if not isinstance(key, ClientError)))
        found: dict[Any, FoldedField | None] = {}
        if good:
            rows, totals = await self._read(context, questions, good)
            if any(isinstance(row, UnwritableError) for row in rows):
                return None
            filling = _Filling(context, self._found.opens, questions, totals)
            paths = [path for path in self._found.paths if path.relation in questions]
            if self._foldable.by is None:
                rows = [*rows] * len(good)
            for key, row in zip(good, rows, strict=True):
                assert not isinstance(row, UnwritableError)
                found[key] = None if row is None else self._folded(row, key, filling, paths)
        return [key if isinstance(key, ClientError) else found[key] for key in parsed]

    def _questions(self, context: Context, arguments_of: ArgumentsOf) -> dict[int, Question]:
        """By relation; those below the first that cannot be asked for are left open, where each
        object gets the error that it gets on the other road."""
        arguments = dict(arguments_of(self._use))
        source: Source = self._use.definition.extensions["source"]
        if source.argument is not None:
            del arguments[source.argument]
        questions = {0: self._foldable.ask(context, **arguments)}
        for number, asking in enumerate(self._found.askings[1:], 1):
            if asking.outer in questions:
                try:
                    given = arguments_of(asking.use)
                    questions[number] = asking.foldable.ask(context, **given)
                except Exception:  # noqa: S112 - the other road meets it again, and reports it
                    continue
        return questions

    def _parsed(self, key: Any) -> Any:
        try:
            return self._foldable.parse(key) if self._foldable.parse else key
        except ClientError as error:
            return error

    async def _read(
        self, context: Context, questions: Mapping[int, Question], keys: Sequence[Any]
    ) -> tuple[Sequence[Written | UnwritableError | None], Mapping[Any, int] | Exception]:
        """What is written, and the lengths of the outermost lists, asked for at the same time."""
        asked = {number: question.asked for number, question in questions.items()}
        given = keys if self._foldable.by else None
        writing = context.stores.folds.write(context.scope, self._shape, asked, given)
        if not self._total:
            return await writing, {}
        assert self._foldable.count is not None
        counting = self._foldable.count(context, keys, asked[0])
        rows, totals = await gather(writing, counting, return_exceptions=True)
        for outcome in (rows, totals):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                raise outcome
        if isinstance(rows, BaseException):
            raise rows
        return rows, cast(Mapping[Any, int] | Exception, totals)

    def _folded(
        self, written: Written, key: Any, filling: "_Filling", paths: Sequence[CountedPath]
    ) -> FoldedField:
        if self._plain:
            holes: list[tuple[int, Any]] = [
                (self._places[number], values[0])  # type: ignore[misc]
                for number, values in written.holes
            ]
            return FoldedField(written.parts, holes, written.marks, written.counts, paths)
        holes = []
        made: list[bytes | int] = []  # a hole's text, or the number that it now has
        for number, values in written.holes:
            value = filling.of(number, values, key)
            if isinstance(value, bytes):
                made.append(value)
                continue
            place = self._places[number]
            assert place is not None
            made.append(len(holes))
            holes.append((place, value[0]))
        standing = [made[mark] for mark in written.marks]
        texts = iter([text if isinstance(text, bytes) else None for text in standing])
        filled = [next(texts) if part is None else part for part in written.parts]
        marks = [mark for mark in standing if isinstance(mark, int)]
        return FoldedField(filled, holes, marks, written.counts, paths)


class _Filling:
    """What Python makes of holes' values."""

    def __init__(
        self,
        context: Context,
        opens: Sequence[Open],
        questions: Mapping[int, Question],
        totals: Mapping[Any, int] | Exception,
    ) -> None:
        self.cursors, self.opens, self.totals = context.cursors, opens, totals
        self.listings = {number: question.listing for number, question in questions.items()}

    def of(self, number: int, values: tuple[Any, ...], key: Any) -> bytes | tuple[Any, ...]:
        """The hole's text, or in a tuple the key that the executor asks its field for."""
        hole = self.opens[number]
        if isinstance(hole, OpenField):
            return values
        if isinstance(hole, OpenCursor):
            listing = self.listings[hole.relation]
            assert listing is not None
            return orjson.dumps(self.cursors.encode(listing.cursor_name, values))
        if isinstance(hole, OpenTotal):
            totals = self.totals
            return (totals,) if isinstance(totals, Exception) else b"%d" % totals.get(key, 0)
        value = hole.function(dict(zip(hole.names, values, strict=True)))
        return orjson.dumps(None if value is None else hole.kind.coerce_output_value(value))


def fold(use: SelectedField) -> FieldFold | None:
    """``None`` where the field cannot be written by one store, or costs less without."""
    spec = use.definition.extensions["strawberry-definition"].metadata.get(SEPARATE)
    if spec is None or spec.fold is None:
        return None
    try:
        return FieldFold(use, fold_shape(use, spec.fold))
    except UnfoldableError:
        return None


async def _fail(context: Context, keys: Sequence[Exception], selection: Any) -> Sequence[Exception]:
    return keys


def _failing(use: SelectedField) -> SelectedField:
    """The field in an executor's hands where it has failed: its keys are the errors."""
    definition = GraphQLField(use.definition.type, extensions={"source": _FAILING})
    return cast(SelectedField, replace(cast(Any, use), definition=definition))


_FAILING = Source("batch", function=_fail)


def _marked(value: Any, path: Path) -> Iterator[tuple[int, Path]]:
    """The marks in a tree, each with its place."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _marked(item, (*path, at))
    elif isinstance(value, dict):
        if _MARK in value:
            yield value[_MARK], path
            return
        for key, item in value.items():
            yield from _marked(item, (*path, key))
