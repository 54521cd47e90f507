"""Breach: an operation over a limit is refused with what would bring it under, or only reported."""

import logging

from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.exchange import Exchange

_log = logging.getLogger("gateway.limit")

_ADVICE = {
    Code.DEPTH_LIMIT: ("nests fields {value} deep", "Ask for the inner objects by their ids."),
    Code.ROOT_FIELD_LIMIT: (
        "selects {value} fields at its root",
        "Ask for objects of one type by one list, or send several operations.",
    ),
    Code.FIELD_LIMIT: (
        "selects {value} fields, with its fragments written out",
        "Select less, or send several operations.",
    ),
    Code.ALIAS_LIMIT: (
        "has {value} aliases, with its fragments written out",
        "Ask for many objects by one list, or send several operations.",
    ),
    Code.DIRECTIVE_LIMIT: (
        "has {value} directives, with its fragments written out",
        "Decide before sending what is selected, or send several operations.",
    ),
    Code.NODE_LIMIT: (
        "may return {value} objects",
        "Ask for smaller pages, by first or last, above all in the outer lists.",
    ),
    Code.COST_LIMIT: (
        "may cost {value} points",
        "Ask for smaller pages, by first or last, or for less below them.",
    ),
}


def report(exchange: Exchange, code: Code, limit: int, value: int) -> None:
    """Refuses the operation, or only notes in the log that it would have been refused."""
    if exchange.parts.operation_limits.mode == "measure":
        details = {"code": code, "limit": limit, "value": value}
        _log.warning("an operation is over a limit", extra={"fields": details})
        return
    raise over(code, limit, value)


def over(code: Code, limit: int, value: int) -> RefusedError:
    what, advice = _ADVICE[code]
    message = f"This operation {what.format(value=value)}; here {limit} are allowed. {advice}"
    return refuse(code, message, limit=limit, value=value)
