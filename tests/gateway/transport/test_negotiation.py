"""Negotiation: the media type for an Accept header, and the bodies that can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.negotiation import MediaType, negotiate, readable

G, J = MediaType.GRAPHQL, MediaType.JSON


@pytest.mark.parametrize(
    ("accept", "strict", "legacy"),
    [
        ("", G, J),
        ("*/*", G, J),
        ("application/*", G, J),
        ("application/json", J, J),
        ("application/graphql-response+json", G, G),
        ("application/graphql-response+json, application/json", G, G),
        ("application/json, application/graphql-response+json", G, G),
        ("application/graphql-response+json;q=0.5, application/json", J, J),
        ("application/json;q=0.5, application/graphql-response+json;q=0.9", G, G),
        ("application/json, */*;q=0.1", J, J),
        ("application/json, */*", J, J),
        ("application/json;q=0, */*", G, G),
        ("application/graphql-response+json;q=0, */*", J, J),
        ("text/html, application/xhtml+xml, */*;q=0.8", G, J),
        ("Application/JSON; Charset=UTF-8", J, J),
        ('application/json; charset="utf-8"', J, J),
        ("application/json; charset=iso-8859-1", None, None),
        ("application/json;q=0", None, None),
        ("application/json;q=none", None, None),
        ("text/html", None, None),
        ("text/event-stream", None, None),
        ("garbage", None, None),
        (",;,=/;q", None, None),
    ],
)
def test_the_best_acceptable_type_is_chosen(
    accept: str, strict: MediaType | None, legacy: MediaType | None
) -> None:
    assert negotiate(accept, "strict-2026") is strict
    assert negotiate(accept, "legacy") is legacy


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    assert negotiate(value, "strict-2026") in (G, J, None)
    assert readable(value) in (True, False)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("APPLICATION/JSON ; charset=UTF-8", True),
        ('application/json;charset="utf8"', True),
        ("application/json; charset=latin1", False),
        ("application/jsonp", False),
        ("text/plain", False),
        ("multipart/form-data; boundary=application/json", False),
        ("application/x-www-form-urlencoded, application/json", False),
        ("", False),
    ],
)
def test_only_json_in_utf8_is_read(content_type: str, expected: bool) -> None:
    assert readable(content_type) is expected
