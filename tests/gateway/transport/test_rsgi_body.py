"""Shortcut: how it comes by the bodies, told by stand-ins for what Granian hands over."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any

from granian.rsgi import ProtocolClosed

from gateway.app import create_app
from gateway.settings import Settings
from gateway.transport.rsgi_shortcut import Shortcut
from tests.gateway.server import NOWHERE

HEADERS = {"content-type": "application/json", "content-length": "2"}


class Request:
    """A plain POST, and its own protocol, which remembers the status of the answer."""

    def __init__(self) -> None:
        self.proto: Any = self
        self.scope: Any = SimpleNamespace(
            method="POST", path="/graphql", query_string="", client="127.0.0.1:1", headers=HEADERS
        )
        self.body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def __call__(self) -> asyncio.Future[bytes]:
        return self.body

    def response_empty(self, status: int, _: object) -> None:
        self.answered.set_result(status)

    def response_bytes(self, status: int, *_: object) -> None:
        self.answered.set_result(status)

    async def status(self) -> int:
        return await asyncio.wait_for(self.answered, timeout=5)


def opened(seconds: float = 10) -> Shortcut:
    http: Any = {"body_timeout_seconds": seconds}
    shortcut = Shortcut(create_app(Settings(**{**NOWHERE, "http": http})).endpoint)
    parts: Any = None  # nothing here is worth an operation
    shortcut.open(parts)
    return shortcut


async def test_who_left_amid_a_body_is_answered_as_granian_calls_silence_a_failure() -> None:
    shortcut, request = opened(), Request()

    assert shortcut.take(request)
    request.body.set_exception(ProtocolClosed())

    assert await request.status() == 500


async def test_a_body_is_given_up_after_a_while_without_any() -> None:
    shortcut, early, late = opened(seconds=0.04), Request(), Request()
    shortcut.take(early)
    early.body.set_result(b"[]")
    await early.status()
    shortcut._look()  # as by the timer: there is none to wait for, so that it stops

    shortcut.take(late)

    assert await late.status() == 408


async def test_it_looks_at_the_bodies_while_the_thread_adds_to_them() -> None:
    shortcut = opened()
    more = [Request() for _ in range(100)]
    for _ in range(50):
        shortcut.take(more.pop())

    class Garbage:
        """What is left over anew whenever it is collected, which lets the thread go on meanwhile."""

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            if more:
                shortcut.take(more.pop())
                Garbage()

    Garbage()
    usual = gc.get_threshold()
    gc.set_threshold(1)
    try:
        shortcut._look()
    finally:
        gc.set_threshold(*usual)
        more.clear()
    for coming in tuple(shortcut._coming):  # or all of them are told of as late, amid another test
        coming.cancel()
    await asyncio.sleep(0)
