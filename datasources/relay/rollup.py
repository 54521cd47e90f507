"""Rollup: the projection that keeps sums of prices by material, process and day, each event in once.

A bucket says up to which position it holds all events. Later events are added to it. Where that cannot
be known, it is added up anew from PostgreSQL's rows: docs/decisions/0016-projections.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from datasources.daily_bucket import DailyBucket, DailyTotals, added
from datasources.errors import StoreUnavailableError
from datasources.event import BEGINNING, EventKind, Position
from datasources.mongo.pricing_trend_change import BucketState, HeldBucket, PricingTrendChanges
from datasources.postgres.outbox import OutboxRepository
from datasources.postgres.projection_source import ProjectionSource
from datasources.records import ProjectedCalculationRecord
from datasources.relay.piece import PIECE, Progress, piece_scope
from datasources.relay.projection import RelayedEvent
from datasources.scope import Scope

_TRIES = 20


@dataclass(slots=True)
class _Arrivals:
    """What events of one bucket bring, and where the first and the last of them stand."""

    first: Position
    last: Position
    parts: list[DailyTotals] = field(default_factory=list)


class RollupProjection:
    name = "rollup"
    unit = "days"

    def __init__(
        self, source: ProjectionSource, outbox: OutboxRepository, buckets: PricingTrendChanges
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._buckets = buckets
        self._rebuilt_to = BEGINNING

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        emptied = await self._emptied(events)
        for _ in range(_TRIES):
            arrivals = await self._arrivals(scope, events)
            doubtful, added_up = await self._add(scope, arrivals, emptied)
            await self._recompute(scope, doubtful)
            if added_up:
                return
        raise _busy()

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        """Its place in the order is lost, so that its buckets are added up anew."""
        emptied = await self._emptied([event])
        arrivals = await self._arrivals(scope, [event])
        await self._recompute(scope, {*emptied, *arrivals})

    async def rebuild(self, progress: Progress) -> None:
        """Adds up every bucket anew, day by day, while the relay and the writers go on."""
        days = {*await self._source.days(piece_scope()), *await self._buckets.days(piece_scope())}
        for done, day in enumerate(sorted(days)):
            progress(done, len(days))
            held = await self._buckets.buckets_on(piece_scope(), day)
            there = await self._source.buckets_on(piece_scope(), day)
            await self._recompute(piece_scope(), {*held, *there})
        progress(len(days), len(days))

    async def _emptied(self, events: Sequence[RelayedEvent]) -> set[DailyBucket]:
        """The buckets that deleted customers were in."""
        found: set[DailyBucket] = set()
        for event in events:
            if event["kind"] == EventKind.CUSTOMER_DELETED:
                named = event["payload"].get("buckets")
                if named is None:
                    await self._take_unnamed(event)
                    continue
                found.update(
                    DailyBucket(material, process, _day(day)) for material, process, day in named
                )
        return found

    async def _take_unnamed(self, event: RelayedEvent) -> None:
        """A deletion that a program from before the rollup told of: one rebuild for all of them."""
        if _position(event) >= self._rebuilt_to:
            horizon = await self._source.horizon(piece_scope())
            await self.rebuild(lambda done, total: None)
            self._rebuilt_to = horizon

    async def _arrivals(
        self, scope: Scope, events: Sequence[RelayedEvent]
    ) -> Mapping[DailyBucket, _Arrivals]:
        """Of calculations that there still are; the deletion of the others is an event to come."""
        told = {
            UUID(event["payload"]["calculation_id"]): _position(event)
            for event in events
            if event["kind"] == EventKind.CALCULATION_RECORDED
        }
        arrivals: dict[DailyBucket, _Arrivals] = {}
        rows = await self._source.by_ids(scope, list(told)) if told else {}
        for calculation_id, position in sorted(told.items(), key=lambda each: each[1]):
            if row := rows.get(calculation_id):
                part = DailyTotals.of_one(
                    row["total_price"], row["price_per_unit"], row["created_at"]
                )
                arrived = arrivals.setdefault(_bucket(row), _Arrivals(position, position))
                arrived.parts.append(part)
                arrived.last = position
        return arrivals

    async def _add(
        self,
        scope: Scope,
        arrivals: Mapping[DailyBucket, _Arrivals],
        emptied: set[DailyBucket],
    ) -> tuple[set[DailyBucket], bool]:
        """The buckets that have to be added up anew, and whether the others took what came."""
        if not arrivals:
            return emptied, True
        epoch = await self._outbox.epoch(scope)
        held = await self._buckets.held(scope, list(arrivals))
        doubtful, changes = set(emptied), []
        for bucket, arrived in arrivals.items():
            before = held.get(bucket)
            if bucket in emptied or before is None or not _follows(arrived, before, epoch):
                doubtful.add(bucket)
                continue
            totals = added([before.state.totals, *arrived.parts])
            changes.append((bucket, before, BucketState(totals, epoch, arrived.last)))
        return doubtful, await self._buckets.replace(scope, changes)

    async def _recompute(self, scope: Scope, buckets: Iterable[DailyBucket]) -> None:
        every = sorted(buckets)
        for start in range(0, len(every), PIECE):
            await self._recompute_piece(scope, every[start : start + PIECE])

    async def _recompute_piece(self, scope: Scope, buckets: Sequence[DailyBucket]) -> None:
        """What is held is read before the truth is: who changes it meanwhile has it read again."""
        epoch = await self._outbox.epoch(scope)
        for _ in range(_TRIES):
            held = await self._buckets.held(scope, buckets)
            position, totals = await self._source.totals(scope, buckets)
            changes = [
                (bucket, held.get(bucket), BucketState(totals[bucket], epoch, position))
                for bucket in buckets
            ]
            if await self._buckets.replace(scope, changes):
                return
        raise _busy()


def _follows(arrived: _Arrivals, before: HeldBucket, epoch: str) -> bool:
    return before.state.epoch == epoch and before.state.position < arrived.first


def _bucket(row: ProjectedCalculationRecord) -> DailyBucket:
    midnight = row["created_at"].replace(hour=0, minute=0, second=0, microsecond=0)
    return DailyBucket(row["material"], row["process"], midnight)


def _position(event: RelayedEvent) -> Position:
    return Position(event["transaction_id"], event["sequence"])


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _busy() -> StoreUnavailableError:
    return StoreUnavailableError("mongodb", "has too many writers at the same buckets", 1.0)
