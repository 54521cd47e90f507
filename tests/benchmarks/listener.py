"""Listener: many WebSockets in a process of its own, each with one subscription, and when each event came.

Raw sockets and one epoll, so that what is measured is the server. Reads an order from standard input, says
``ready`` once every subscription was told of its first event, reads the events that were written since, and
answers with what it found. Equal subscriptions are told the same bytes: one is read, the others are compared.
"""

import select
import socket
import sys
from bisect import bisect_left
from dataclasses import asdict, dataclass
from time import monotonic, process_time
from typing import Any
from zlib import crc32

import orjson

_AT_ONCE = 50
_CHUNK = 1_048_576
_SILENCE_SECONDS = 15.0
_TEXT, _MASKED, _IN_2_BYTES, _IN_8_BYTES = 0x81, 0x80, 126, 127


@dataclass(frozen=True, slots=True)
class Order:
    """A socket for each of ``variables``."""

    port: int
    query: str
    variables: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """The texts that events are known by, in order, with when each was committed, in monotonic seconds."""

    marks: list[str]
    committed: list[float]


@dataclass(frozen=True, slots=True)
class Found:
    """``incomplete`` sockets were not told everything in order. Latencies are in milliseconds.

    ``told`` is how many results came over the one that is read.
    """

    sockets: int
    told: int
    incomplete: int
    median: float
    tail: float  # the 99th of a hundred
    worst: float
    cpu_seconds: float


class _Listener:
    __slots__ = ("arrivals", "kept", "received", "socket", "sum")

    def __init__(self, port: int, *, keeps: bool) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = self.sum = 0
        self.arrivals: list[tuple[int, float]] = []  # bytes so far, and when
        self.kept: bytearray | None = bytearray() if keeps else None

    def ask(self, port: int) -> None:
        head = (
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        self.socket.sendall(head.encode())

    def subscribe(self, query: str, variables: dict[str, Any]) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        payload = {"query": query, "variables": variables}
        for message in (
            {"type": "connection_init"},
            {"type": "subscribe", "id": "1", "payload": payload},
        ):
            self.socket.sendall(_frame(orjson.dumps(message)))

    def wait(self) -> None:
        """Until the first event."""
        told = b""
        while not (frames := _frames(told)) or b'"next"' not in frames[-1][1]:
            assert not any(b'"error"' in text for _, text in frames), told
            told += self.socket.recv(_CHUNK)
        self.socket.setblocking(False)

    def take(self) -> None:
        try:
            data = self.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        self.received += len(data)
        self.sum = crc32(data, self.sum)
        self.arrivals.append((self.received, monotonic()))
        if self.kept is not None:
            self.kept += data


def _frame(text: bytes) -> bytes:
    """Masked with zeros. Source: RFC 6455, section 5.2."""
    size = len(text)
    head = bytes((_TEXT, _MASKED | size)) if size < _IN_2_BYTES else bytes((_TEXT, 0xFE))
    return head + (size.to_bytes(2, "big") if size >= _IN_2_BYTES else b"") + bytes(4) + text


def _frames(data: bytes | bytearray) -> list[tuple[int, bytes]]:
    """Where each whole frame ends, and its text."""
    found, place = [], 0
    while place + 2 <= len(data):
        size, begin = data[place + 1], place + 2
        for mark, width in ((_IN_2_BYTES, 2), (_IN_8_BYTES, 8)):
            if data[place + 1] == mark:
                size, begin = int.from_bytes(data[begin : begin + width], "big"), begin + width
        place = begin + size
        if place > len(data):
            break
        found.append((place, bytes(data[begin:place])))
    return found


def connect(order: Order) -> list[_Listener]:
    listeners: list[_Listener] = []
    for start in range(0, len(order.variables), _AT_ONCE):
        variables = order.variables[start : start + _AT_ONCE]
        new = [_Listener(order.port, keeps=not (start or index)) for index in range(len(variables))]
        for each in new:
            each.ask(order.port)
        for each, given in zip(new, variables, strict=True):
            each.subscribe(order.query, given)
        for each in new:
            each.wait()
        listeners += new
    return listeners


def listen(listeners: list[_Listener]) -> Written:
    """Until everything that was written has come, or nothing comes any more."""
    poll = select.epoll()
    by_number = {each.socket.fileno(): each for each in listeners}
    for number in (*by_number, 0):
        poll.register(number, select.EPOLLIN)
    written, last = None, monotonic()
    while written is None or monotonic() - last < _SILENCE_SECONDS:
        for number, _ in poll.poll(1.0):
            if number:
                by_number[number].take()
                last = monotonic()
            else:
                written = Written(**orjson.loads(sys.stdin.buffer.readline()))
                poll.unregister(0)
                last = monotonic()
        if written is not None and _is_done(listeners, len(written.marks)):
            break
    return written


def _is_done(listeners: list[_Listener], count: int) -> bool:
    reference = listeners[0]
    told = all(each.received == reference.received for each in listeners)
    return told and len(_frames(reference.kept or b"")) >= count


def judge(listeners: list[_Listener], written: Written) -> Found:
    reference = listeners[0]
    frames = _frames(reference.kept or b"")
    right = len(frames) == len(written.marks) and all(
        mark.encode() in text for (_, text), mark in zip(frames, written.marks, strict=True)
    )
    whole = [
        each
        for each in listeners
        if right and (each.received, each.sum) == (reference.received, reference.sum)
    ]
    latencies = []
    for each in whole:
        sizes = [size for size, _ in each.arrivals]
        for (end, _), committed in zip(frames, written.committed, strict=True):
            latencies.append(each.arrivals[bisect_left(sizes, end)][1] - committed)
    latencies = sorted(latencies) or [-1.0]
    median, tail, worst = (
        latencies[int((len(latencies) - 1) * part)] * 1_000 for part in (0.5, 0.99, 1)
    )
    incomplete = len(listeners) - len(whole)
    return Found(len(listeners), len(frames), incomplete, median, tail, worst, process_time())


def main() -> None:
    listeners = connect(Order(**orjson.loads(sys.stdin.buffer.readline())))
    print("ready", flush=True)
    written = listen(listeners)
    sys.stdout.buffer.write(orjson.dumps(asdict(judge(listeners, written))) + b"\n")


if __name__ == "__main__":
    main()
