"""Stores: what the gateway reads from and writes to, opened together and closed in reverse order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from datasources.breaker import Breaker
from datasources.event_feed import EventFeed
from datasources.merging import Mergeable, Merging
from datasources.mongo.audit import AuditRepository
from datasources.mongo.client import Mongo
from datasources.mongo.log_entry import LogEntryRepository
from datasources.mongo.log_statistics import LogStatisticsRepository
from datasources.mongo.material_spend import MaterialSpendRepository
from datasources.mongo.pricing_analytics import PricingAnalyticsRepository
from datasources.mongo.pricing_analytics_change import PricingAnalyticsChanges
from datasources.mongo.pricing_trend import PricingTrendRepository
from datasources.mongo.pricing_trend_change import PricingTrendChanges
from datasources.mongo.settings import MongoSettings
from datasources.observer import Observer, apart, ignore
from datasources.postgres.account import AccountRepository
from datasources.postgres.api_key import ApiKeyRepository
from datasources.postgres.cost_component import CostComponentRepository
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.customer_change import CustomerChanges
from datasources.postgres.dead_letter import DeadLetterRepository
from datasources.postgres.engine import Postgres
from datasources.postgres.fold import FoldRepository
from datasources.postgres.material import MaterialRepository
from datasources.postgres.material_change import MaterialChanges
from datasources.postgres.outbox import OutboxRepository
from datasources.postgres.pricing_calculation import PricingCalculationRepository
from datasources.postgres.pricing_calculation_change import PricingCalculationChanges
from datasources.postgres.projection_source import ProjectionSource
from datasources.postgres.relay_state import RelayStateRepository
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.user import UserRepository
from datasources.records import StoreStatusRecord
from datasources.redis.client import RedisStore
from datasources.redis.document import DocumentRepository
from datasources.redis.event_stream import EventStream
from datasources.redis.material_cache import MaterialCache
from datasources.redis.rate_limit import RateLimit
from datasources.redis.response_cache import ResponseCache
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.session import SessionStore
from datasources.redis.settings import RedisSettings

_RESPONSES = ResponseCacheSettings()

Status = Callable[[], Awaitable[StoreStatusRecord]]


@dataclass(frozen=True, slots=True)
class Stores:
    """``materials`` answers from the cache, ``material_catalogue`` lists what PostgreSQL holds."""

    customers: CustomerRepository
    users: UserRepository
    calculations: PricingCalculationRepository
    cost_components: CostComponentRepository
    folds: FoldRepository
    materials: MaterialCache
    material_catalogue: MaterialRepository
    pricing_analytics: PricingAnalyticsRepository
    pricing_trends: PricingTrendRepository
    material_spends: MaterialSpendRepository
    log_entries: LogEntryRepository
    log_statistics: LogStatisticsRepository
    documents: DocumentRepository
    audit: AuditRepository
    accounts: AccountRepository
    api_keys: ApiKeyRepository
    sessions: SessionStore
    rate_limit: RateLimit
    responses: ResponseCache
    customer_changes: CustomerChanges
    calculation_changes: PricingCalculationChanges
    material_changes: MaterialChanges
    outbox: OutboxRepository
    projection_source: ProjectionSource
    analytics_changes: PricingAnalyticsChanges
    trend_changes: PricingTrendChanges
    events: EventStream
    feed: EventFeed
    relay_state: RelayStateRepository
    dead_letters: DeadLetterRepository
    questions: tuple[Status, ...]
    breakers: tuple[Breaker, ...]
    mergings: tuple[Merging, ...] = ()  # none makes every read a call of its own

    async def statuses(self) -> list[StoreStatusRecord]:
        """PostgreSQL, MongoDB and Redis, asked at the same time; one that is down says so."""
        return list(await asyncio.gather(*(question() for question in self.questions)))


@asynccontextmanager
async def open_stores(
    postgres: PostgresSettings,
    mongo: MongoSettings,
    redis: RedisSettings,
    observer: Observer = ignore,
    responses: ResponseCacheSettings = _RESPONSES,
    *,
    merges: bool = False,
) -> AsyncIterator[Stores]:
    """A store that is down does not keep the others from opening; it is found when it is back.

    ``merges`` makes equal reads by key of different operations in one turn of the loop one call.
    """
    told = observer
    if merges:
        observer = apart(observer)
    async with AsyncExitStack() as stack:
        sql = await Postgres.open(postgres, observer)
        stack.push_async_callback(sql.close)
        documents = await Mongo.open(mongo, observer)
        stack.push_async_callback(documents.close)
        cache = await RedisStore.open(redis, observer)
        stack.push_async_callback(cache.close)
        catalogue = MaterialRepository(sql)
        materials = MaterialCache(cache, catalogue.by_names)
        stack.push_async_callback(materials.close)
        kept = ResponseCache(cache, responses)
        stack.push_async_callback(kept.close)
        outbox, events = OutboxRepository(sql), EventStream(cache)
        stores = Stores(
            customers=CustomerRepository(sql),
            users=UserRepository(sql),
            calculations=PricingCalculationRepository(sql),
            cost_components=CostComponentRepository(sql),
            folds=FoldRepository(sql),
            materials=materials,
            material_catalogue=catalogue,
            pricing_analytics=PricingAnalyticsRepository(documents),
            pricing_trends=PricingTrendRepository(documents),
            material_spends=MaterialSpendRepository(documents),
            log_entries=LogEntryRepository(documents),
            log_statistics=LogStatisticsRepository(documents),
            documents=DocumentRepository(cache),
            audit=AuditRepository(documents),
            accounts=AccountRepository(sql),
            api_keys=ApiKeyRepository(sql),
            sessions=SessionStore(cache),
            rate_limit=RateLimit(cache),
            responses=kept,
            customer_changes=CustomerChanges(sql),
            calculation_changes=PricingCalculationChanges(sql),
            material_changes=MaterialChanges(sql),
            outbox=outbox,
            projection_source=ProjectionSource(sql),
            analytics_changes=PricingAnalyticsChanges(documents),
            trend_changes=PricingTrendChanges(documents),
            events=events,
            feed=EventFeed(outbox, events),
            relay_state=RelayStateRepository(sql),
            dead_letters=DeadLetterRepository(sql),
            questions=(sql.status, documents.status, cache.status),
            breakers=(sql.breaker, documents.breaker, cache.breaker),
            mergings=_mergings(told) if merges else (),
        )
        _merge(stores)
        yield stores


def _mergings(observer: Observer) -> tuple[Merging, ...]:
    return Merging("postgresql", observer), Merging("mongodb", observer), Merging("redis", observer)


def _merge(stores: Stores) -> None:
    """Gives each repository that reads by key the means to do so for several operations at once."""
    if not stores.mergings:
        return
    rows, documents, cached = stores.mergings
    by_key: tuple[tuple[Mergeable, Merging], ...] = (
        (stores.customers, rows),
        (stores.users, rows),
        (stores.calculations, rows),
        (stores.cost_components, rows),
        (stores.pricing_analytics, documents),
        (stores.materials, cached),
    )
    for repository, merging in by_key:
        repository.merging = merging
