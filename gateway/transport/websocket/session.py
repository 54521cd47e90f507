"""Session: one client over one WebSocket, from its `connection_init` to the code that closes it.

Source: graphql-ws, PROTOCOL.md (subprotocol graphql-transport-ws). Ours are the payloads of pings and pongs
about credentials that end and about a process that does.
"""

import asyncio
from typing import Any

from datasources.errors import StoreUnavailableError
from gateway.auth.credentials import NOTHING, Credentials
from gateway.auth.identity import Identity
from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.pipeline.quota import counted_as, network_of
from gateway.telemetry.trace import trace_id_of
from gateway.transport.message import ClientGoneError
from gateway.transport.request import check_parameters, names_a_document
from gateway.transport.roster import Roster
from gateway.transport.websocket.message import (
    PONG,
    CloseCode,
    ClosingError,
    Message,
    acknowledge,
    complete,
    error,
    ping,
    read_message,
)
from gateway.transport.websocket.operation import Operation
from gateway.transport.websocket.pulse import Pulse
from gateway.transport.websocket.socket import Handshake, Socket, read_payload

_CLOSE_SECONDS = 1.0


class Session:
    """A :class:`Guest` of the roster."""

    __slots__ = (
        "_ending",
        "_handshake",
        "_initialised",
        "_max_bytes",
        "_operations",
        "_parts",
        "_pulse",
        "_roster",
        "_saying",
        "_socket",
        "_task",
        "_tasks",
        "_turns",
        "_viewer_id",
        "credentials",
    )

    def __init__(
        self, socket: Socket, handshake: Handshake, parts: Parts, roster: Roster, max_bytes: int
    ) -> None:
        self.credentials: Credentials = NOTHING
        self._socket = socket
        self._handshake = handshake
        self._parts = parts
        self._roster = roster
        self._max_bytes = max_bytes
        self._task = asyncio.current_task()
        self._operations: dict[str, Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: ClosingError | None = None
        self._initialised = False
        self._viewer_id = ""  # until the client has said who it is
        self._pulse = Pulse(roster.settings)
        # One connection waits for itself, rather than be told that it asks for too much at once.
        self._turns = asyncio.Semaphore(parts.concurrency.settings.per_client)
        self._saying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until either side ends it; the socket is closed then, and nothing runs any more."""
        try:
            self._wait_for_init()
            await self._converse()
        except asyncio.CancelledError:
            if self._ending is None or self._task is None or self._task.uncancel():
                raise
        except ClosingError as ending:
            self._ending = ending
        except ClientGoneError:
            pass
        except Exception as broken:
            mask(broken)
            self._ending = ClosingError(CloseCode.SERVER_ERROR, "Internal server error")
        finally:
            self._roster.leave(self)
            await self._stop()
        if self._ending is not None:
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):  # who does not read is left behind
                    await self._socket.close(self._ending.code, self._ending.reason)
            except TimeoutError:
                return

    def look(self, now: float, wall: float) -> None:
        """As :class:`Guest` says it."""
        try:
            text = self._pulse.look(now, wall)
        except ClosingError as ending:
            self._end(ending)
            return
        # One that cannot be sent will be noticed as one that is not answered.
        if text is not None and (self._saying is None or self._saying.done()):
            self._saying = asyncio.create_task(self._say(text))

    def forbid(self, refusal: RefusedError) -> None:
        """As :class:`Guest` says it."""
        self._end(ClosingError(CloseCode.FORBIDDEN, _forbidden(refusal)))

    async def depart(self) -> None:
        """As :class:`Guest` says it; the client learns each subscription's cursor."""
        operations = list(self._operations.values())
        cursors = {each.id: each.cursor for each in operations if each.cursor is not None}
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.send(ping({"draining": True, "resume": cursors}))
                for each in operations:
                    each.task.cancel()
                    await self._socket.send(complete(each.id))
        except (ClientGoneError, TimeoutError):
            pass
        self._end(ClosingError(CloseCode.GOING_AWAY, "Going away: connect again"))

    async def _converse(self) -> None:
        while (text := await self._socket.receive()) is not None:
            message = read_message(text, self._max_bytes)
            self._pulse.feel()
            match message.type:
                case "connection_init":
                    await self._initialise(message.payload)
                case "subscribe":
                    await self._subscribe(message)
                case "complete":
                    operation = self._operations.pop(message.id, None)
                    if operation is not None:
                        operation.task.cancel()
                case "ping":
                    await self._socket.send(PONG)
                case "pong":
                    await self._renew(message.payload)

    def _wait_for_init(self) -> None:
        """Until the client has said who it is, it is its address that holds this connection."""
        address = network_of(self._handshake.client_address)
        if not self._roster.admit(self, f"address:{address}"):
            reason = "Too many connections of your address have not said who they are"
            raise ClosingError(CloseCode.TRY_AGAIN_LATER, reason)

    async def _initialise(self, payload: dict[str, Any] | None) -> None:
        if self._initialised:
            code = CloseCode.TOO_MANY_INITIALISATIONS
            raise ClosingError(code, "Too many initialisation requests")
        self._initialised = True
        handshake, settings = self._handshake, self._roster.settings
        try:
            shown = read_payload(payload) or handshake.credentials
            if isinstance(shown, RefusedError):
                raise shown
            found = await self._identify(shown)
        except RefusedError as refusal:
            raise _closing(refusal) from None
        if not self._roster.admit(self, counted_as(found.viewer, handshake.client_address)):
            reason = f"Too many connections: {settings.per_client} of yours are open here"
            raise ClosingError(CloseCode.TRY_AGAIN_LATER, reason)
        self.credentials, self._viewer_id = shown, found.viewer.id
        self._pulse.acknowledge(found.expires_at)
        await self._socket.send(
            acknowledge(
                {"pingSeconds": settings.ping_seconds, "operationLimit": settings.operations}
            )
        )

    async def _renew(self, payload: dict[str, Any] | None) -> None:
        """Takes other credentials of the same user, if the pong holds any."""
        if not self._viewer_id:
            return
        try:
            shown = read_payload(payload)
            if shown is None:
                return
            found = await self._identify(shown)
        except RefusedError as refusal:
            raise _closing(refusal) from None
        if found.viewer.id != self._viewer_id:
            reason = "Forbidden: these credentials are somebody else's"
            raise ClosingError(CloseCode.FORBIDDEN, reason)
        self.credentials = shown
        self._pulse.renew(found.expires_at)
        for each in self._operations.values():
            each.renew(shown)

    async def _identify(self, shown: Credentials) -> Identity:
        try:
            address = network_of(self._handshake.client_address)
            return await self._parts.authenticator.identify(shown, address)
        except StoreUnavailableError:
            reason = "Nobody can be let in at the moment; try again later"
            raise ClosingError(CloseCode.TRY_AGAIN_LATER, reason) from None

    async def _subscribe(self, message: Message) -> None:
        id_, payload = message.id, message.payload
        if not self._viewer_id:
            raise ClosingError(CloseCode.UNAUTHORIZED, "Unauthorized")
        if id_ in self._operations:
            reason = f"Subscriber for {id_} already exists"
            raise ClosingError(CloseCode.SUBSCRIBER_EXISTS, reason)
        try:
            request = self._request(payload)
        except RefusedError as refusal:
            reason = f"Invalid message: {refusal.errors[0]['message']}"
            raise ClosingError(CloseCode.BAD_MESSAGE, reason) from None
        if len(self._tasks) >= self._roster.settings.operations:
            await self._socket.send(error(id_, _too_many(self._roster.settings.operations).errors))
            return
        operation = Operation(id_, request, self._parts, self._socket.send, self._turns)
        self._operations[id_] = operation
        operation.task = asyncio.create_task(operation.run(self._ended))
        self._tasks.add(operation.task)
        operation.task.add_done_callback(self._tasks.discard)

    def _request(self, payload: dict[str, Any] | None) -> Request:
        """Raises a refusal. A document that is named needs no text, which some clients send empty."""
        terms = Terms(self.credentials, self._handshake.client_address, in_band=True)
        request = check_parameters(payload, trace_id_of(""), terms)
        if request.query == "" and names_a_document(request.document_id, request.extensions):
            request.query = None
        return request

    def _ended(self, operation: Operation) -> None:
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]

    async def _say(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except ClientGoneError:
            return

    def _end(self, ending: ClosingError) -> None:
        """Takes the session out of whatever it waits for."""
        if self._ending is None and self._task is not None:
            self._ending = ending
            self._task.cancel()

    async def _stop(self) -> None:
        tasks = [*self._tasks, *([self._saying] if self._saying is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _closing(refusal: RefusedError) -> ClosingError:
    if refusal.code is Code.UNAUTHENTICATED:
        return ClosingError(CloseCode.FORBIDDEN, _forbidden(refusal))
    return ClosingError(CloseCode.TRY_AGAIN_LATER, refusal.errors[0]["message"])


def _forbidden(refusal: RefusedError) -> str:
    return f"Forbidden: {refusal.errors[0]['message']}"


def _too_many(limit: int) -> RefusedError:
    return refuse(
        Code.SUBSCRIPTION_LIMIT,
        f"{limit} operations run over this connection already, the most at once. Complete some of "
        "them, or open another connection.",
        limit=limit,
    )
