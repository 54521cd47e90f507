"""The pages of docs/errors: one for every code there is, true to the status tables."""

import re
from pathlib import Path

import pytest

from gateway.errors import Code
from gateway.pipeline.exchange import Response
from gateway.transport.negotiation import MediaType
from gateway.transport.status import status_of
from resolvers.errors import ClientError

PAGES = Path(__file__).parents[2] / "docs" / "errors"
OF_FIELDS = {kind.code for kind in ClientError.__subclasses__()} | {Code.STORE_UNAVAILABLE.value}
CODES = sorted({code.value for code in Code} | OF_FIELDS)


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")}

    assert pages == {*CODES, "README", "_template"}


def test_the_index_lists_every_code() -> None:
    listed = re.findall(
        r"^\| \[(\w+)\]\((\w+)\.md\)", (PAGES / "README.md").read_text(), re.MULTILINE
    )

    assert sorted(listed) == [(code, code) for code in CODES]


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_parts_of_the_template(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text()
    template = (PAGES / "_template.md").read_text()

    assert text.startswith(f"# {code}\n")
    assert f"| `code` | `{code}` |" in text
    assert re.findall(
        "^(?:##? |- )[A-Za-z ]+", text.replace(code, "CODE"), re.MULTILINE
    ) == re.findall("^(?:##? |- )[A-Za-z ]+", template, re.MULTILINE)


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.STORE_UNAVAILABLE}))
def test_a_page_names_the_statuses(code: Code) -> None:
    response = Response(refused=code)
    strict = status_of(response, MediaType.GRAPHQL, "strict-2026")
    legacy = status_of(response, MediaType.GRAPHQL, "legacy")
    legacy_json = status_of(response, MediaType.JSON, "legacy")
    line = f"- Status: {strict}"
    if legacy != strict:
        line += f"; {legacy} under the legacy rules"
    if legacy_json != legacy:
        line += f"; {legacy_json} under the legacy rules for `application/json`"

    assert f"{line}.\n" in (PAGES / f"{code}.md").read_text()
