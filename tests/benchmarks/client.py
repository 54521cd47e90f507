"""Client: loads one address over a few connections, each with one request under way, and counts.

A process of its own: raw sockets and one epoll, about ten microseconds a request, so that what is measured is
the server. Reads an order from standard input as JSON and writes what it found to standard output.
"""

import select
import socket
import sys
from dataclasses import asdict, dataclass, field
from time import perf_counter, process_time
from urllib.parse import urlsplit

import orjson

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_CHUNKED = -1
_CHUNK = 1_048_576


@dataclass(frozen=True, slots=True)
class Order:
    """``bodies`` are sent in turn, each as a POST of JSON."""

    url: str
    bodies: list[str]
    connections: int
    seconds: float


@dataclass(slots=True)
class Found:
    """Times in seconds. ``failed`` counts what was not answered with a 200."""

    seconds: float = 0
    answered: int = 0
    failed: int = 0
    bytes: int = 0
    client_cpu_seconds: float = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds


class _Connection:
    __slots__ = ("expected", "received", "sent_at", "socket", "tail")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.received = 0
        self.expected = (
            0  # bytes of the answer, once its head was read; _CHUNKED where it does not say
        )
        self.tail = b""  # the last bytes of an answer in chunks


def load(order: Order) -> Found:
    """Sends until the time is over, then waits for what is under way."""
    parts = urlsplit(order.url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    requests = [_request(parts.netloc, parts.path, body.encode()) for body in order.bodies]
    connections = {
        each.socket.fileno(): each
        for each in (_Connection(address) for _ in range(order.connections))
    }
    found, started, used = Found(), perf_counter(), process_time()
    with select.epoll() as poll:
        for fileno in connections:
            poll.register(fileno, select.EPOLLIN)
        _run(poll, connections, requests, found, started + order.seconds)
    found.seconds = perf_counter() - started
    found.client_cpu_seconds = process_time() - used
    for connection in connections.values():
        connection.socket.close()
    return found


def _run(
    poll: select.epoll,
    connections: dict[int, _Connection],
    requests: list[bytes],
    found: Found,
    until: float,
) -> None:
    buffer = bytearray(_CHUNK)
    number = 0
    for connection in connections.values():
        _send(connection, requests[number % len(requests)])
        number += 1
    waiting = len(connections)
    while waiting:
        for fileno, _ in poll.poll():
            connection = connections[fileno]
            if not _receive(connection, buffer, found):
                continue
            if perf_counter() < until:
                _send(connection, requests[number % len(requests)])
                number += 1
            else:
                waiting -= 1


def _send(connection: _Connection, request: bytes) -> None:
    connection.received = connection.expected = 0
    connection.tail = b""
    connection.sent_at = perf_counter()
    connection.socket.sendall(request)


def _receive(connection: _Connection, buffer: bytearray, found: Found) -> bool:
    """Whether the answer is complete. A head always comes in one piece from the servers measured here."""
    size = connection.socket.recv_into(buffer)
    if not size:
        raise ConnectionError("the server closed a connection amid an answer")
    if not connection.expected:
        end = buffer.find(_END_OF_HEAD, 0, size)
        length = _length(bytes(buffer[:end]).lower())
        connection.expected = _CHUNKED if length is None else end + 4 + length
        found.failed += buffer[9:12] != b"200"
    connection.received += size
    if connection.expected == _CHUNKED:
        connection.tail = (connection.tail + bytes(buffer[max(0, size - 5) : size]))[-5:]
        if connection.tail != _LAST_CHUNK:
            return False
    elif connection.received < connection.expected:
        return False
    found.answered += 1
    found.bytes += connection.received
    found.latencies.append(perf_counter() - connection.sent_at)
    return True


def _length(head: bytes) -> int | None:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.partition(b"\r")[0]) if found else None


def _request(host: str, path: str, body: bytes) -> bytes:
    return (
        f"POST {path or '/'} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def main() -> None:
    found = load(Order(**orjson.loads(sys.stdin.buffer.read())))
    sys.stdout.buffer.write(orjson.dumps(asdict(found)))


if __name__ == "__main__":
    main()
