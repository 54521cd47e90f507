"""The map: docs/map.md says of every module what it holds, in the module's own first line."""

import ast
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAP = ROOT / "docs" / "map.md"
PACKAGES = ("gateway", "schema", "resolvers", "datasources")
HEAD = """\
# Map

What each module holds, in its own words, from the top of the ladder down. Packages and what may import what:
[architecture.md](architecture.md). `pytest tests/test_map.py --update-golden` writes this page anew.
"""


def first_line(module: Path) -> str:
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert text, f"{module.relative_to(ROOT)} does not say what it holds"
    return text.splitlines()[0]


def modules(package: str) -> list[Path]:
    found: list[Path] = []
    for folder, below, files in os.walk(ROOT / package):  # passes over what others delete meanwhile
        below[:] = set(below) - {"node_modules", "versions"}
        found += [Path(folder, file) for file in files if file.endswith(".py")]
    return sorted(found)


def rendered() -> str:
    parts = [HEAD]
    for package in PACKAGES:
        parts.append(f"\n## {package}\n\n| module | holds |\n|---|---|\n")
        for module in modules(package):
            name = module.relative_to(ROOT).as_posix()
            parts.append(f"| [{name}](../{name}) | {first_line(module)} |\n")
    return "".join(parts)


def test_the_map_repeats_what_the_modules_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        MAP.write_text(rendered(), encoding="utf-8")

    assert MAP.read_text(encoding="utf-8") == rendered()


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {
        module.relative_to(ROOT).as_posix(): len(module.read_text("utf-8").splitlines())
        for package in (*PACKAGES, "tests")
        for module in modules(package)
    }

    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
