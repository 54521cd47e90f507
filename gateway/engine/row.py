"""Row: functions that read columns from records, and that build a response's objects from columns.

Columns are read by C code alone. Objects are built by one comprehension, whose text is generated: it depends
on nothing but the names, so that operations of one shape share it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

Extract = Callable[[Sequence[Any]], Sequence[list[Any]]]
Build = Callable[..., list[dict[str, Any]]]
Entries = tuple[tuple[str, str | None], ...]  # response keys, each with its constant or ``None``

_MOST = 2_048  # shapes that are remembered
_WIDEST = 64  # fields of one that is: clients name fields as they like


def extractor(keys: tuple[str, ...]) -> Extract:
    """``extract(records)`` reads each of ``keys`` of some records by subscript, or raises."""
    readers = [itemgetter(key) for key in keys]
    return lambda records: [[*map(read, records)] for read in readers]


def builder(entries: Entries) -> Build:
    """``build(count, column, column...)`` makes the objects of so many rows."""
    return _remembered(entries) if len(entries) <= _WIDEST else _builder(entries)


def _builder(entries: Entries) -> Build:
    names = [f"value_{number}" for number, (_, constant) in enumerate(entries) if constant is None]
    places = iter(names)
    shown = ", ".join(
        f"{key!r}: {next(places) if constant is None else repr(constant)}"
        for key, constant in entries
    )
    parameters = [f"column_{number}" for number in range(len(names))]
    if not names:
        rows = "for _ in range(count)"
    elif len(names) == 1:
        rows = f"for {names[0]} in {parameters[0]}"
    else:
        rows = f"for {', '.join(names)} in zip({', '.join(parameters)})"
    head = ", ".join(["count", *parameters])
    made: Build = _made(f"def made({head}):\n    return [{{{shown}}} {rows}]\n")
    return made


_remembered = lru_cache(maxsize=_MOST)(_builder)


def read_each(records: Sequence[Any], key: str) -> list[Any]:
    """One column of anything: by subscript, or else by attribute; a failure stands in its place."""
    column: list[Any] = []
    for record in records:
        try:
            column.append(_read(record, key))
        except Exception as error:
            column.append(error)
    return column


def _read(record: Any, key: str) -> Any:
    try:
        return record[key]
    except TypeError:
        return getattr(record, key)


def _made(text: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(text, "<row>", "exec"), names)  # noqa: S102
    return names["made"]
