"""The allowance: what an operation reads of its own price and of its caller's budget, kept in Redis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from datasources.redis.client import RedisStore
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity
from gateway.engine.engine import Engine
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.pipeline.quota import Quota
from resolvers.viewer import Role
from tests.gateway.budget.conftest import MeterOf
from tests.gateway.budget.till import quotas, somebody
from tests.gateway.pipeline.edge import edge

FACTS = "rateLimit { cost nodeCount limit remaining used resetAt }"
PAGE = "customers(first: 99) { nodes { id } }"


@pytest.fixture
async def parts(redis: RedisStore, meter_of: MeterOf) -> Parts:
    """One analyst with 1,000 points, one more each second; no other store answers."""
    meter = meter_of(redis, quotas(points=Quota(1_000, 1), requests=Quota(100, 1)))
    analyst = Identity(somebody(Role.ANALYST), None)
    return edge(meter=meter, authenticator=Authenticator(anonymous=analyst))


async def ask(query: str, parts: Parts, address: str = "") -> Any:
    request = Request(query, terms=Terms(client_address=address))
    return orjson.loads((await answer(request, parts)).body)


async def test_the_budget_is_that_of_whoever_asks(parts: Parts) -> None:
    body = await ask(f"{{ {FACTS} {PAGE} }}", parts)

    facts = body["data"]["rateLimit"]
    reset_at = datetime.fromisoformat(facts.pop("resetAt"))
    assert facts == {"cost": 100, "nodeCount": 99, "limit": 1000, "remaining": 900, "used": 100}
    assert timedelta(seconds=0) < reset_at - datetime.now(UTC) <= timedelta(seconds=100)
    assert body["extensions"]["cost"] == {
        "requestedQueryCost": 100,
        "actualQueryCost": 1,  # the page failed: there is no store
        "throttleStatus": {
            "maximumAvailable": 1000,
            "currentlyAvailable": 999,
            "restoreRate": 1,
        },
    }


async def test_a_stranger_spends_no_budget_but_its_own(
    redis: RedisStore, meter_of: MeterOf
) -> None:
    meter = meter_of(redis, quotas(points=Quota(1_000, 1), requests=Quota(1, 0.001)))
    parts = edge(Role.CUSTOMER, meter=meter)

    first = await ask("{ viewer { name } }", parts, "192.0.2.1")
    again = await ask("{ viewer { id } }", parts, "192.0.2.1")
    other = await ask("{ viewer { name } }", parts, "192.0.2.2")

    assert first["data"] == other["data"] == {"viewer": {"name": "Anonymous"}}
    assert again["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("engine", [None, Engine()])
async def test_a_dry_run_spends_nothing(parts: Parts, engine: Engine | None) -> None:
    parts = replace(parts, engine=engine)
    query = f"{{ {FACTS.replace('rateLimit', 'rateLimit(dryRun: true)')} {PAGE} }}"

    for _ in range(3):
        body = await ask(query, parts)

        assert body["data"].keys() == {"rateLimit"}
        assert body["data"]["rateLimit"]["cost"] == 100
        assert body["data"]["rateLimit"]["remaining"] == 1000
        assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 1000
