"""Audit: notes who asked what, what it cost and how it ended; never a text or a value of the client."""

from datetime import UTC, datetime
from hashlib import sha256
from time import monotonic
from typing import Any

import orjson

from datasources.mongo.audit import AuditLine
from datasources.records import LogLevel
from gateway.errors import Code
from gateway.pipeline.document_id import digest_of
from gateway.pipeline.exchange import Exchange

_FAULTS = frozenset({Code.INTERNAL_ERROR, Code.DEADLINE_EXCEEDED, Code.STORE_UNAVAILABLE})


def audit(exchange: Exchange) -> None:
    if exchange.parts.audit is not None:
        exchange.parts.audit.record(_line(exchange))


def _line(exchange: Exchange) -> AuditLine:
    kind, name = exchange.operation_type or "request", exchange.operation_name
    name = name[:100] if name else "unnamed"
    outcome = _outcome(exchange)
    return AuditLine(
        timestamp=datetime.now(UTC),
        level=_level(exchange),
        message=f"{kind} {name}: {outcome}",
        trace_id=exchange.request.trace_id,
        context={
            "operation": {"type": kind, "name": name},
            "outcome": outcome,
            "milliseconds": round((monotonic() - exchange.started) * 1000, 2),
            "cost": {
                "requested": exchange.price.points if exchange.price else None,
                "actual": exchange.actual_cost,
            },
            "rows": dict(exchange.rows),
            "variables_sha256": _hash_of_variables(exchange),
            "document_sha256": _hash_of_document(exchange),
            "document_id": exchange.document_id,
            **_who(exchange),
        },
    )


def _who(exchange: Exchange) -> dict[str, Any]:
    """Who asked, as far as that was found out before the operation ended."""
    viewer = getattr(exchange, "viewer", None)
    if viewer is None:
        return {"viewer": None, "roles": []}
    return {"viewer": viewer.id, "roles": sorted(role.value for role in viewer.roles)}


def _outcome(exchange: Exchange) -> str:
    if exchange.refused:
        return exchange.refused.value
    return "partial" if exchange.errors else "ok"


def _level(exchange: Exchange) -> LogLevel:
    if exchange.refused in _FAULTS:
        return LogLevel.ERROR
    return LogLevel.WARNING if exchange.refused or exchange.errors else LogLevel.INFO


def _hash_of_document(exchange: Exchange) -> str | None:
    document = getattr(exchange, "document", None)
    if document is not None:
        return str(document.digest)
    text = exchange.request.query
    return None if text is None else digest_of(text)


def _hash_of_variables(exchange: Exchange) -> str | None:
    """Tells equal questions from others without telling what was asked."""
    if not exchange.request.variables:
        return None
    try:
        text = orjson.dumps(exchange.request.variables, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested too deep to be written, and refused for that
        return None
    return sha256(text).hexdigest()
