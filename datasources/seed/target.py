"""Target: a store that is being filled, which knows its rows of each piece of the data."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from datasources.mongo import bulk as mongo_bulk
from datasources.mongo.client import Mongo
from datasources.mongo.collections import (
    APPLICATION_LOGS,
    PRICING_ANALYTICS,
    PRICING_TRENDS_DAILY,
)
from datasources.mongo.settings import MongoSettings
from datasources.mongo.trend_build import build_trends
from datasources.postgres.bulk import analyze, copy_rows, is_empty, loading, truncate
from datasources.postgres.connection import Connection
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.tables import (
    COST_COMPONENTS,
    CUSTOMERS,
    MATERIALS,
    PRICING_CALCULATIONS,
    USERS,
)
from datasources.scope import Scope
from datasources.seed import row
from datasources.seed.analysis import analyses
from datasources.seed.calculation import Calculation, Pricing
from datasources.seed.document import analytics_document
from datasources.seed.log import LogWriter
from datasources.seed.material import materials

Progress = Callable[[int, int], None]

COLLECTIONS = (PRICING_ANALYTICS, APPLICATION_LOGS, PRICING_TRENDS_DAILY)
# A piece takes well under a second; a store that is silent for this long is not coming back.
_SILENCE_SECONDS = 120.0


@dataclass(slots=True)
class Tally:
    """Counts what is stored, for the report and for whoever watches."""

    expected: int
    progress: Progress
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, table: str, count: int) -> None:
        self.rows[table] += count
        self.progress(self.rows.total(), self.expected)


class PostgresTarget:
    name = "PostgreSQL"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def is_empty(self) -> bool:
        return await is_empty(self._connection)

    async def clear(self) -> None:
        await truncate(self._connection)

    async def load_parties(self, pricing: Pricing, tally: Tally) -> None:
        """Materials, users and customers, which the calculations refer to."""
        to = self._connection
        catalogue = row.material_rows(pricing.plan, materials())
        count = await copy_rows(to, MATERIALS, row.MATERIAL_COLUMNS, catalogue)
        tally.add(MATERIALS.name, count)
        for numbers in pricing.plan.customer_pieces():
            users, customers = row.customer_rows(pricing.plan, pricing.identity, numbers)
            tally.add(USERS.name, await copy_rows(to, USERS, row.USER_COLUMNS, users))
            count = await copy_rows(to, CUSTOMERS, row.CUSTOMER_COLUMNS, customers)
            tally.add(CUSTOMERS.name, count)

    async def load(self, pricing: Pricing, piece: Sequence[Calculation], tally: Tally) -> None:
        to = self._connection
        analyzed = zip(piece, analyses(pricing, piece), strict=True)
        rows = [row.calculation_row(*each) for each in analyzed]
        count = await copy_rows(to, PRICING_CALCULATIONS, row.CALCULATION_COLUMNS, rows)
        tally.add(PRICING_CALCULATIONS.name, count)
        rows = [each for part in piece for each in row.component_rows(pricing.identity, part)]
        count = await copy_rows(to, COST_COMPONENTS, row.COMPONENT_COLUMNS, rows)
        tally.add(COST_COMPONENTS.name, count)

    async def finish(self) -> None:
        """Tells the planner what is there now, rather than whenever autovacuum comes by."""
        await analyze(self._connection)


class MongoTarget:
    name = "MongoDB"

    def __init__(self, store: Mongo) -> None:
        self._store = store

    async def is_empty(self) -> bool:
        empty = [
            await mongo_bulk.is_empty(self._store, _scope(), collection)
            for collection in COLLECTIONS
        ]
        return all(empty)

    async def clear(self) -> None:
        for collection in COLLECTIONS:
            await mongo_bulk.clear(self._store, _scope(), collection)

    async def load(self, pricing: Pricing, piece: Sequence[Calculation], tally: Tally) -> None:
        analyzed = zip(piece, analyses(pricing, piece), strict=True)
        documents = [analytics_document(*each) for each in analyzed]
        await self._insert(tally, PRICING_ANALYTICS, documents)
        lines = LogWriter(pricing.plan, pricing.identity).write(piece)
        if lines:
            await self._insert(tally, APPLICATION_LOGS, lines)

    async def finish(self) -> None:
        await build_trends(self._store, _scope())

    async def _insert(
        self, tally: Tally, collection: str, documents: list[dict[str, object]]
    ) -> None:
        tally.add(
            collection, await mongo_bulk.insert_many(self._store, _scope(), collection, documents)
        )


@asynccontextmanager
async def open_targets(
    postgres: PostgresSettings, mongo: MongoSettings
) -> AsyncIterator[tuple[PostgresTarget, MongoTarget]]:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(loading(postgres))
        patient = mongo.model_copy(update={"timeout_seconds": _SILENCE_SECONDS})
        store = await Mongo.open(patient)
        stack.push_async_callback(store.close)
        yield PostgresTarget(connection), MongoTarget(store)


def _scope() -> Scope:
    return Scope(customer_ids=None, deadline=monotonic() + _SILENCE_SECONDS)
