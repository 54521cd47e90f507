"""Analytics: the projection that keeps a document for each calculation that there is.

Documents are made of PostgreSQL's rows, which never change, so that it makes no difference how often,
in which order and by whom events are brought: docs/decisions/0016-projections.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from datasources.errors import StoreUnavailableError
from datasources.event import EventKind
from datasources.mongo.pricing_analytics_change import PricingAnalyticsChanges
from datasources.postgres.projection_source import ProjectionSource
from datasources.records import AnalysisRecord, ProjectedCalculationRecord
from datasources.relay.piece import PIECE, Progress, piece_scope
from datasources.relay.projection import RelayedEvent
from datasources.scope import Scope

_TRIES = 10
_FIRST = UUID(int=0)

Payload = Mapping[str, Any]


class AnalyticsProjection:
    name = "analytics"
    unit = "rows and documents"

    def __init__(self, source: ProjectionSource, documents: PricingAnalyticsChanges) -> None:
        self._source = source
        self._documents = documents

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        recorded = {
            UUID(event["payload"]["calculation_id"]): event["payload"]
            for event in events
            if event["kind"] == EventKind.CALCULATION_RECORDED
        }
        deleted = [
            UUID(event["payload"]["customer_id"])
            for event in events
            if event["kind"] == EventKind.CUSTOMER_DELETED
        ]
        if recorded:
            await self._record(scope, recorded)
        if deleted:
            await self._documents.remove_customers(scope, deleted)

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        await self.apply(scope, [event])

    async def rebuild(self, progress: Progress) -> None:
        """Makes every document anew and removes those of calculations that there are not.

        The relay and the writers go on meanwhile. Rows from before PostgreSQL kept their analysis
        keep the document that they have.
        """
        total = await self._source.count(piece_scope())
        total += await self._documents.count(piece_scope())
        done, after = 0, _FIRST
        while rows := await self._source.page(piece_scope(), after, PIECE):
            known = {row["id"]: _payload(row) for row in rows if row["analysis"] is not None}
            if known:
                await self._record(piece_scope(), known)
            done, after = done + len(rows), rows[-1]["id"]
            progress(done, total)
        after = _FIRST
        while ids := await self._documents.page(piece_scope(), after, PIECE):
            held = await self._source.by_ids(piece_scope(), ids)
            gone = [id_ for id_ in ids if id_ not in held]
            if gone:
                await self._documents.remove(piece_scope(), gone)
            done, after = done + len(ids), ids[-1]
            progress(done, max(done, total))
        progress(done, done)

    async def _record(self, scope: Scope, recorded: Mapping[UUID, Payload]) -> None:
        owners = {id_: UUID(payload["customer_id"]) for id_, payload in recorded.items()}
        for _ in range(_TRIES):
            await self._documents.place(scope, owners)
            rows = await self._source.by_ids(scope, list(owners))
            analyzed = [(row, _analysis(row, recorded[id_])) for id_, row in rows.items()]
            gone = [id_ for id_ in owners if id_ not in rows]
            if gone:
                await self._documents.remove(scope, gone)
            if await self._documents.fill(scope, analyzed):
                return
        raise StoreUnavailableError("mongodb", "loses places as fast as they are taken", 1.0)


def _payload(row: ProjectedCalculationRecord) -> Payload:
    return {"customer_id": str(row["customer_id"])}


def _analysis(row: ProjectedCalculationRecord, payload: Payload) -> AnalysisRecord:
    """The row's; that of the event where a program from before there was such a column recorded it."""
    if row["analysis"] is not None:
        return row["analysis"]
    return {
        "market_data": payload["market_data"],
        "performance_metrics": payload["performance_metrics"],
        "metadata": payload["metadata"],
    }
