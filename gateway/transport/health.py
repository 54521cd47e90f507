"""Health: whether the process lives, and whether it should be sent requests.

Ready means that the process can answer operations. It is ready as long as any store answers: a store
that is down costs its own fields only, and taking every gateway away would cost the rest as well. Events
that come late are told of as degraded for the same reason.
"""

import asyncio
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from datasources.records import RelayStatusRecord, StoreStatusRecord
from datasources.relay.worker import Relay
from datasources.stores import Stores
from gateway.pipeline.exchange import Parts
from gateway.pipeline.meter import Meter
from gateway.transport.relay_status import relay_status

_NO_STORE = {"cache-control": "no-store"}


class Readiness:
    """Asks the stores at most once per ``keep_seconds``, however many probes there are."""

    def __init__(self, keep_seconds: float = 1.0) -> None:
        self._keep_seconds = keep_seconds
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._statuses: list[StoreStatusRecord] = []
        self._relay: RelayStatusRecord | None = None

    async def ask(self, stores: Stores) -> tuple[list[StoreStatusRecord], RelayStatusRecord | None]:
        """What each store says, and how far the relay came, unless PostgreSQL does not say."""
        async with self._lock:
            if monotonic() - self._asked_at >= self._keep_seconds:
                self._statuses, self._relay = await asyncio.gather(
                    stores.statuses(), relay_status(stores)
                )
                self._asked_at = monotonic()
            return self._statuses, self._relay


async def live(request: Request) -> Response:
    return JSONResponse({"status": "live"}, headers=_NO_STORE)


def health_routes(lag_degraded_seconds: float) -> list[Route]:
    """``lag_degraded_seconds`` is how late events are when that is told as degraded."""
    readiness = Readiness()

    async def ready(request: Request) -> Response:
        parts: Parts = request.state.parts
        statuses, relayed = await readiness.ask(parts.stores)
        available = sum(status["available"] for status in statuses)
        word = "unavailable" if not available else "ready"
        late = relayed is not None and relayed["lag_seconds"] > lag_degraded_seconds
        if 0 < available < len(statuses) or (available and late):
            word = "degraded"
        return JSONResponse(
            {
                "status": word,
                "stores": [_shown(status) for status in statuses],
                "budgets": _budgets(parts.meter),
                "relay": _relay(parts.relay, relayed),
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


def _relay(relay: Relay | None, status: RelayStatusRecord | None) -> dict[str, object]:
    """``leading`` is of this process; the rest is of all of them, and null where nobody can say."""
    return {
        "mode": "off" if relay is None else "on",
        "leading": relay is not None and relay.is_leading,
        "lagSeconds": status and status["lag_seconds"],
        "lagEvents": status and status["lag_events"],
        "deadLetters": status and status["dead_letters"],
    }


def _shown(status: StoreStatusRecord) -> dict[str, object]:
    return {
        "name": status["name"],
        "available": status["available"],
        "latencyMs": status["latency_ms"],
        "breaker": status["breaker"],
    }
