"""Load: two gateways on one budget, in step with each other whatever happens to Redis between them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest

from datasources.redis.client import RedisStore
from datasources.redis.rate_limit import UNIT
from tests.datasources.redis.conftest import PrivateServer, scope
from tests.gateway.budget.conftest import SettingsOf
from tests.gateway.budget.spender import Load, Sums

AT_ONCE = 32


class Spender:
    """One process of :mod:`tests.gateway.budget.spender`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, load: Load) -> "Spender":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.gateway.budget.spender", json.dumps(asdict(load))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process)

    async def says(self, word: str) -> None:
        assert await self._line() == word

    def go(self) -> None:
        """To be said twice: before all, and once nothing more is done to Redis."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")

    async def sums(self) -> Sums:
        return Sums(**json.loads(await self._line()))

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def two_gateways(*loads: Load) -> AsyncIterator[Sequence[Spender]]:
    spenders = [await Spender.start(load) for load in loads]
    try:
        for each in spenders:
            await each.says("ready")
        yield spenders
    finally:
        for each in spenders:
            await each.end()


def load_of(settings: Any, points: str, viewer_id: str, **fields: Any) -> Load:
    return Load(settings.model_dump(), points, viewer_id, at_once=AT_ONCE, **fields)


def total(sums: Sequence[Sums]) -> Sums:
    refused: dict[str, int] = {}
    for each in sums:
        for code, count in each.refused.items():
            refused[code] = refused.get(code, 0) + count
    return Sums(
        sum(each.admitted for each in sums),
        sum(each.actual for each in sums),
        max(each.greatest_estimate for each in sums),
        refused,
        sum(each.local_orders for each in sums),
    )


async def level_of(redis: RedisStore, kind: str, owner: str) -> int | None:
    key = f"{redis.settings.key_prefix}:{{rate}}:points:{kind}:{owner}"
    value = await redis.execute(scope(), "GET", key)
    return None if value is None else int(value.split()[0])


async def test_two_gateways_never_admit_more_than_the_budget_and_refunds_add_up(
    redis: RedisStore, settings_of: SettingsOf, capsys: pytest.CaptureFixture[str]
) -> None:
    capacity, viewer_id = 40_000, f"token:{uuid4().hex}"
    load = load_of(settings_of(), f"{capacity}+0/s", viewer_id)
    lowest = capacity * UNIT

    async with two_gateways(load, load) as gateways:
        for each in gateways:
            each.go()
        both = asyncio.gather(*(_finish(each) for each in gateways))
        while not both.done():
            level = await level_of(redis, "user", f"service:{viewer_id}")
            lowest = min(lowest, lowest if level is None else level)
            await asyncio.sleep(0.005)
        sums = total(await both)

    left = await level_of(redis, "user", f"service:{viewer_id}")
    of_role = await level_of(redis, "role", "service")
    assert sums.admitted + sums.refused["RATE_LIMITED"] == 5_000
    assert sums.refused.keys() == {"RATE_LIMITED"}
    assert lowest >= 0
    assert sums.actual <= capacity
    assert left == (capacity - sums.actual) * UNIT
    assert of_role == (25 * capacity - sums.actual) * UNIT
    assert sums.local_orders == 0
    with capsys.disabled():
        print(
            f"\n5,000 operations of two gateways: {sums.admitted} admitted, "
            f"{sums.refused['RATE_LIMITED']} refused; {sums.actual:,} of {capacity:,} points spent, "
            f"{left / UNIT:,.6f} left, difference {capacity - sums.actual - left / UNIT:.6f}"
        )


async def test_with_redis_killed_in_the_middle_nothing_fails_and_the_share_holds(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    capacity, viewer_id = 16_000, f"token:{uuid4().hex}"
    settings = settings_of(url=server.url, timeout_seconds=0.2)
    load = load_of(settings, f"{capacity}+0/s", viewer_id, local_share=0.25)

    async with two_gateways(load, load) as gateways:
        for each in gateways:
            each.go()
        await gateways[0].says("half")
        await server.kill()
        sums = await _sums_after_half(gateways)

    assert sums.admitted + sums.refused["RATE_LIMITED"] == 5_000
    assert sums.refused.keys() == {"RATE_LIMITED"}
    assert sums.local_orders > 1_000
    # What was spent, and no more than one operation beyond each local share.
    assert sums.actual <= capacity + 2 * (0.25 * capacity + sums.greatest_estimate)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_while_redis_is_away_a_client_within_its_budget_notices_nothing(
    server: PrivateServer, settings_of: SettingsOf, how: str
) -> None:
    settings = settings_of(url=server.url, timeout_seconds=0.2)
    load = load_of(settings, "1000000+0/s", f"token:{uuid4().hex}", operations=1_000)

    async with two_gateways(load, load) as gateways:
        for each in gateways:
            each.go()
        await gateways[0].says("half")
        if how == "killed":
            await server.kill()
        else:
            server.freeze()
        sums = await _sums_after_half(gateways)

    if how == "frozen":
        server.thaw()
    assert (sums.admitted, sums.refused) == (2_000, {})
    assert sums.local_orders > 0


async def test_after_a_flush_in_the_middle_the_budget_begins_anew_and_holds(
    private: RedisStore,
) -> None:
    capacity = 10_000
    load = load_of(private.settings, f"{capacity}+0/s", f"token:{uuid4().hex}")

    async with two_gateways(load, load) as gateways:
        for each in gateways:
            each.go()
        await gateways[0].says("half")
        await private.execute(scope(), "FLUSHALL")
        sums = await _sums_after_half(gateways)

    assert sums.admitted + sums.refused["RATE_LIMITED"] == 5_000
    assert sums.refused.keys() == {"RATE_LIMITED"}
    under_way = 2 * AT_ONCE * sums.greatest_estimate
    assert capacity < sums.actual <= 2 * capacity + under_way


async def test_clocks_an_hour_apart_make_no_difference(
    redis: RedisStore, settings_of: SettingsOf
) -> None:
    capacity, refill = 5_000, 100
    points, viewer_id = f"{capacity}+{refill}/s", f"token:{uuid4().hex}"
    loads = [
        load_of(settings_of(), points, viewer_id, operations=1_000, clock_ahead_seconds=seconds)
        for seconds in (0.0, 3_600.0)
    ]

    async with two_gateways(*loads) as gateways:
        began = await _server_seconds(redis)
        for each in gateways:
            each.go()
        sums = total(await asyncio.gather(*(_finish(each) for each in gateways)))
        seconds = await _server_seconds(redis) - began

    assert sums.refused["RATE_LIMITED"] > 0
    assert sums.actual <= capacity + refill * seconds


async def _finish(spender: Spender) -> Sums:
    await spender.says("half")
    spender.go()
    return await spender.sums()


async def _sums_after_half(gateways: Sequence[Spender]) -> Sums:
    """The first of the two has said that it is half done."""
    first, second = gateways
    first.go()
    return total([await first.sums(), await _finish(second)])


async def _server_seconds(redis: RedisStore) -> float:
    seconds, microseconds = await redis.execute(scope(), "TIME")
    return int(seconds) + int(microseconds) / 1_000_000
