"""Credentials: what is read from the headers, and whose word on the client's address counts."""

import pytest

from gateway.auth.credentials import NOTHING, Credentials
from gateway.errors import RefusedError
from gateway.transport.credentials import client_address, read_credentials
from gateway.transport.message import Headers, join_headers


def headers_of(*lines: tuple[str, str]) -> Headers:
    return join_headers(lines)[0]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], NOTHING),
        ([("cookie", "other=1; session")], NOTHING),
        ([("cookie", "other=1;  session=abc ;x=y")], Credentials(session="abc")),
        ([("cookie", "a=1"), ("cookie", "session=abc")], Credentials(session="abc")),
        ([("authorization", "Bearer abc")], Credentials(bearer="abc")),
        ([("authorization", "BEARER abc")], Credentials(bearer="abc")),
        ([("authorization", "Bearer pgw_x")], Credentials(api_key="pgw_x")),
        ([("x-api-key", "anything")], Credentials(api_key="anything")),
        (
            [("authorization", "Bearer pgw_x"), ("x-api-key", "pgw_y")],
            Credentials(bearer="pgw_x", api_key="pgw_y"),
        ),
    ],
)
def test_what_headers_show(headers: list[tuple[str, str]], expected: Credentials) -> None:
    assert read_credentials(headers_of(*headers), "session") == expected


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearer a,b"]
)
def test_an_unclear_header_is_refused(value: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_credentials(headers_of(("authorization", value)), "session")

    assert refused.value.errors[0]["extensions"]["reason"] == "malformed"


def test_credentials_are_not_printed() -> None:
    assert "secret" not in repr(Credentials("secret", "secret", "secret"))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "unknown", "192.0.2.7"),
        (1, "", "192.0.2.7"),
    ],
)
def test_only_our_own_proxies_say_where_a_client_is(
    proxies: int, forwarded: str, expected: str
) -> None:
    assert (
        client_address(headers_of(("x-forwarded-for", forwarded)), "192.0.2.7", proxies) == expected
    )
