"""The server audits of the npm package graphql-http, against the gateway as it is served.

The audits were written for the drafts before 2026, so the legacy rules pass them all. What the 2026
edition contradicts is listed here, each with the sentence that decides.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.npm import install

HERE = Path(__file__).parent
Serve = Callable[[str], AbstractAsyncContextManager[str]]

UNPREFERRED = "The client names no type, so the answer is application/graphql-response+json."
SAME_CODES = "application/json carries the same 4xx codes as application/graphql-response+json."
MALFORMED = "A request that is JSON but no well-formed GraphQL request is a 422."
INVALID = "A document or variables that do not fit the schema are a 422."

CONTRADICTED = {
    "47DE": UNPREFERRED,
    "80D8": UNPREFERRED,
    "572B": SAME_CODES,
    "FDE2": SAME_CODES,
    "7B9B": SAME_CODES,
    "86EE": INVALID,
    "423L": MALFORMED,
    "3E3A": MALFORMED,
    **{
        f"{audit}{number}": MALFORMED
        for audit in ("LKJ", "6C0", "476", "58B")
        for number in range(4)
    },
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed() -> None:
    await install(HERE, "graphql-http")


async def test_under_the_legacy_rules_every_audit_passes(serve: Serve, installed: None) -> None:
    async with serve("legacy") as url:
        results = await _audit(url)

    assert len(results) >= 60
    assert {result["id"]: result["reason"] for result in results if result["status"] != "ok"} == {}


async def test_under_the_rules_of_2026_only_what_they_contradict_fails(
    serve: Serve, installed: None
) -> None:
    async with serve("strict-2026") as url:
        results = await _audit(url)

    assert {result["id"] for result in results if result["status"] != "ok"} == CONTRADICTED.keys()


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (HERE / "package-lock.json").read_text()


async def _audit(url: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(await _run("node", "audit.mjs", url))
    return results


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=120)
    assert process.returncode == 0
    return output.decode()
