"""Fold: writes the JSON of a shape, with all of its relations, in one statement."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import DateTime, Numeric, Uuid
from sqlalchemy.types import TypeEngine

from datasources.fold import Asked, Relation, Shape, UnwritableError, Written
from datasources.postgres.condition import storable
from datasources.postgres.engine import Postgres
from datasources.postgres.fold_statement import (
    KEY_GIVEN,
    KEYS_GIVEN,
    FoldStatement,
    Keyed,
    Variant,
    fold_statement,
    parameter_name,
)
from datasources.postgres.fold_subject import SUBJECTS, nothing
from datasources.postgres.fold_text import HOLE, KEY, MISSING
from datasources.postgres.funnel import Row
from datasources.postgres.keyset import walk_of, walk_parameters
from datasources.scope import Scope

_HOLE, _KEY, _MISSING = HOLE.encode(), KEY.encode(), MISSING.encode()
_NULL = [b"null"]
_NOBODY = ""  # the key in the place of a text that PostgreSQL cannot hold; no row has it
_READERS: tuple[tuple[type[TypeEngine[Any]], Callable[[str], Any]], ...] = (
    (Uuid, UUID),
    (Numeric, Decimal),
    (DateTime, datetime.fromisoformat),
)

Slot = Written | UnwritableError | None


class FoldRepository:
    """Of every table that a shape names."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def write(
        self,
        scope: Scope,
        shape: Shape,
        asked: Mapping[int, Asked],
        keys: Sequence[Any] | None,
    ) -> list[Slot]:
        """See :class:`datasources.fold.Writer`."""
        if keys is not None and not keys:
            return []
        variants: list[Variant | None] = []
        parameters: dict[str, object] = {}
        for relation in shape.relations:
            question = asked.get(relation.number)
            variants.append(
                None if question is None else _variant(scope, relation, question, parameters)
            )
        keyed: Keyed = "by nothing"
        if keys is not None and len(keys) == 1:
            keyed, parameters[KEY_GIVEN] = "by one", _storable(keys[0])
        elif keys is not None:
            keyed, parameters[KEYS_GIVEN] = "by many", [_storable(key) for key in keys]
        found = fold_statement(shape, tuple(variants), keyed)
        read = _Reader(found)
        told = [read.counts + relation.count for relation in shape.relations]

        def count(rows: list[Row]) -> int:
            return sum(row[at] for row in rows for at in told)

        rows = await self._postgres.fetch(scope, found.statement, parameters, count)
        slots: list[Slot] = [None] * (1 if keys is None else len(keys))
        while rows:  # texts are long: each goes when it is read
            row = rows.pop()
            slots[row[0] - 1] = read(row)
        return slots


def _variant(
    scope: Scope, relation: Relation, asked: Asked, parameters: dict[str, object]
) -> Variant:
    """Fills in the relation's ``parameters`` beside."""
    subject = SUBJECTS[relation.subject]
    conditions = (nothing if asked.where is None else subject.conditions)(scope, asked.where)
    number, keyset = relation.number, asked.keyset
    if conditions.possible:
        for name, value in conditions.parameters.items():
            parameters[parameter_name(number, name)] = value
    names = conditions.names if conditions.possible else ()
    if keyset is None:
        return Variant(names, conditions.possible)
    ahead, behind = relation.tells
    more = ahead if keyset.backward else behind
    for name, value in walk_parameters(keyset, keyset.limit if more else keyset.limit - 1).items():
        parameters[parameter_name(number, name)] = value
    within = keyset.before if keyset.backward else keyset.after
    return Variant(
        names, conditions.possible, walk_of(keyset), keyset.backward, more, within is not None
    )


def _storable(key: Any) -> Any:
    return _NOBODY if isinstance(key, str) and not storable(key) else key


class _Reader:
    """Splits the JSON of one statement at its holes."""

    def __init__(self, found: FoldStatement) -> None:
        self.readers = {
            number: [_reader(kind) for kind in kinds] for number, kinds in found.kinds.items()
        }
        self.template = found.template
        self.counts = 1 + found.template.count(None)
        self.known: dict[bytes, tuple[int, tuple[Any, ...]]] = {}

    def __call__(self, row: Any) -> Slot:
        texts, counts = iter(row[1:]), tuple(row[self.counts :])
        parts = [next(texts) if part is None else part for part in self.template]
        if parts == _NULL:
            return None
        if any(_MISSING in part for part in parts):
            return UnwritableError("a row lacks a value that it must have")
        if not any(_HOLE in part for part in parts):
            return Written(parts, [], [], counts)
        pieces = _split(parts)
        texts = pieces[1::2]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        marks = [places[text] for text in texts]
        written: list[bytes | None] = [*pieces]
        written[1::2] = [None] * len(marks)
        return Written(written, [self.hole(text) for text in places], marks, counts)

    def hole(self, text: bytes) -> tuple[int, tuple[Any, ...]]:
        hole = self.known.get(text)
        if hole is None:
            number, _, values = text.partition(_KEY)
            readers = self.readers[int(number)]
            hole = self.known[text] = (
                int(number),
                tuple(
                    read(value) if read and value is not None else value
                    for read, value in zip(readers, orjson.loads(values), strict=True)
                ),
            )
        return hole


def _split(parts: Sequence[bytes]) -> list[bytes]:
    """Text, hole, text and so on, of which nothing is copied that stands in one part already."""
    pieces: list[bytes] = []
    begun: list[bytes] = []
    for part in parts:
        first, *others = part.split(_HOLE)
        begun.append(first)
        if others:
            pieces.append(b"".join(begun))
            begun = [others.pop()]
            pieces += others
    pieces.append(b"".join(begun))
    return pieces


def _reader(kind: TypeEngine[Any] | None) -> Callable[[str], Any] | None:
    """How a value's JSON becomes what the driver would have made of it."""
    return next((read for column, read in _READERS if isinstance(kind, column)), None)
