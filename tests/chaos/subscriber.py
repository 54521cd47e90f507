"""Subscriber: hears events over a WebSocket or an event stream, and goes on by cursor after each loss."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from gateway.follower import Follower
from tests.gateway.transport.websocket.talk import talk_to

EVENTS = """subscription ($materials: [String!], $types: [PricingEventType!], $after: String) {
  pricingEvents(materials: $materials, types: $types, after: $after) {
    id cursor ... on CalculationRecorded { calculation { id quantity } } } }"""

_PAUSE_SECONDS = (0.05, 0.5)
_SILENCE_SECONDS = 60.0  # a live connection says something every 20 seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """Which events are wanted; ``None`` means all."""

    materials: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None

    def variables(self, after: str) -> dict[str, Any]:
        return {"materials": self.materials, "types": self.types, "after": after}

    def wants(self, kind: str, material: str) -> bool:
        of_kind = self.types is None or kind.upper() in self.types
        return of_kind and (self.materials is None or material in self.materials)


@dataclass(slots=True)
class Heard:
    """``ids`` in the order in which they came; ``losses`` are what ended connections, and how often."""

    ids: list[str] = field(default_factory=list)
    losses: Counter[str] = field(default_factory=Counter)
    gaps: int = 0

    def take(self, result: dict[str, Any]) -> str:
        """The cursor of the event."""
        self.gaps += "gap" in result.get("extensions", {})
        event = result["data"]["pricingEvents"]
        self.ids.append(event["id"])
        cursor: str = event["cursor"]
        return cursor


class Subscriber(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def wish(self) -> Wish: ...

    @property
    def heard(self) -> Heard: ...

    async def listen(self) -> None:
        """For ever."""


class StreamSubscriber:
    """As `gateway events tail` does it, at one gateway."""

    def __init__(self, client: httpx.AsyncClient, url: str, wish: Wish, after: str) -> None:
        self.name, self.wish, self.heard = "event stream", wish, Heard()
        variables = wish.variables(after)
        self._follower = Follower(client, f"{url}/graphql", EVENTS, variables, self._lost)

    async def listen(self) -> None:
        """As :class:`Subscriber` says it."""
        async for result in self._follower.results():
            self.heard.take(result)

    def _lost(self, why: str) -> None:
        self.heard.losses[why.partition(";")[0]] += 1


class _Ended(Exception):  # noqa: N818 - no error: the next connection goes on
    """The gateway ended the subscription, not the connection."""


class SocketSubscriber:
    """At whichever gateway it finds when it comes back."""

    def __init__(self, urls: tuple[str, ...], wish: Wish, after: str, random: Random) -> None:
        self.name, self.wish, self.heard = "WebSocket", wish, Heard()
        self._urls = urls
        self._after = after
        self._random = random

    async def listen(self) -> None:
        """As :class:`Subscriber` says it."""
        while True:
            try:
                async with aclosing(self._results()) as results:
                    async for result in results:
                        self._after = self.heard.take(result)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, _Ended) as loss:
                self.heard.losses[f"{type(loss).__name__}: {loss}"] += 1
            await asyncio.sleep(self._random.uniform(*_PAUSE_SECONDS))

    async def _results(self) -> AsyncGenerator[dict[str, Any], None]:
        """Until the connection or the subscription ends."""
        async with (
            httpx.AsyncClient(base_url=self._random.choice(self._urls)) as client,
            talk_to(client) as talk,
        ):
            await talk.init()
            await talk.subscribe(EVENTS, variables=self.wish.variables(self._after))
            while True:
                message = await asyncio.wait_for(talk.hear(), _SILENCE_SECONDS)
                match message["type"]:
                    case "next" if message["payload"].get("data"):
                        yield message["payload"]
                    case "ping":
                        await talk.say("pong")
                    case _:
                        raise _Ended(str(message.get("payload", "complete")))
