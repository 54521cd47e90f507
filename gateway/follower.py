"""Follower: reads a subscription over server-sent events, and goes on where it was after every break.

Source: HTML, section 9.2 (server-sent events).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from random import uniform
from typing import Any, NamedTuple

import httpx
import orjson

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_SILENCE_SECONDS = 90.0  # a live stream says something every 20 seconds
_CONNECT_SECONDS = 10.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
# Whatever else is refused would be refused again.
_TRANSIENT_CODES = frozenset(
    {
        "CONCURRENCY_LIMIT",
        "DEADLINE_EXCEEDED",
        "INTERNAL_ERROR",
        "ISSUER_UNAVAILABLE",
        "OVERLOADED",
        "RATE_LIMITED",
        "STORE_UNAVAILABLE",
        "SUBSCRIPTION_LIMIT",
    }
)


class FollowError(Exception):
    """What will not get better by asking again; the text is for whoever asked."""


class _Interruption(Exception):  # noqa: N818 - not an error, as the follower goes on
    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class ServerEvent(NamedTuple):
    """One event of a stream; ``id`` is empty where it has none."""

    kind: str
    data: str
    id: str


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """The events of a stream's lines; comments and whatever is not whole are left out."""
    kind, data, id_ = "message", list[str](), ""
    async for line in lines:
        if not line:
            if data:
                yield ServerEvent(kind, "\n".join(data), id_)
            kind, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            id_ = value


class Follower:
    """``after`` is where it stands: the cursor of the last event that it gave."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        query: str,
        variables: Mapping[str, Any],
        notice: Callable[[str], None],
    ) -> None:
        """``notice`` hears of connections and breaks; ``variables`` may hold ``after``, where to begin."""
        self.after: str | None = variables.get("after")
        self._client = client
        self._url = url
        self._query = query
        self._variables = variables
        self._notice = notice
        self._wait_seconds = _FIRST_WAIT_SECONDS

    async def results(self) -> AsyncIterator[dict[str, Any]]:
        """Results with data, each event once, in order, for ever; raises :class:`FollowError`."""
        while True:
            try:
                async for result in self._connected():
                    self._wait_seconds = _FIRST_WAIT_SECONDS
                    yield result
                raise _Interruption("The stream ended")
            except (httpx.UnsupportedProtocol, httpx.InvalidURL):
                raise FollowError(f"{self._url} is no address of http or https") from None
            except httpx.ConnectError:
                await self._pause(_Interruption(f"Nobody answers at {self._url}"))
            except httpx.TransportError as error:
                await self._pause(_Interruption(f"The connection broke ({type(error).__name__})"))
            except _Interruption as interruption:
                await self._pause(interruption)

    async def _connected(self) -> AsyncIterator[dict[str, Any]]:
        request = self._client.stream(
            "POST",
            self._url,
            json={"query": self._query, "variables": {**self._variables, "after": self.after}},
            headers={"accept": "text/event-stream"},
            timeout=httpx.Timeout(_CONNECT_SECONDS, read=_SILENCE_SECONDS),
        )
        async with request as response:
            if response.status_code != 200:
                await response.aread()
                raise _refused(response)
            if (
                "content-length" not in response.headers
            ):  # with one it is over already, and says why
                self._notice(f"Following {self._url}")
            async for event in read_events(response.aiter_lines()):
                if event.kind == "complete":
                    self.after = event.id or self.after
                    draining = "draining" in event.data
                    raise _Interruption(
                        "The gateway sends its clients elsewhere"
                        if draining
                        else "The stream ended",
                        0.0 if draining else None,
                    )
                result: dict[str, Any] = orjson.loads(event.data)
                self._check(result)
                yield result
                self.after = event.id or self.after

    def _check(self, result: dict[str, Any]) -> None:
        """Raises for a result that ends the stream; one in part is as good as a whole one."""
        gap = result.get("extensions", {}).get("gap")
        if gap:
            self._notice(
                f"{gap.get('dropped', 'some')} events were left out, as they came too fast"
            )
        errors = result.get("errors", [])
        if errors and result.get("data") is None:
            raise _of(errors)

    async def _pause(self, interruption: _Interruption) -> None:
        seconds = interruption.seconds
        if seconds is None:
            seconds = uniform(self._wait_seconds / 2, self._wait_seconds)  # noqa: S311
            self._wait_seconds = min(2 * self._wait_seconds, _LONGEST_WAIT_SECONDS)
        when = "at once" if seconds < 0.05 else f"in {seconds:.1f} s"
        self._notice(f"{interruption}; connecting again {when}")
        await asyncio.sleep(seconds)


def _refused(response: httpx.Response) -> Exception:
    try:
        errors = response.json()["errors"]
    except (ValueError, KeyError, TypeError):
        errors = []
    if errors:
        return _of(errors)
    said = f"{response.url} answers {response.status_code}"
    return _Interruption(said) if response.status_code in _TRANSIENT else FollowError(said)


def _of(errors: list[dict[str, Any]]) -> Exception:
    message, extensions = errors[0].get("message", ""), errors[0].get("extensions", {})
    code = extensions.get("code", "")
    if code in _TRANSIENT_CODES:
        return _Interruption(f"{code}: {message}", extensions.get("retryAfterSeconds"))
    return FollowError(f"{code}: {message}")
