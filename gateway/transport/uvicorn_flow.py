"""Uvicorn's flow control, save that no more is read while many requests of the connection wait already."""

import asyncio
from collections.abc import Sized

from uvicorn.protocols.http.flow_control import FlowControl

_MOST = 16  # more come with what was read last


class Flow(FlowControl):
    """Uvicorn reads on after each answer: requests that come faster than answers leave would pile up.

    Of the few that wait the last one may need its body, and the client may go away, so that is read.
    """

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if len(self._waiting) <= _MOST:
            super().resume_reading()
