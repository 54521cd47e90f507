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

from gateway.pipeline.exchange import Parts


class _OfParts(Collector):
    """Reads what the parts count by themselves, at the moment of the scrape."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        meter, audit = self._parts.meter, self._parts.audit
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
    registry.register(_OfParts(request.state.parts))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def metrics_routes() -> list[Route]:
    return [Route("/metrics", metrics)]
