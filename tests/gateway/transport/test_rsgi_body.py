"""Shortcut: how it comes by the bodies, told by stand-ins for what Granian hands over."""

import asyncio
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
        self.scope: Any = SimpleNamespace(
            method="POST", path="/graphql", query_string="", client="127.0.0.1:1", headers=HEADERS
        )
        self.body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def proto(self) -> Any:
        return self

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
