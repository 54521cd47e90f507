"""Health: whether the process lives, and whether it should be sent requests.

Ready means that the process can answer operations. It is ready as long as any store answers: a store
that is down costs its own fields only, and taking every gateway away would cost the rest as well.
"""

import asyncio
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from datasources.records import StoreStatusRecord
from datasources.stores import Stores
from gateway.pipeline.meter import Meter

_NO_STORE = {"cache-control": "no-store"}


class Readiness:
    """Asks the stores at most once per ``keep_seconds``, however many probes there are."""

    def __init__(self, keep_seconds: float = 1.0) -> None:
        self._keep_seconds = keep_seconds
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._statuses: list[StoreStatusRecord] = []

    async def ask(self, stores: Stores) -> list[StoreStatusRecord]:
        async with self._lock:
            if monotonic() - self._asked_at >= self._keep_seconds:
                self._statuses = await stores.statuses()
                self._asked_at = monotonic()
            return self._statuses


async def live(request: Request) -> Response:
    return JSONResponse({"status": "live"}, headers=_NO_STORE)


def health_routes() -> list[Route]:
    readiness = Readiness()

    async def ready(request: Request) -> Response:
        statuses = await readiness.ask(request.state.parts.stores)
        available = sum(status["available"] for status in statuses)
        word = "unavailable" if not available else "ready"
        if 0 < available < len(statuses):
            word = "degraded"
        return JSONResponse(
            {
                "status": word,
                "stores": [_shown(status) for status in statuses],
                "budgets": _budgets(request.state.parts.meter),
            },
            status_code=200 if available else 503,
            headers=_NO_STORE,
        )

    return [Route("/health/live", live), Route("/health/ready", ready)]


def _budgets(meter: Meter | None) -> dict[str, object]:
    """Who keeps the clients' budgets; `process` means that Redis did not answer the last time."""
    if meter is None:
        return {"mode": "off"}
    return {
        "mode": meter.settings.mode,
        "keptBy": "process" if meter.is_local else "redis",
        "decidedWithoutRedis": meter.local_orders,
    }


def _shown(status: StoreStatusRecord) -> dict[str, object]:
    return {
        "name": status["name"],
        "available": status["available"],
        "latencyMs": status["latency_ms"],
        "breaker": status["breaker"],
    }
