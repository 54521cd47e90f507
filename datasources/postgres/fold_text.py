"""Fold text: JSON as an SQL expression, put together from literal text and expressions of text.

Measured against json_build_object, row_to_json, format and concat: docs/decisions/0020-folding.md.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

# None of these stands in JSON text, where control characters are escaped: nothing stored can forge them.
HOLE = "\x1e"  # begins and ends a hole
KEY = "\x1f"  # between a hole's number and its values
MISSING = "\x1a"  # stands where a value must be and is not

_ESCAPED = {HOLE: "\\x1e", KEY: "\\x1f", MISSING: "\\x1a", "\\": "\\\\", "'": "''"}
_AT_ONCE = 12  # a chain of || copies its left side each time: shorter chains copy less


class Sql(NamedTuple):
    """An expression that || takes for text; it ``may_lack``, and is NULL, where a value must be."""

    sql: str
    may_lack: bool = False


Part = str | Sql  # a str is literal JSON


def quoted(text: str) -> str:
    """``text`` as a literal of SQL."""
    escaped = "".join(_ESCAPED.get(character, character) for character in text)
    return f"E'{escaped}'" if "\\" in escaped else f"'{escaped}'"


def joined(parts: Iterable[Part]) -> str:
    """One expression for all of them."""
    terms = [part.sql if isinstance(part, Sql) else quoted(part) for part in merged(parts)]
    while len(terms) > _AT_ONCE:
        groups = [terms[at : at + _AT_ONCE] for at in range(0, len(terms), _AT_ONCE)]
        terms = [f"({' || '.join(group)})" for group in groups]
    return " || ".join(terms) or "''"


def or_else(expression: str, text: str) -> str:
    """``expression``, or ``text`` where it is NULL."""
    return f"coalesce({expression}, {quoted(text)})"


def lacks(parts: Iterable[Part]) -> bool:
    return any(isinstance(part, Sql) and part.may_lack for part in parts)


def row(parts: Sequence[Part]) -> str:
    """One row's JSON. What lacks makes all that it is joined to NULL, so that one look tells of it."""
    return or_else(joined(parts), MISSING) if lacks(parts) else joined(parts)


def listed(parts: Sequence[Part]) -> list[Part]:
    """A JSON array of what ``parts`` say of each row that is aggregated."""
    return ["[", Sql(or_else(f"string_agg({row(parts)}, ',')", "")), "]"]


def merged(parts: Iterable[Part]) -> list[Part]:
    """Literals that stand side by side as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, str) and isinstance(last, str):
            found[-1] = last + part
        elif part != "":
            found.append(part)
    return found
