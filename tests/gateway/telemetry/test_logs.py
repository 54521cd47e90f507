"""Logs: one line an event, in both formats, and no client's values in it."""

import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from gateway.errors import Code
from gateway.telemetry.logs import JsonFormatter, LogSettings, TextFormatter, configure_logging


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The loggers are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_of_json_carries_its_fields_and_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogSettings(format="json"))

    try:
        raise ValueError("inside")
    except ValueError:
        fields = {"fields": {"error_id": "e-1"}}
        logging.getLogger("gateway.error").exception("unexpected\nerror", extra=fields)

    [line] = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert entry.keys() == {"time", "level", "logger", "message", "error_id", "traceback"}
    assert entry["message"] == "unexpected\nerror"
    assert entry["traceback"].endswith("ValueError: inside")
    assert entry["time"].endswith("Z")


def test_a_line_of_text_ends_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="text"))

    codes = [Code.BAD_REQUEST, "INVALID_ID"]
    logging.getLogger("gateway.operation").info(
        "answered", extra={"fields": {"status": 294, "codes": codes}}
    )

    assert capsys.readouterr().err.endswith(
        "INFO    gateway.operation: answered status=294 codes=BAD_REQUEST,INVALID_ID\n"
    )


def test_below_the_level_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(level="warning"))

    logging.getLogger("gateway.operation").info("answered")

    assert capsys.readouterr().err == ""


async def test_an_operation_is_one_line_without_its_values(
    strict: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.operation")

    await strict.post(
        "/graphql",
        json={"query": 'query Asked { echo(text: "private") broken unavailable unknownId }'},
    )

    [line] = [record for record in caplog.records if record.name == "gateway.operation"]
    fields = line.__dict__["fields"]
    assert fields.pop("milliseconds") >= 0
    assert fields == {
        "status": 294,
        "type": "query",
        "operation": "Asked",
        "codes": ["INTERNAL_ERROR", "INVALID_ID", "STORE_UNAVAILABLE"],
    }
    assert "private" not in JsonFormatter().format(line) + TextFormatter().format(line)
