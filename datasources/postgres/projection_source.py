"""Projection source: calculations as the truth has them now, for what MongoDB is told of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from datasources.daily_bucket import DailyBucket, DailyTotals
from datasources.event import Position
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import written
from datasources.records import ProjectedCalculationRecord
from datasources.scope import Scope

_COLUMNS = """id, customer_id, material, quantity, dimensions, geometric_complexity_score, process,
    cost_breakdown, total_price, price_per_unit, created_at, analysis"""
_BY_IDS = written(f"SELECT {_COLUMNS} FROM pricing_calculations WHERE id = ANY (:ids)")  # noqa: S608
_PAGE = written(
    f"""SELECT {_COLUMNS} FROM pricing_calculations
    WHERE id > :after ORDER BY id LIMIT :most"""  # noqa: S608 - own words
)
_HORIZON = written("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon")
_COUNT = written("SELECT count(*) FROM pricing_calculations")
# Rows whose events are not readable yet are left out, so that the sums are those of all events
# before one position, whichever transactions are under way (decision 0014).
_TOTALS = written(
    """WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS id),
    ahead AS MATERIALIZED (SELECT ARRAY(SELECT (payload ->> 'calculation_id')::uuid FROM outbox
        WHERE transaction_id >= (SELECT id FROM horizon) AND kind = 'calculation_recorded') AS ids)
    SELECT (SELECT id FROM horizon)::text::bigint AS horizon, asked.*, held.*
    FROM unnest(:materials::text[], :processes::text[], :days::timestamptz[])
            AS asked (material, process, day),
        LATERAL (SELECT count(*) AS count, coalesce(sum(total_price), 0) AS total,
                coalesce(sum(price_per_unit), 0) AS unit_total, min(total_price) AS min,
                max(total_price) AS max, min(created_at) AS first_at, max(created_at) AS last_at
            FROM pricing_calculations AS calculation
            WHERE calculation.material = asked.material AND calculation.process = asked.process
                AND created_at >= asked.day AND created_at < asked.day + interval '24 hours'
                AND calculation.id <> ALL ((SELECT ids FROM ahead)::uuid[])) AS held"""
)
_DAYS = written(
    """WITH RECURSIVE walk (day) AS (
        SELECT date_trunc('day', min(created_at), 'UTC') FROM pricing_calculations
        UNION ALL
        SELECT (SELECT date_trunc('day', min(created_at), 'UTC') FROM pricing_calculations
            WHERE created_at >= walk.day + interval '24 hours')
        FROM walk WHERE walk.day IS NOT NULL)
    SELECT day FROM walk WHERE day IS NOT NULL"""
)
_BUCKETS = written(
    """SELECT DISTINCT material, process FROM pricing_calculations
    WHERE created_at >= :day AND created_at < :day + interval '24 hours'"""
)


class ProjectionSource:
    """Reads whatever there is: it serves no viewer."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def by_ids(
        self, scope: Scope, ids: Sequence[UUID]
    ) -> dict[UUID, ProjectedCalculationRecord]:
        rows = await self._postgres.fetch(scope, _BY_IDS, {"ids": list(ids)})
        return {row["id"]: row for row in rows}

    async def page(
        self, scope: Scope, after: UUID, most: int
    ) -> Sequence[ProjectedCalculationRecord]:
        """The next rows by id."""
        return await self._postgres.fetch(scope, _PAGE, {"after": after, "most": most})

    async def horizon(self, scope: Scope) -> Position:
        """All events before it have been told, and their rows are here."""
        rows = await self._postgres.fetch(scope, _HORIZON, {})
        return Position(rows[0]["horizon"], 0)

    async def count(self, scope: Scope) -> int:
        rows = await self._postgres.fetch(scope, _COUNT, {})
        return int(rows[0]["count"])

    async def days(self, scope: Scope) -> list[datetime]:
        """The days, UTC, on which anything was recorded."""
        return [row["day"] for row in await self._postgres.fetch(scope, _DAYS, {})]

    async def buckets_on(self, scope: Scope, day: datetime) -> list[DailyBucket]:
        rows = await self._postgres.fetch(scope, _BUCKETS, {"day": day})
        return [DailyBucket(row["material"], row["process"], day) for row in rows]

    async def totals(
        self, scope: Scope, buckets: Sequence[DailyBucket]
    ) -> tuple[Position, Mapping[DailyBucket, DailyTotals]]:
        """Of each bucket, empty ones too, all that events before the position told, and no more.

        Takes at least one bucket. Customers that are deleted count no more, wherever their event stands.
        """
        given = {
            "materials": [bucket.material for bucket in buckets],
            "processes": [bucket.process for bucket in buckets],
            "days": [bucket.day for bucket in buckets],
        }
        rows = await self._postgres.fetch(scope, _TOTALS, given)
        totals = {
            DailyBucket(row["material"], row["process"], row["day"]): DailyTotals(
                row["count"],
                row["total"],
                row["unit_total"],
                row["min"],
                row["max"],
                row["first_at"],
                row["last_at"],
            )
            for row in rows
        }
        return Position(rows[0]["horizon"], 0), totals
