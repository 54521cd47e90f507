"""Log filter: what narrows a list of log lines, as conditions on their documents."""

import re
from collections.abc import Sequence

from datasources.filters import LogFilter
from datasources.mongo.collections import (
    CALCULATION_INDEX,
    LEVEL_INDEX,
    MESSAGE_MAX_LENGTH,
    TIME_INDEX,
    TRACE_INDEX,
)
from datasources.mongo.driver import Document

NOTHING: Document = {"_id": {"$in": []}}


def conditions(log_filter: LogFilter) -> list[Document]:
    """Each must hold; an empty list lets every line through."""
    found: list[Document] = []
    for field, values in (
        ("level", log_filter.levels),
        ("logger", log_filter.loggers),
        ("service_name", log_filter.service_names),
    ):
        if values is not None:
            found.append({field: {"$in": _storable([str(value) for value in values])}})
    if log_filter.trace_id is not None:
        found.append({"trace_id": {"$in": _storable([log_filter.trace_id])}})
    if log_filter.calculation_id is not None:
        found.append({"context.calculation_id": str(log_filter.calculation_id)})
    if log_filter.from_time is not None:
        found.append({"timestamp": {"$gte": log_filter.from_time}})
    if log_filter.until_time is not None:
        found.append({"timestamp": {"$lt": log_filter.until_time}})
    if log_filter.text:
        found.append(_containing(log_filter.text))
    return found


def index_for(log_filter: LogFilter) -> str:
    """The narrowest index; each ends with the order of the lists."""
    if log_filter.trace_id is not None:
        return TRACE_INDEX
    if log_filter.calculation_id is not None:
        return CALCULATION_INDEX
    return TIME_INDEX if log_filter.levels is None else LEVEL_INDEX


def all_of(found: Sequence[Document]) -> Document:
    return {"$and": list(found)} if found else {}


def _containing(text: str) -> Document:
    if len(text) > MESSAGE_MAX_LENGTH or not _storable([text]):
        return NOTHING
    # The server's regular expressions end at a NUL character unless it is spelled out.
    pattern = re.escape(text).replace("\0", "\\x00")
    return {"message": {"$regex": pattern, "$options": "i"}}


def _storable(values: Sequence[str]) -> list[str]:
    """Half of a surrogate pair has no UTF-8 form, so no document holds it."""
    return [value for value in values if value == value.encode("utf-8", "ignore").decode()]
