"""Record: one line of the log for each operation. It names operation and codes, never a client's text."""

import logging
from time import perf_counter

from gateway.pipeline.exchange import Response

_MAX_NAME = 100

_log = logging.getLogger("gateway.operation")


def record(
    response: Response | None,
    started: float,
    said: str = "client gone",
    *,
    status: int | None = None,
    transport: str | None = None,
) -> None:
    """``said`` is the line of an operation without a response; ``started`` is of ``perf_counter``.

    What came by HTTP has a ``status``, all else a ``transport``.
    """
    if not _log.isEnabledFor(logging.INFO):
        return
    fields: dict[str, object] = (
        {"status": status} if transport is None else {"transport": transport}
    )
    fields["milliseconds"] = round((perf_counter() - started) * 1000, 2)
    if response is None:
        _log.info(said, extra={"fields": fields})
        return
    if response.operation_type:
        fields["type"] = response.operation_type
    if response.operation_name:
        fields["operation"] = response.operation_name[:_MAX_NAME]
    if response.errors:
        fields["codes"] = sorted({error["extensions"]["code"] for error in response.errors})
    _log.info("answered", extra={"fields": fields})
