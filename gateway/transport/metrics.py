"""Metrics: what a collector reads off this process, in Prometheus's text format.

With several processes behind one port a scrape reaches any one of them: scrape each by itself.
"""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasources.records import RelayStatusRecord
from gateway.pipeline.exchange import Parts
from gateway.transport.engine_metrics import of_engine
from gateway.transport.operation_metrics import of_operations, of_stores
from gateway.transport.relay_status import relay_status


class _OfParts(Collector):
    """Reads what the parts count by themselves, at the moment of the scrape."""

    def __init__(self, parts: Parts, relayed: RelayStatusRecord | None) -> None:
        self._parts = parts
        self._relayed = relayed

    def collect(self) -> Iterator[Metric]:
        yield from of_operations(self._parts.operations)
        yield from of_stores(self._parts.stores)
        yield from of_engine(self._parts.engine)
        yield from self._of_process()
        if self._parts.relay is not None:
            yield GaugeMetricFamily(
                "gateway_relay_leading",
                "1 while this process relays the events of all.",
                value=float(self._parts.relay.is_leading),
            )
        if self._relayed is not None:
            yield GaugeMetricFamily(
                "gateway_relay_lag_seconds",
                "Age of the oldest event that was not relayed yet.",
                value=self._relayed["lag_seconds"],
            )
            yield GaugeMetricFamily(
                "gateway_relay_lag_events",
                "Events that were not relayed yet, counted up to 10,000.",
                value=float(self._relayed["lag_events"]),
            )
            yield GaugeMetricFamily(
                "gateway_relay_dead_letters",
                "Events that a projection could not take, each with each projection.",
                value=float(self._relayed["dead_letters"]),
            )

    def _of_process(self) -> Iterator[Metric]:
        meter, audit, flights = self._parts.meter, self._parts.audit, self._parts.flights
        if flights is not None:
            yield CounterMetricFamily(
                "gateway_operations_shared",
                "Operations that were given what an equal one under way came to.",
                value=float(flights.joined),
            )
        if meter is not None:
            yield GaugeMetricFamily(
                "gateway_budgets_kept_by_process",
                "1 while Redis does not answer and this process keeps its share of the budgets.",
                value=float(meter.is_local),
            )
            yield CounterMetricFamily(
                "gateway_budget_decisions_without_redis",
                "Operations that were granted or refused by this process alone.",
                value=float(meter.local_orders),
            )
        if audit is not None:
            yield GaugeMetricFamily(
                "gateway_audit_lines_waiting",
                "Audit lines that are not yet written to MongoDB.",
                value=float(audit.waiting),
            )


async def metrics(request: Request) -> Response:
    registry = CollectorRegistry()
    parts: Parts = request.state.parts
    registry.register(_OfParts(parts, await relay_status(parts.stores)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def metrics_routes() -> list[Route]:
    return [Route("/metrics", metrics)]
