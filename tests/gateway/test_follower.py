"""Follower: goes on where it was, whatever the gateway that it follows does."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from gateway.follower import Follower, FollowError, ServerEvent, read_events

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def event(number: int, **extensions: Any) -> bytes:
    data = orjson.dumps({"data": {"number": number}, "extensions": extensions})
    return b"event: next\nid: c%d\ndata: %b\n\n" % (number, data)


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives each connection the next answer and closes it; with what was asked."""
    left, asked = list(answers), list[dict[str, Any]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        asked.append(orjson.loads(await reader.readexactly(length))["variables"])
        writer.write(left.pop(0))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield f"http://{host}:{port}/graphql", asked


async def numbers(url: str, most: int, notices: list[str], after: str | None = None) -> list[int]:
    async with httpx.AsyncClient() as client:
        variables = {"materials": ["steel"], "after": after}
        follower = Follower(client, url, "subscription { number }", variables, notices.append)
        found = []
        async for result in follower.results():
            found.append(result["data"]["number"])
            if len(found) == most:
                break
    return found


async def test_it_goes_on_behind_the_last_event_after_every_kind_of_break() -> None:
    notices: list[str] = []
    unavailable = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    draining = b'event: complete\nid: c7\ndata: {"draining":true,"resume":"c7"}\n\n'
    async with saying(
        HEAD + b"retry: 1\n\n" + event(1) + b":\n\n" + event(2),
        b"",
        unavailable,
        HEAD + event(3) + draining,
        HEAD + event(8) + b"event: next\ndata: cut off amid its da",
        HEAD + event(9),
    ) as (url, asked):
        found = await numbers(url, 5, notices, after="c0")

    assert found == [1, 2, 3, 8, 9]
    assert [each["after"] for each in asked] == ["c0", "c2", "c2", "c2", "c7", "c8"]
    assert {tuple(each["materials"]) for each in asked} == {("steel",)}
    assert [re.sub(r" in \d\.\d s$", "", notice) for notice in notices] == [
        following := f"Following {url}",
        "The stream ended; connecting again",
        "The connection broke (RemoteProtocolError); connecting again",
        f"{url} answers 503; connecting again",
        following,
        "The gateway sends its clients elsewhere; connecting again at once",
        following,
        "The stream ended; connecting again",
        following,
    ]


async def test_it_waits_as_long_as_it_is_told_and_says_what_was_left_out() -> None:
    notices: list[str] = []
    limited = {
        "errors": [
            {
                "message": "Too much.",
                "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": 0.01},
            }
        ]
    }
    async with saying(
        HEAD + b"event: next\ndata: " + orjson.dumps(limited) + b"\n\nevent: complete\ndata:\n\n",
        HEAD + event(4, gap={"dropped": 3}),
    ) as (url, _):
        assert await numbers(url, 1, notices) == [4]

    assert notices == [
        f"Following {url}",
        "RATE_LIMITED: Too much.; connecting again at once",
        f"Following {url}",
        "3 events were left out, as they came too fast",
    ]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"errors": [{"message": "No.", "extensions": {"code": "CURSOR_EXPIRED"}}]}, "No."),
        (401, {"errors": [{"message": "Who?", "extensions": {"code": "UNAUTHENTICATED"}}]}, "Who?"),
        (404, "not found", "answers 404"),
    ],
)
async def test_what_asking_again_would_not_change_ends_it(
    status: int, body: Any, expected: str
) -> None:
    text = orjson.dumps(body)
    said = (
        HEAD + b"event: next\ndata: " + text + b"\n\n"
        if status == 200
        else b"HTTP/1.1 %d No\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text)
    )
    async with saying(said) as (url, _):
        with pytest.raises(FollowError, match=expected):
            await numbers(url, 1, [])


async def test_events_are_read_as_browsers_read_them() -> None:
    async def lines() -> AsyncIterator[str]:
        text = ": hello\nretry: 5\n\nid: 1\ndata: a\ndata:b\n\nevent: complete\ndata:\n\ndata: lost"
        for line in text.split("\n"):
            yield line

    assert [each async for each in read_events(lines())] == [
        ServerEvent("message", "a\nb", "1"),
        ServerEvent("complete", "", "1"),
    ]
