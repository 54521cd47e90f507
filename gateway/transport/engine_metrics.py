"""Engine metrics: how many operations ran breadth-first, and why others did not."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from gateway.engine.engine import Engine


def of_engine(engine: Engine | None) -> Iterator[Metric]:
    """Nothing where every operation runs in the standard executor by setting."""
    if engine is None:
        return
    counted = CounterMetricFamily(
        "gateway_operation_executions",
        "Operations that were run, by executor; for the standard one with the reason.",
        labels=["executor", "reason"],
    )
    counted.add_metric(["breadth-first", ""], float(engine.taken))
    for reason, number in sorted(engine.declined.items()):
        counted.add_metric(["standard", reason], float(number))
    yield counted
