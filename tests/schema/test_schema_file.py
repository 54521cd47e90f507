"""The schema file: as the code builds it, and readable by stock tools."""

from pathlib import Path

from graphql import build_schema, validate_schema

import schema

COMMITTED = Path(schema.__file__).with_name("schema.graphql")


def test_the_committed_schema_is_what_the_code_builds() -> None:
    built = f"{schema.build_schema().as_str()}\n"
    assert COMMITTED.read_text(encoding="utf-8") == built, "run: gateway schema print --write"


def test_stock_tools_can_read_it() -> None:
    assert validate_schema(build_schema(COMMITTED.read_text(encoding="utf-8"))) == []
