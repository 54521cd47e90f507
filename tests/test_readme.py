"""README: its first command holds a question that the graph answers."""

import re
import shlex
from pathlib import Path

from graphql import parse, validate

from schema import build_schema

README = Path(__file__).parents[1] / "README.md"


def test_the_command_of_the_readme_asks_what_the_graph_knows() -> None:
    commands = re.findall(r"^curl .*?(?=^```)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(commands) == 1

    # JSON holds no line breaks within a text, so a query of several lines travels as a parameter.
    *curl, query = shlex.split(commands[0])
    assert curl == [
        *("curl", "-s", "http://127.0.0.1:8000/graphql"),
        *("--get", "--data-urlencode"),
    ]
    name, _, text = query.partition("=")
    assert name == "query"
    assert validate(build_schema().core, parse(text)) == []
