"""The console's examples: each is valid against the graph, says what it shows and needs no id."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from gateway.transport.console import HOME
from schema import build_schema

EXAMPLES = sorted((HOME / "examples").glob("*.graphql"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid(path: Path) -> None:
    assert validate(build_schema().core, parse(path.read_text())) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_opens_with_its_title_and_one_named_operation(path: Path) -> None:
    text = path.read_text()
    assert re.match(r"(# .{1,60}\n){2,5}(query|subscription) [A-Z]\w{3,14}[ (]", text)
    assert len(re.findall(r"^(query|mutation|subscription)\b", text, re.MULTILINE)) == 1


def test_examples_are_six_in_order() -> None:
    assert [path.name[:2] for path in EXAMPLES] == ["1-", "2-", "3-", "4-", "5-", "6-"]
