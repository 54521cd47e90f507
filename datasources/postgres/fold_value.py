"""Fold value: how the values of rows and documents are written in JSON, as the graph's scalars show them.

Equal to what ``schema/scalars.py`` prints of the same values; a test compares the two on every form.
"""

# ruff: noqa: S608 - the names are those of tables, columns and this file; values are parameters

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import ARRAY, Boolean, DateTime, Integer, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from datasources.fold import Choice, Column, Form, Identity
from datasources.postgres.fold_text import MISSING, Part, Sql, or_else, quoted

_TIME = "'YYYY-MM-DD\"T\"HH24:MI:SS.US'"
_GROUP = 3  # bytes that base64 writes as four letters


class Place(Protocol):
    """Where values are read from."""

    def text(self, name: str) -> str:
        """The value as an expression of text, or of a type that || turns into text."""
        ...

    def escaped(self, name: str) -> str:
        """The value as JSON, NULL where there is none."""
        ...

    def may_lack(self, name: str) -> bool: ...


class RowPlace:
    """The columns of ``table`` under an alias; ``used`` are those that were asked for."""

    def __init__(self, alias: str, table: Table) -> None:
        self.alias, self.table = alias, table
        self.used: set[str] = set()

    def text(self, name: str) -> str:
        self.used.add(name)
        return f"{self.alias}.{name}"

    def may_lack(self, name: str) -> bool:
        return bool(self.table.c[name].nullable)

    def escaped(self, name: str) -> str:
        kind, value = self.table.c[name].type, self.text(name)
        if isinstance(kind, Text | ARRAY):
            return f"to_json({value})::text"
        if isinstance(kind, JSONB | Integer):
            return f"{value}::text"
        if isinstance(kind, Boolean):
            return shown(Form.BOOLEAN, value)
        if isinstance(kind, DateTime):
            return f"'\"' || {time(value)} || '\"'"
        assert isinstance(kind, Numeric | Uuid), kind
        return f"'\"' || {value} || '\"'"


class DocumentPlace:
    """The keys of a JSONB expression."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def text(self, name: str) -> str:
        return f"({self.expression} ->> {quoted(name)})"

    def may_lack(self, name: str) -> bool:
        return True

    def escaped(self, name: str) -> str:
        return f"({self.expression} -> {quoted(name)})::text"


def time(value: str) -> str:
    """As Python's isoformat: six decimals of a second, or none."""
    return f"replace(to_char({value} AT TIME ZONE 'UTC', {_TIME}), '.000000', '') || 'Z'"


def shown(form: Form, value: str) -> str:
    """The value as text, without quotes around it where JSON has them and nothing is to escape."""
    return _SHOWN[form](value)


_SHOWN: dict[Form, Callable[[str], str]] = {
    Form.TEXT: lambda value: f"to_json({value})::text",
    Form.DECIMAL: lambda value: f"{value}::text",
    Form.TIME: time,
    Form.INTEGER: lambda value: f"{value}::text",
    Form.BOOLEAN: lambda value: f"{value}::text",
}
_QUOTED = frozenset({Form.DECIMAL, Form.TIME})


def column(node: Column, place: Place) -> list[Part]:
    text, quote = shown(node.form, place.text(node.name)), '"' if node.form in _QUOTED else ""
    return _present(text, quote, place.may_lack(node.name), node.nullable)


def choice(node: Choice, place: Place) -> list[Part]:
    value = place.text(node.name)
    if node.many:
        return _present(_labels(node, value), "", place.may_lack(node.name), node.nullable)
    return _present(_label(node, value), '"', True, node.nullable)


def identity(node: Identity, place: RowPlace) -> list[Part]:
    """The part that all ids of the type begin with is written by hand; PostgreSQL encodes the rest."""
    start = f"{node.type_name}:".encode()
    whole = len(start) // _GROUP * _GROUP
    rest, value = quoted(start[whole:].decode()), place.text(node.name)
    encoded = f"encode(convert_to({rest} || {value}::text, 'UTF8'), 'base64')"
    if not isinstance(place.table.c[node.name].type, Uuid):
        # Longer texts are broken into lines, and may hold bytes that URLs spell otherwise.
        encoded = f"translate({encoded}, E'+/\\n', '-_')"
    return [
        f'"{urlsafe_b64encode(start[:whole]).decode()}',
        Sql(f"replace({encoded}, '=', '')"),
        '"',
    ]


def _present(text: str, quote: str, may_lack: bool, nullable: bool) -> list[Part]:
    """A value that may lack is null where the schema lets it, and else is seen to be missing."""
    if not may_lack:
        return [quote, Sql(f"({text})"), quote]
    if not nullable:
        return [quote, Sql(f"({text})", may_lack=True), quote]
    whole = f"{quoted(quote)} || {text} || {quoted(quote)}" if quote else text
    return [Sql(or_else(whole, "null"))]


def _label(node: Choice, value: str) -> str:
    """NULL for a value that is not in the set."""
    cases = [f"WHEN {quoted(stored)} THEN {quoted(label)}" for stored, label in node.labels]
    return f"CASE {value} {' '.join(cases)} END"


def _labels(node: Choice, value: str) -> str:
    """Where names are the values in capitals, as they mostly are, no item is looked at by itself."""
    if all(label == stored.upper() for stored, label in node.labels):
        found = f'upper(array_to_string({value}, \'","\') COLLATE "C")'
    else:
        label = or_else(_label(node, "label"), MISSING)
        found = f"(SELECT string_agg({label}, '\",\"') FROM unnest({value}) AS label)"
    return f"CASE WHEN cardinality({value}) = 0 THEN '[]' ELSE '[\"' || {found} || '\"]' END"
