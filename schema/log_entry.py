"""LogEntry: a line that a program logged, the filter of logs and the lists of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from datasources import filters
from datasources.records import LogLevel
from resolvers import global_id, log_entry, pricing_calculation
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.paging import Page, PageArguments
from schema.enumeration import enumeration
from schema.fields import batched, column
from schema.ranges import DateTimeRange, several, stated, times
from schema.relay import After, Before, Connection, First, Last, Node, identity
from schema.rule import POINT

if TYPE_CHECKING:
    from schema.pricing_calculation import PricingCalculation

enumeration(
    LogLevel,
    "How grave a log line is.",
    DEBUG="Detail for whoever looks for a fault.",
    INFO="Something went as it should.",
    WARNING="Something was odd, and the work went on.",
    ERROR="A piece of work failed.",
    CRITICAL="The program itself is in danger.",
)


@strawberry.type(description="A line that a program of the company logged.")
class LogEntry(Node):
    id: strawberry.ID = identity("LogEntry")
    timestamp: datetime = column(description="When it was logged (UTC).")
    level: LogLevel = column(description="How grave it is.")
    logger: str = column(description="The part of the program that logged it.")
    message: str = column(description="What it says.")
    context: JSON = column(
        description="What the program noted beside the message; empty when it noted nothing."
    )
    trace_id: str | None = column(
        description="The trace of the request during which it was logged; lines of one request share it."
    )
    span_id: str | None = column(description="The step of that trace.")
    environment: str = column(description="Where the program ran, such as `production`.")
    service_name: str = column(description="The program.")
    calculation: (
        Annotated["PricingCalculation", strawberry.lazy("schema.pricing_calculation")] | None
    ) = batched(
        pricing_calculation.by_ids,
        key="calculation_id",
        rule=POINT,
        description="The calculation that `context.calculation_id` names; null when it names none.",
    )


LogEntryConnection = Connection[LogEntry]


@strawberry.input(description="Narrows a list of log lines; all that is given must hold.")
class LogFilter:
    levels: list[LogLevel] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these levels; nothing matches an empty list."
    )
    loggers: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="One of these loggers, by their whole name; nothing matches an empty list.",
    )
    trace_id: str | None = strawberry.field(default=strawberry.UNSET, description="Of this trace.")
    calculation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="About this calculation."
    )
    service_names: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of one of these programs; nothing matches an empty list.",
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="The message holds this text, in any letter case."
    )
    timestamp: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET, description="Logged within this range."
    )


Filter = Annotated[
    LogFilter | None, strawberry.argument(description="Only lines that hold all of this.")
]


async def logs(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Filter = None,  # noqa: A002
) -> Slots[Page]:
    """All log lines, newest first."""
    arguments = PageArguments(first, after, last, before)
    return await log_entry.by_page(
        context, keys, selection, arguments=arguments, where=log_filter(filter)
    )


async def logs_by_calculation(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Filter = None,  # noqa: A002
) -> Slots[Page]:
    """The log lines about each calculation, newest first."""
    arguments = PageArguments(first, after, last, before)
    return await log_entry.page_by_calculations(
        context, keys, selection, arguments=arguments, where=log_filter(filter)
    )


def log_filter(given: LogFilter | None) -> filters.LogFilter:
    """The filter in plain values; an id that names no calculation is refused."""
    if not given:
        return filters.LogFilter()
    calculation = stated(given.calculation_id)
    start, end = times(given.timestamp)
    return filters.LogFilter(
        levels=several(given.levels),
        loggers=several(given.loggers),
        trace_id=stated(given.trace_id),
        calculation_id=(
            global_id.decode_uuid("PricingCalculation", calculation)
            if calculation is not None
            else None
        ),
        service_names=several(given.service_names),
        text=given.text or None,
        from_time=start,
        until_time=end,
    )
