"""LogEntry: lines newest first, page by page, with the calculation that they speak of."""

from typing import Any
from uuid import uuid4

import pytest

from resolvers import global_id
from tests.datasources.mongo.documents import HOUR, NOON, hex_id, log
from tests.schema.workshop import CALCULATION, CALCULATION_ID, Workshop, failures

PAGE = """
query ($trace: String!, $first: Int, $after: String, $last: Int, $before: String) {
  logs(filter: {traceId: $trace}, first: $first, after: $after, last: $last, before: $before) {
    nodes { message }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}
"""


def messages(page: dict[str, Any]) -> list[str]:
    return [node["message"] for node in page["nodes"]]


async def test_a_line_shows_all_that_was_logged(workshop: Workshop) -> None:
    key = uuid4().hex[:24]
    document = log(id=key, calculation_id=CALCULATION, trace_id="4bf92f3577b34da6", level="ERROR")
    await workshop.keep("application_logs", document)
    node_id = global_id.encode("LogEntry", key)

    data = await workshop.data(
        """query ($id: ID!) {
          node(id: $id) {
            id
            ... on LogEntry {
              timestamp level logger message context traceId spanId environment serviceName
              calculation { id quantity }
            }
          }
        }""",
        id=node_id,
    )

    assert data["node"] == {
        "id": node_id,
        "timestamp": "2026-03-04T12:00:00Z",
        "level": "ERROR",
        "logger": "pricing.engine",
        "message": "priced",
        "context": {"attempt": 1, "calculation_id": str(CALCULATION)},
        "traceId": "4bf92f3577b34da6",
        "spanId": "b7ad6b7169203331",
        "environment": "production",
        "serviceName": "pricing",
        "calculation": {"id": CALCULATION_ID, "quantity": 4},
    }


async def test_a_line_that_names_no_calculation_has_none(workshop: Workshop) -> None:
    trace = uuid4().hex
    for context in ({}, {"calculation_id": "not one"}, {"calculation_id": str(uuid4())}):
        await workshop.keep("application_logs", log(trace_id=trace) | {"context": context})
    without = log(trace_id=trace)
    del without["context"]
    await workshop.keep("application_logs", without)

    data = await workshop.data(
        """query ($trace: String!) {
          logs(filter: {traceId: $trace}) { nodes { context calculation { id } } }
        }""",
        trace=trace,
    )

    assert [node["calculation"] for node in data["logs"]["nodes"]] == [None] * 4
    assert data["logs"]["nodes"][0]["context"] == {}


async def test_the_calculations_of_many_lines_are_one_statement(workshop: Workshop) -> None:
    trace = uuid4().hex
    lines = [log(trace_id=trace, calculation_id=CALCULATION) for _ in range(5)]
    await workshop.keep("application_logs", *lines)

    data = await workshop.data(
        """query ($trace: String!) {
          logs(filter: {traceId: $trace}) { nodes { calculation { quantity } } }
        }""",
        trace=trace,
    )

    assert data["logs"]["nodes"] == [{"calculation": {"quantity": 4}}] * 5
    assert [store for store, _ in workshop.asked()] == ["mongodb", "postgresql"]


async def test_pages_run_newest_first_and_back_again(workshop: Workshop) -> None:
    trace = uuid4().hex
    at_once = [log(trace_id=trace, message=f"same {at}", id=hex_id(900 + at)) for at in range(3)]
    older = [
        log(trace_id=trace, message=f"older {at}", timestamp=NOON - at * HOUR) for at in (1, 2)
    ]
    await workshop.keep("application_logs", *older, *at_once)

    walked, after = list[str](), None
    for has_next in (True, True, False):
        page = (await workshop.data(PAGE, trace=trace, first=2, after=after))["logs"]
        assert page["pageInfo"]["hasNextPage"] is has_next
        walked, after = walked + messages(page), page["pageInfo"]["endCursor"]
    back = (await workshop.data(PAGE, trace=trace, last=2, before=after))["logs"]

    assert walked == ["same 2", "same 1", "same 0", "older 1", "older 2"]
    assert messages(back) == ["same 0", "older 1"]
    assert back["pageInfo"]["hasPreviousPage"] is True


async def test_filters_narrow_and_the_length_is_counted_only_when_selected(
    workshop: Workshop,
) -> None:
    trace = uuid4().hex
    await workshop.keep(
        "application_logs",
        log(trace_id=trace, message="50% (off)", level="ERROR", logger="a", service_name="x"),
        log(trace_id=trace, message="nothing", level="ERROR", logger="b", service_name="x"),
        log(trace_id=trace, message="later 50% (OFF)", timestamp=NOON + HOUR, logger="a"),
    )
    filters = {
        "text": '{traceId: $trace, text: "% (oFf"}',
        "level": "{traceId: $trace, levels: [ERROR, CRITICAL]}",
        "logger": '{traceId: $trace, loggers: ["a", "c"]}',
        "service": '{traceId: $trace, serviceNames: ["x"], text: "50"}',
        "time": '{traceId: $trace, timestamp: {from: "2026-03-04T12:00:00Z", to: "2026-03-04T13:00:00Z"}}',
        "all": '{traceId: $trace, text: ""}',
        "null": "{traceId: $trace, levels: null, loggers: null, text: null, timestamp: null}",
        "noLevels": "{traceId: $trace, levels: []}",
        "noLoggers": "{traceId: $trace, loggers: []}",
        "noServices": "{traceId: $trace, serviceNames: []}",
        "nul": '{traceId: $trace, text: "\\u0000"}',
        "noTrace": '{traceId: ""}',
        "nulTrace": '{traceId: "\\u0000", loggers: ["\\u0000"]}',
    }
    fields = " ".join(
        f"{key}: logs(filter: {value}) {{ totalCount }}" for key, value in filters.items()
    )

    data = await workshop.data(f"query ($trace: String!) {{ {fields} }}", trace=trace)
    counts = {key: page["totalCount"] for key, page in data.items()}
    counted = workshop.asked()
    await workshop.data(PAGE, trace=trace, first=1)

    assert counts == {
        "text": 2,
        "level": 2,
        "logger": 2,
        "service": 1,
        "time": 2,
        "all": 3,
        "null": 3,
        "noLevels": 0,
        "noLoggers": 0,
        "noServices": 0,
        "nul": 0,
        "noTrace": 0,
        "nulTrace": 0,
    }
    assert {call for _, call in counted} == {"aggregate application_logs"}
    assert workshop.asked() == [("mongodb", "find application_logs")]


async def test_a_calculation_knows_its_lines(workshop: Workshop) -> None:
    service = uuid4().hex
    await workshop.keep(
        "application_logs",
        log(calculation_id=CALCULATION, service_name=service, message="first"),
        log(
            calculation_id=CALCULATION, service_name=service, message="then", timestamp=NOON + HOUR
        ),
        log(service_name=service, message="of another"),
    )
    filters = "serviceNames: [$service]"

    data = await workshop.data(
        f"""query ($id: ID!, $service: String!) {{
          calculation(id: $id) {{
            logs(first: 1, filter: {{{filters}}}) {{ totalCount nodes {{ message }} }}
          }}
          logs(filter: {{{filters}, calculationId: $id}}) {{ nodes {{ message }} }}
        }}""",
        id=CALCULATION_ID,
        service=service,
    )

    assert data["calculation"]["logs"] == {"totalCount": 2, "nodes": [{"message": "then"}]}
    assert messages(data["logs"]) == ["then", "first"]


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ("first: 0", "INVALID_PAGE", "first must be from 1 to 100, not 0"),
        ("first: -1", "INVALID_PAGE", "first must be from 1 to 100, not -1"),
        ("last: 101", "INVALID_PAGE", "last must be from 1 to 100, not 101"),
        ("first: 1, last: 1", "INVALID_PAGE", "Pass first or last, not both"),
        ('after: "garbage"', "INVALID_CURSOR", "not a cursor of this gateway"),
        ('before: ""', "INVALID_CURSOR", "not a cursor of this gateway"),
        ('after: "\\u0000é"', "INVALID_CURSOR", "not a cursor of this gateway"),
        ('filter: {calculationId: "x"}', "INVALID_ID", "not an id of this graph"),
        ('filter: {calculationId: ""}', "INVALID_ID", "not an id of this graph"),
        (
            'filter: {timestamp: {from: "2026-03-04T12:00:00Z", to: "2026-03-03T12:00:00Z"}}',
            "INVALID_RANGE",
            "timestamp.from must be earlier than timestamp.to",
        ),
    ],
)
async def test_a_bad_question_is_refused_and_no_store_is_asked(
    workshop: Workshop, arguments: str, code: str, part: str
) -> None:
    answer = await workshop.ask(f"{{ logs({arguments}) {{ totalCount nodes {{ id }} }} }}")

    assert answer.data == {"logs": None}
    found, message = failures(answer)["logs"]
    assert found == code
    assert part in message
    assert workshop.calls == []


async def test_a_cursor_of_another_list_is_refused(workshop: Workshop) -> None:
    await workshop.keep("application_logs", log())
    data = await workshop.data(
        "{ materials(first: 1) { pageInfo { endCursor } } logs(first: 1) { pageInfo { endCursor } } }"
    )
    materials, logs = (data[name]["pageInfo"]["endCursor"] for name in ("materials", "logs"))

    answer = await workshop.ask(
        """query ($materials: String!, $logs: String!) {
          logs(after: $materials) { nodes { id } }
          materials(after: $logs) { nodes { id } }
        }""",
        materials=materials,
        logs=logs,
    )

    assert {code for code, _ in failures(answer).values()} == {"INVALID_CURSOR"}
    assert answer.data == {"logs": None, "materials": None}


@pytest.mark.parametrize("key", ["zz", "ABCDEFABCDEFABCDEFABCDEF", "0" * 25])
async def test_an_id_that_no_line_can_have_is_refused(workshop: Workshop, key: str) -> None:
    answer = await workshop.ask(
        "query ($id: ID!) { node(id: $id) { id } }", id=global_id.encode("LogEntry", key)
    )

    assert failures(answer)["node"][0] == "INVALID_ID"
    assert workshop.calls == []
