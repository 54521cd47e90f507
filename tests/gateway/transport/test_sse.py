"""Server-sent events: how results are written, and who may have them."""

import pytest

from gateway.transport.negotiation import Events, negotiate_events
from gateway.transport.sse import complete_event, next_event


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Events.NOTHING),
        ("*/*", Events.NOTHING),
        ("text/*", Events.NOTHING),
        ("application/json", Events.NOTHING),
        ("text/event-stream;q=0", Events.NOTHING),
        ("text/event-stream", Events.EVERYTHING),
        ("text/event-stream, */*", Events.EVERYTHING),
        ("text/event-stream, application/json;q=0.9", Events.EVERYTHING),
        ("application/json, text/event-stream", Events.SUBSCRIPTIONS),
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            Events.SUBSCRIPTIONS,
        ),
    ],
)
def test_who_names_the_media_type_takes_it(accept: str, expected: Events) -> None:
    assert negotiate_events(accept) is expected


def test_an_event_carries_its_cursor_and_every_line_of_its_data() -> None:
    assert next_event(b'{"a":1}', "c7") == b'event: next\nid: c7\ndata: {"a":1}\n\n'
    assert next_event(b'{"a":\r\n1}') == b'event: next\ndata: {"a":\ndata: 1}\n\n'


def test_the_end_has_an_empty_line_of_data() -> None:
    assert complete_event() == b"event: complete\ndata: \n\n"
