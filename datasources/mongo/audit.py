"""Audit: writes what was asked of the gateway, and by whom, among the application's logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datasources.mongo.client import Mongo
from datasources.mongo.collections import APPLICATION_LOGS
from datasources.records import LogLevel
from datasources.scope import Scope

LOGGER = "gateway.audit"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """``context`` holds plain values: no text of the client, no value of a variable."""

    timestamp: datetime
    level: LogLevel
    message: str
    trace_id: str
    context: dict[str, Any]


class AuditRepository:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def write(
        self, scope: Scope, lines: Sequence[AuditLine], environment: str, service_name: str
    ) -> None:
        documents = [
            {
                "timestamp": line.timestamp,
                "level": line.level.value,
                "logger": LOGGER,
                "message": line.message,
                "context": line.context,
                "trace_id": line.trace_id,
                "span_id": None,
                "environment": environment,
                "service_name": service_name,
            }
            for line in lines
        ]
        await self._mongo.insert(scope, APPLICATION_LOGS, documents)
