"""Refrain: what a head says is said by no other text, and a body is never longer or shorter than it tells."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.head import Head
from gateway.transport.refrain import Refrain

LINES = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\nAccept: b\r\n\r\n"


HEAD: Any = SimpleNamespace(headers={})


def request(body: bytes, digits: bytes | None = None) -> bytes:
    return LINES % (b"%d" % len(body) if digits is None else digits) + body


def refrain(body: bytes) -> Refrain:
    found = Refrain.of(request(body), body, HEAD)
    assert found is not None
    return found


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_body_of_as_many_digits_is_found(first: bytes, second: bytes) -> None:
    same = len(b"%d" % len(first)) == len(b"%d" % len(second))

    assert refrain(first).body_of(request(second)) == (second if same else None)


@pytest.mark.parametrize(
    "other",
    [
        request(b"{}", b"3"),
        request(b"{}", b"1"),
        request(b"{}", b" "),
        request(b"{}", b"+"),
        request(b"{}")[:-1],
        request(b"{}") + b"\r\n",
        request(b"{}") + request(b"{}"),
        request(b"{}").replace(b"Host: a", b"Host: b"),
        request(b"{}").replace(b"Accept: b", b"Accept: c"),
        request(b"{}").replace(b"POST", b"POsT"),
        b"\r\n" + request(b"{}"),
        b"",
    ],
)
def test_anything_else_is_none_of_it(other: bytes) -> None:
    assert refrain(b"[]").body_of(other) is None


@pytest.mark.parametrize("body", [b"{}", b"\r\n", b"\r\n\r\n", b""])
@pytest.mark.parametrize("trailing", [b"\r\n", b"\r\n\r\n"])
def test_what_trails_a_request_belongs_to_no_head(body: bytes, trailing: bytes) -> None:
    assert Refrain.of(request(body) + trailing, body, HEAD) is None


def test_what_is_long_or_tells_no_length_is_not_remembered() -> None:
    long = LINES.replace(b"Host: a", b"Host: %b" % (b"a" * 10_000)) % b"2" + b"{}"
    untold = b"POST /graphql HTTP/1.1\r\nHost: a\r\n\r\n"

    assert Refrain.of(long, b"{}", HEAD) is None
    assert Refrain.of(untold, b"", HEAD) is None


def test_it_keeps_what_the_head_says() -> None:
    head: Head = HEAD

    assert refrain(b"{}").head is head
