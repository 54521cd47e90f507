"""Operation metrics: operations, their durations, the response cache and the stores, for a collector."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric

from datasources.stores import Stores
from gateway.telemetry.operation_count import BOUNDS, OperationCount

_STATES = ("closed", "open", "half-open")


def of_operations(operations: OperationCount) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "gateway_operations",
        "Operations by type and by how they ended: ok, partial, abandoned, or the code of a refusal.",
        labels=("type", "outcome"),
    )
    for (kind, outcome), found in operations.ended.items():
        ended.add_metric((kind, outcome), found.number)
    yield ended
    durations = HistogramMetricFamily(
        "gateway_operation_duration_seconds",
        "How long operations took, from the request to the encoded answer.",
        labels=("type",),
    )
    bounds = [*map(str, BOUNDS), "+Inf"]
    for kind, found in operations.by_type().items():
        heights = zip(bounds, map(float, accumulate(found.buckets)), strict=True)
        durations.add_metric((kind,), list(heights), found.total_seconds)
    yield durations
    cached = CounterMetricFamily(
        "gateway_response_cache",
        "Operations whose answer could be kept: hit, miss or stale.",
        labels=("status",),
    )
    for status, number in operations.cached.items():
        cached.add_metric((status,), number)
    yield cached


def of_stores(stores: Stores) -> Iterator[Metric]:
    calls = CounterMetricFamily("gateway_store_calls", "Calls of each store.", labels=("store",))
    errors = CounterMetricFamily(
        "gateway_store_errors", "Calls that a store did not answer.", labels=("store",)
    )
    states = GaugeMetricFamily(
        "gateway_store_breaker",
        "1 at the state that the breaker before each store is in.",
        labels=("store", "state"),
    )
    for breaker in stores.breakers:
        calls.add_metric((breaker.store,), breaker.calls)
        errors.add_metric((breaker.store,), breaker.failed_calls)
        for state in _STATES:
            states.add_metric((breaker.store, state), float(breaker.state == state))
    merged = CounterMetricFamily(
        "gateway_store_reads_merged",
        "Reads by key that needed no call of their own, because others asked the same at that moment.",
        labels=("store",),
    )
    for merging in stores.mergings:
        merged.add_metric((merging.store,), merging.merged)
    yield from (calls, errors, states, merged)
