"""gateway explain: the plan of a file's operation, over real stores, as text and as JSON."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.cli.explain_text import as_text
from tests.databases import StoreSettings

QUERY = """
query Spending($name: String!) {
  customers(first: 2) { nodes { companyName } }
  material(name: $name) { pricePerKg }
}
"""
LOGS = "{ logs(first: 1) { nodes { id } } }"
CHANGE = 'mutation { deleteCustomer(input: {id: "x"}) { __typename } }'

Run = Callable[..., Awaitable[tuple[int | None, str, str]]]


@pytest.fixture
def run(seeded: StoreSettings, tmp_path: Path) -> Run:
    """Runs ``gateway explain`` of a text; answers its exit code and what it wrote."""
    own = {name: value for name, value in os.environ.items() if "GATEWAY" not in name}
    given = tmp_path / "variables.json"
    given.write_text('{"name": "peek"}', encoding="utf-8")

    async def call(text: str, *arguments: str) -> tuple[int | None, str, str]:
        document = tmp_path / f"{hash(text)}.graphql"
        document.write_text(text, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from gateway.cli import main; main()", "explain"),
            *(str(document), "--variables", str(given), *arguments),
            cwd=tmp_path,
            env={
                **own,
                "PYTHONPATH": str(Path(__file__).parents[3]),
                "POSTGRES_URL": seeded.postgres.url,
                "MONGODB_URL": seeded.mongo.url,
                "GATEWAY_MONGODB_DATABASE": seeded.mongo.database or "",
                "REDIS_URL": seeded.redis.url,
                "GATEWAY_REDIS_KEY_PREFIX": seeded.redis.key_prefix,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return call


async def test_a_query_is_run_and_its_plan_shown(run: Run) -> None:
    (code, text, _), (_, as_json, _) = await asyncio.gather(
        run(QUERY, "--role", "analyst"), run(QUERY, "--json")
    )

    assert code == 0
    assert text.startswith("query Spending\nexecutor        breadth-first\n")
    assert "├ customers" in text
    assert "└ material" in text
    assert "SELECT" in text
    found = json.loads(as_json)
    assert [step["path"] for step in found["steps"]] == ["customers", "material"]
    assert found["steps"][0]["rows"] > 0
    assert found["responseCache"]["status"] == "bypassed"


async def test_what_is_not_run_is_told_in_words_or_only_planned(run: Run) -> None:
    (refused, out, why), (code, planned, _), (invalid, none, words) = await asyncio.gather(
        run(CHANGE), run(CHANGE, "--plan-only"), run(LOGS, "--role", "customer")
    )

    assert (refused, out) == (1, "")
    assert "--plan-only" in why
    assert code == 0
    assert "└ deleteCustomer  change" in planned
    assert (invalid, none) == (1, "")
    assert words.startswith("GRAPHQL_VALIDATION_FAILED: Cannot query field 'logs'")


def test_figures_stand_in_columns() -> None:
    call = {"store": "postgresql", "calls": 1, "rows": 1200, "milliseconds": 3.25, "sharedBy": 2}
    step = {"kind": "batch", "columns": ["id"], "steps": []}
    inner = {**step, "path": "a.nodes.b", "with": "a.c"}
    explained = {
        "operation": {"type": "query", "name": None},
        "executor": "standard",
        "reason": "@defer",
        "responseCache": {"status": "miss", "maxAgeSeconds": 30, "private": True},
        "cost": {"requested": 12, "actual": 3},
        "milliseconds": 12.04,
        "calls": [call],
        "steps": [
            {
                **step,
                "path": "a",
                "keys": 1,
                "rows": 1200,
                "milliseconds": 4.0,
                "calls": [call],
                "steps": [inner],
            }
        ],
    }

    assert as_text(explained) == (
        "query without a name\n"
        "executor        standard (@defer)\n"
        "response cache  miss, 30 s, private\n"
        "cost            12 points at most, 3 taken\n"
        "time            12.0 ms\n"
        "\n"
        "step         kind   keys   rows   ms  stores\n"
        "└ a          batch     1  1,200  4.0  postgresql 3.2 ms for 2\n"
        "  │ reads id\n"
        "  └ nodes.b  batch                    with a.c\n"
        "      reads id\n"
        "\n"
        "outside of any step:\n"
        "  postgresql 3.2 ms for 2, 1,200 rows\n"
    )
