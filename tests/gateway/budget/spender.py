"""Spender: a gateway process of the load tests; it runs operations on a shared budget and adds them up.

Argument: a JSON object (:class:`Load`). It says "ready", waits for a line, says "half" when half of the
operations have been answered, and at the end what became of them. It goes on while others do their worst to
Redis, but keeps the last quarter of the operations until a second line says that it is done.
"""

import asyncio
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Load:
    """``clock_ahead_seconds`` puts every clock of the process wrong."""

    redis: dict[str, Any]
    points: str
    viewer_id: str
    operations: int = 2_500
    at_once: int = 32
    local_share: float = 0.5
    clock_ahead_seconds: float = 0.0


@dataclass(slots=True)
class Sums:
    """``actual`` is the cost of all that were answered, as their answers say it."""

    admitted: int = 0
    actual: int = 0
    greatest_estimate: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    local_orders: int = 0


DOCUMENT = "query ($first: Int!) { items(first: $first) { number } }"
SDL = "type Query { items(first: Int!): [Item!] } type Item { number: Int }"


def put_clocks_wrong(seconds: float) -> None:
    """Before anything else has looked at them."""
    for name in ("time", "monotonic", "perf_counter"):
        read = getattr(time, name)
        setattr(time, name, lambda read=read: read() + seconds)
    for name in ("time_ns", "monotonic_ns", "perf_counter_ns"):
        read = getattr(time, name)
        setattr(time, name, lambda read=read: read() + round(seconds * 1_000_000_000))


async def main(load: Load) -> None:
    from dataclasses import replace

    from datasources.redis.client import RedisStore
    from datasources.redis.settings import RedisSettings
    from gateway.auth.authenticator import Authenticator
    from gateway.auth.identity import identity
    from gateway.pipeline import answer
    from gateway.pipeline.concurrency import Concurrency, ConcurrencySettings
    from gateway.pipeline.exchange import Request
    from gateway.pipeline.meter import Meter
    from gateway.pipeline.quota import Quota
    from resolvers.viewer import Role
    from tests.gateway.budget.till import meter_over, parts_of, quotas, somebody

    redis = await RedisStore.open(RedisSettings(**load.redis))
    capacity, _, refill = load.points.removesuffix("/s").partition("+")
    settings = quotas(Quota(int(capacity), float(refill)), local_share=load.local_share)
    meter: Meter = meter_over(redis, settings)
    viewer = somebody(Role.SERVICE, id=load.viewer_id)
    parts = replace(
        parts_of(_schema(), meter),
        authenticator=Authenticator(identity(viewer)),
        concurrency=Concurrency(ConcurrencySettings(per_client=1_000, per_process=1_000)),
    )
    sums, left = Sums(), load.operations
    worst_is_done = asyncio.Event()

    async def client() -> None:
        nonlocal left
        while left:
            if left <= load.operations // 4:
                await worst_is_done.wait()
                if not left:
                    return
            left -= 1
            if left == load.operations // 2:
                print("half", flush=True)
            request = Request(DOCUMENT, variables={"first": 1 + left * 7 % 40})
            response = await answer(request, parts)
            _add(sums, orjson.loads(response.body))

    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    clients = asyncio.gather(*(client() for _ in range(load.at_once)))
    await asyncio.to_thread(sys.stdin.readline)
    worst_is_done.set()
    await clients
    await meter.drain()
    sums.local_orders = meter.local_orders
    print(orjson.dumps(asdict(sums)).decode(), flush=True)
    await redis.close()


def _add(sums: Sums, body: Any) -> None:
    if "errors" in body:
        code = body["errors"][0]["extensions"]["code"]
        sums.refused[code] = sums.refused.get(code, 0) + 1
        return
    cost = body["extensions"]["cost"]
    sums.admitted += 1
    sums.actual += cost["actualQueryCost"]
    sums.greatest_estimate = max(sums.greatest_estimate, cost["requestedQueryCost"])


def _schema() -> Any:
    """A list that is shorter than asked for, after a moment."""
    from graphql import build_schema

    schema, answered = build_schema(SDL), count()

    async def items(root: object, info: object, first: int) -> list[dict[str, int]]:
        await asyncio.sleep(0)
        return [{"number": number} for number in range(next(answered) * 13 % (first + 1))]

    assert schema.query_type is not None
    found = schema.query_type.fields["items"]
    found.resolve = items
    found.extensions["cost"] = {
        "weight": 1,
        "listSize": {"assumedSize": 10, "slicingArguments": ["first"]},
    }
    return schema


if __name__ == "__main__":
    given = Load(**orjson.loads(sys.argv[1]))
    put_clocks_wrong(given.clock_ahead_seconds)
    asyncio.run(main(given))
