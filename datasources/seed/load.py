"""Load: streams the sample data into PostgreSQL and MongoDB at once, piece by piece."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from datasources.errors import DatasourceError
from datasources.mongo.settings import MongoSettings
from datasources.postgres.settings import PostgresSettings
from datasources.seed.calculation import Calculation, Pricing
from datasources.seed.example import DEFAULT_SEED
from datasources.seed.plan import Plan
from datasources.seed.target import MongoTarget, PostgresTarget, Progress, Tally, open_targets

Piece = Sequence[Calculation]
Pieces = asyncio.Queue[Piece | None]

# Pieces drawn ahead of the slower store: enough to keep both busy, few enough to keep memory flat.
_PIECES_AHEAD = 2


class NotEmptyError(DatasourceError):
    """There is data already, which the seed neither mixes with its own nor deletes unasked."""

    def __init__(self, filled: Sequence[str]) -> None:
        super().__init__(
            f"there is data already in {' and '.join(filled)}; --fresh deletes it first"
        )
        self.filled = filled


@dataclass(frozen=True, slots=True)
class SeedReport:
    """``rows`` per table and collection."""

    rows: dict[str, int]
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def unwatched(done: int, total: int) -> None:
    """The progress that nobody looks at."""


async def seed(
    postgres: PostgresSettings,
    mongo: MongoSettings,
    *,
    seed: int = DEFAULT_SEED,
    scale: float = 1.0,
    as_of: datetime | None = None,
    fresh: bool = False,
    progress: Progress = unwatched,
) -> SeedReport:
    """Fills migrated stores; ``fresh`` empties them first, otherwise they must be empty.

    The same ``seed``, ``scale`` and ``as_of`` give the same rows. Without ``as_of`` the data is as
    of today's midnight, UTC. ``progress`` hears how many rows of how many are stored.
    """
    pricing = Pricing(Plan.make(seed, scale, as_of))
    began = perf_counter()
    async with open_targets(postgres, mongo) as (sql, documents):
        await _make_room(sql, documents, fresh)
        tally = Tally(pricing.plan.rows, progress)
        try:
            await _load(pricing, sql, documents, tally)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the other store's load ended because of it
    return SeedReport(dict(tally.rows), perf_counter() - began)


async def _make_room(sql: PostgresTarget, documents: MongoTarget, fresh: bool) -> None:
    if fresh:
        await documents.clear()  # the one that may be down: nothing is lost then
        await sql.clear()
        return
    filled = [target.name for target in (sql, documents) if not await target.is_empty()]
    if filled:
        raise NotEmptyError(filled)


async def _load(
    pricing: Pricing, sql: PostgresTarget, documents: MongoTarget, tally: Tally
) -> None:
    queues = (Pieces(_PIECES_AHEAD), Pieces(_PIECES_AHEAD))

    async def fill_sql() -> None:
        await sql.load_parties(pricing, tally)
        await _each(queues[0], lambda piece: sql.load(pricing, piece, tally))
        await sql.finish()

    async def fill_documents() -> None:
        await _each(queues[1], lambda piece: documents.load(pricing, piece, tally))
        await documents.finish()

    async with asyncio.TaskGroup() as group:
        group.create_task(fill_sql())
        group.create_task(fill_documents())
        for numbers in pricing.plan.calculation_pieces():
            piece = list(pricing.draw(numbers))
            for queue in queues:
                await queue.put(piece)
        for queue in queues:
            await queue.put(None)


async def _each(pieces: Pieces, load: Callable[[Piece], Awaitable[None]]) -> None:
    while (piece := await pieces.get()) is not None:
        await load(piece)
