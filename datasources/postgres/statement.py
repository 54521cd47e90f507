"""Statement: SQL that was compiled once, with numbered placeholders and the names of their values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

Parameters = Mapping[str, object]

_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z]\w*)")
_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    names: tuple[str, ...]

    def arguments(self, parameters: Parameters) -> Sequence[object]:
        """The values in the order of the placeholders."""
        return [*map(parameters.__getitem__, self.names)]


def compile_statement(select: Select[*tuple[Any, ...]]) -> Statement:
    compiled = select.compile(dialect=_DIALECT)
    return Statement(" ".join(compiled.string.split()), tuple(compiled.positiontup or ()))


def value(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """A placeholder."""
    return bindparam(name, type_=kind, required=True)


def written(sql: str) -> Statement:
    """A statement written by hand, with placeholders like ``:name``."""
    names = tuple(dict.fromkeys(_PLACEHOLDER.findall(sql)))
    numbered = _PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return Statement(" ".join(numbered.split()), names)
