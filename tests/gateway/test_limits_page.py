"""The page docs/limits.md: every limit there is, with the default that holds and a code that exists."""

import re
from pathlib import Path
from typing import NamedTuple

from gateway.errors import Code
from gateway.settings import Setting, catalogue
from resolvers.errors import ClientError

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
WHOLE_PARTS = {"operation_limit", "limits", "rate_limit", "concurrency"}
OTHERS = {"GATEWAY_DEADLINE_SECONDS", "GATEWAY_VARIABLE_MAX_DEPTH", "GATEWAY_AUTH_TOKEN_MAX_BYTES"}
NO_LIMITS = {"mode", "max_errors", "retry_after_seconds"}


class Row(NamedTuple):
    default: str
    codes: list[str]


def rows() -> dict[str, Row]:
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and (name := re.fullmatch(r"`(GATEWAY_\w+)`", cells[-1])):
            found[name[1]] = Row(cells[1], re.findall(r"\[(\w+)\]\(errors/\1\.md\)", cells[2]))
    return found


def is_limit(setting: Setting) -> bool:
    part, last = setting.path[0], setting.path[-1]
    if last in NO_LIMITS:
        return False
    bounded = part in ("http", "document") and "max_" in last
    return part in WHOLE_PARTS or setting.name in OTHERS or bounded


def test_the_page_lists_every_limit_with_its_default() -> None:
    settings = {setting.name: setting for setting in catalogue()}
    limits = {name for name, setting in settings.items() if is_limit(setting)}

    assert limits - rows().keys() == set()
    assert {name: row.default for name, row in rows().items()} == {
        name: str(settings[name].default) for name in rows()
    }


def test_every_limit_of_an_operation_has_a_code_of_its_own() -> None:
    codes = [
        row.codes for name, row in rows().items() if name.startswith("GATEWAY_OPERATION_LIMIT")
    ]

    assert len(codes) == 7
    assert all(len(each) == 1 for each in codes)
    assert len({each[0] for each in codes}) == 7


def test_every_code_of_the_page_exists() -> None:
    known = {code.value for code in Code} | {kind.code for kind in ClientError.__subclasses__()}
    named = set(re.findall(r"errors/(\w+)\.md", PAGE.read_text()))

    assert named - known == set()
    assert {code for code in known if code.endswith("_LIMIT")} <= named
