"""Logs: one structured line per event on standard error, as JSON or as text."""

import logging
import sys
from datetime import UTC, datetime
from logging import LogRecord
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

Level = Literal["debug", "info", "warning", "error"]


class LogSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level = Field("info", description="The least important lines that are written.")
    format: Literal["text", "json"] = Field(
        "text", description="How a line is written: for people or for a collector."
    )
    environment: str = Field(
        "production", min_length=1, description="Where the gateway runs, as its log lines say."
    )
    service_name: str = Field(
        "pricing-gateway", min_length=1, description="What the gateway calls itself in them."
    )


def configure_logging(settings: LogSettings) -> None:
    """Sends every logger of the process, the server's own included, through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())


class JsonFormatter(logging.Formatter):
    """One JSON object a line; ``extra={"fields": {...}}`` joins it."""

    def format(self, record: LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, then the fields as ``name=value``."""

    def format(self, record: LogRecord) -> str:
        fields = "".join(f" {name}={_shown(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _time(record: LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(record: LogRecord) -> dict[str, Any]:
    return getattr(record, "fields", {})
