"""Data sources: the table that tells where each field's data comes from holds every field, and only those."""

import re
from pathlib import Path

from graphql import GraphQLObjectType, is_object_type

from schema import build_schema

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "data-sources.md"

Fields = set[tuple[str, str]]


def documented() -> list[tuple[str, list[str], str]]:
    """The rows of the document: a type, its fields and the file that they come from."""
    rows, kind = [], ""
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or line.startswith("|---"):
            continue
        if heading := re.fullmatch(r"Field of (?:any )?(\w+)", cells[0]):
            kind = heading[1]
        else:
            rows.append((kind, re.findall(r"`(\w+)`", cells[0]), cells[-1].strip("`")))
    return rows


def documented_name(kind: str) -> str:
    """Connections and edges of all types are described once."""
    return next((each for each in ("Connection", "Edge") if kind.endswith(each)), kind)


def fields_of_the_schema() -> Fields:
    kinds = [
        kind
        for kind in build_schema().core.type_map.values()
        if is_object_type(kind) and not kind.name.startswith("__")
    ]
    assert all(isinstance(kind, GraphQLObjectType) for kind in kinds)
    return {(documented_name(kind.name), field) for kind in kinds for field in kind.fields}


def test_every_field_of_the_schema_has_one_row_and_no_row_is_stale() -> None:
    fields = [(kind, field) for kind, names, _ in documented() for field in names]

    assert set(fields) == fields_of_the_schema()
    assert sorted(fields) == sorted(set(fields))


def test_every_file_in_the_table_exists() -> None:
    files = {file for _, _, file in documented()}

    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
