"""Rebuild: the projections that can be made anew from PostgreSQL alone, while everything else goes on."""

from typing import Protocol

from datasources.relay.analytics import AnalyticsProjection
from datasources.relay.piece import Progress
from datasources.relay.rollup import RollupProjection
from datasources.stores import Stores


class Rebuildable(Protocol):
    """``unit`` is what its progress counts."""

    @property
    def name(self) -> str: ...

    @property
    def unit(self) -> str: ...

    async def rebuild(self, progress: Progress) -> None:
        """Leaves what follows from PostgreSQL; cut off at any point, it harms nothing."""


def rebuildable(stores: Stores) -> tuple[Rebuildable, ...]:
    return (
        AnalyticsProjection(stores.projection_source, stores.analytics_changes),
        RollupProjection(stores.projection_source, stores.outbox, stores.trend_changes),
    )
