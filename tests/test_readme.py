"""README: its commands and programs hold questions that the graph answers."""

import re
import shlex
from pathlib import Path

import orjson
from graphql import parse, validate

from schema import build_schema

README = Path(__file__).parents[1] / "README.md"


def valid(text: str) -> bool:
    return validate(build_schema().core, parse(text)) == []


def test_the_first_command_of_the_readme_asks_what_the_graph_knows() -> None:
    first = re.search(r"^curl .*?(?=^```)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert first is not None

    # JSON holds no line breaks within a text, so a query of several lines travels as a parameter.
    *curl, query = shlex.split(first[0])
    assert curl == [
        *("curl", "-s", "http://127.0.0.1:8000/graphql"),
        *("--get", "--data-urlencode"),
    ]
    name, _, text = query.partition("=")
    assert name == "query"
    assert valid(text)


def test_the_other_examples_of_the_readme_ask_what_the_graph_knows() -> None:
    readme = README.read_text()
    bodies = [orjson.loads(body)["query"] for body in re.findall(r"-d '(\{.*\})'", readme)]
    programs = re.findall(r'"?query"?: "(\{ .* \})"[ }]', readme)

    assert len(bodies) == 1
    assert len(programs) == 3
    assert all(valid(text) for text in (*bodies, *programs))
