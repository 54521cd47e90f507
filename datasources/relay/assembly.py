"""Assembly: the projections there are, in the order in which each event is brought to them.

An event reaches subscribers only when MongoDB holds it and nothing from before it is given out any
more: so the stream is last. What a projection laid aside as a dead letter holds nothing up.
"""

from datasources.relay.analytics import AnalyticsProjection
from datasources.relay.cache import CacheProjection
from datasources.relay.projection import Projection
from datasources.relay.rollup import RollupProjection
from datasources.relay.stream import StreamProjection
from datasources.stores import Stores


def projections(stores: Stores) -> tuple[Projection, ...]:
    return (
        AnalyticsProjection(stores.projection_source, stores.analytics_changes),
        RollupProjection(stores.projection_source, stores.outbox, stores.trend_changes),
        CacheProjection(stores.materials, stores.responses),
        StreamProjection(stores.outbox, stores.events),
    )
