"""Run: faults under a load of writes, and whether everything is as it should be when they are over.

Run at length by ``./dev chaos``, and shortly with the other tests.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom
from time import monotonic

import asyncpg
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from datasources.postgres.engine import Postgres
from datasources.postgres.outbox import OutboxRepository
from datasources.scope import Scope
from resolvers.cursor import CursorCodec
from tests.chaos import truth
from tests.chaos.caller import Caller
from tests.chaos.fault import Faults
from tests.chaos.house import MATERIALS, SECRET, House, open_house
from tests.chaos.load import Load
from tests.chaos.subscriber import SocketSubscriber, StreamSubscriber, Subscriber, Wish

_WRITERS = 8
_RELAYED_SECONDS = 60
_HEARD_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Summary:
    """``losses`` are those of all subscribers' connections."""

    seed: int
    seconds: float
    faults: Counter[str]
    outcomes: Counter[str]
    retries: int
    events: int
    heard: int
    losses: int

    def lines(self) -> list[str]:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        return [
            f"seed {self.seed}, {self.seconds:.0f} s",
            f"{self.faults.total()} faults: {faults}",
            f"mutations: {outcomes}; {self.retries:,} times sent again",
            f"{self.events:,} events; subscribers heard {self.heard:,} and lost their connections "
            f"{self.losses:,} times",
        ]


async def run(
    faults: int, seed: int, progress: Callable[[int], None] = lambda done: None
) -> Summary:
    """Raises AssertionError for whatever was lost, is there twice, in part or out of order."""
    began = monotonic()
    fate = Random(seed)  # noqa: S311
    chances = [Random(fate.random()) for _ in range(5)]  # noqa: S311
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(chances[0]))
        client = await stack.enter_async_context(httpx.AsyncClient())
        subscribers = await _subscribers(house, client, chances[1])
        listening = [asyncio.create_task(each.listen()) for each in subscribers]
        stack.push_async_callback(_cancel, listening)
        caller = Caller(client, house.urls, chances[2])
        load = Load(caller, house.user_id, chances[3])
        befalling = Faults(house, chances[4])
        async with _writing(load):
            await befalling.inflict(faults, progress)
        await house.wait_until_ready()
        connection = await asyncpg.connect(house.postgres.url)
        stack.push_async_callback(connection.close)
        await _wait_until_relayed(connection, house)
        events = await _check(connection, house, load, caller, subscribers)
        return Summary(
            seed,
            monotonic() - began,
            befalling.told,
            load.ledger.outcomes,
            caller.retries,
            events,
            sum(len(each.heard.ids) for each in subscribers),
            sum(each.heard.losses.total() for each in subscribers),
        )


async def _subscribers(
    house: House, client: httpx.AsyncClient, random: Random
) -> tuple[Subscriber, ...]:
    """Each from the beginning on."""
    postgres = await Postgres.open(house.postgres)
    epoch = await OutboxRepository(postgres).epoch(Scope(None, monotonic() + 10))
    await postgres.close()
    after = CursorCodec(SECRET.encode()).encode("pricingEvents", (epoch, 0, 0))
    return (
        SocketSubscriber(house.urls, Wish(), after, random),
        SocketSubscriber(house.urls, Wish(MATERIALS[:2]), after, random),
        SocketSubscriber(house.urls, Wish(None, ("MATERIAL_PRICE_CHANGED",)), after, random),
        *(StreamSubscriber(client, url, Wish(), after) for url in house.urls),
    )


@asynccontextmanager
async def _writing(load: Load) -> AsyncIterator[None]:
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(_WRITERS):
            group.create_task(load.write(done))
        yield
        done.set()


async def _wait_until_relayed(connection: truth.Connection, house: House) -> None:
    until = monotonic() + _RELAYED_SECONDS
    while await connection.fetchval(
        """SELECT EXISTS (SELECT FROM outbox, relay_state AS state
        WHERE (outbox.transaction_id, outbox.sequence) > (state.transaction_id, state.sequence))"""
    ):
        assert monotonic() < until, house.logs()
        await asyncio.sleep(0.05)
    letters = await connection.fetch("SELECT projection, kind, error FROM dead_letters")
    assert letters == [], house.logs()


async def _check(
    connection: truth.Connection,
    house: House,
    load: Load,
    caller: Caller,
    subscribers: tuple[Subscriber, ...],
) -> int:
    """How many events there were."""
    assert caller.strange == [], house.logs()
    await truth.check_rows(connection, load.ledger)
    await truth.check_prices(connection, load.ledger)
    await truth.check_documents(connection, house)
    await truth.check_stream(connection, house)
    await truth.check_answers(connection, caller)
    until = monotonic() + _HEARD_SECONDS
    for each in subscribers:
        expected = await truth.expected_ids(connection, each)
        while len(each.heard.ids) < len(expected) and monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        truth.check_heard(each, expected)
    events: int = await connection.fetchval("SELECT count(*) FROM outbox")
    return events


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser("./dev chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    given = parser.parse_args()
    console = Console()
    console.print(f"seed {given.seed}: --seed {given.seed} draws the same faults again")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("faults", total=given.faults)
        summary = asyncio.run(
            run(given.faults, given.seed, lambda done: progress.update(task, completed=done))
        )
    for line in summary.lines():
        console.print(line, highlight=False, soft_wrap=True)
    console.print("Everything that was acknowledged is there, once, and was heard once, in order.")


if __name__ == "__main__":
    main()
