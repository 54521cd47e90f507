"""Socket: one WebSocket as the session knows it, whatever server carries it, and how it was asked for."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.auth.credentials import Credentials
from gateway.errors import Code, RefusedError, refuse
from gateway.transport.credentials import client_address, read_credentials
from gateway.transport.message import Headers
from gateway.transport.origin import Standing, standing_of
from gateway.transport.settings import HttpSettings


class Socket(Protocol):
    async def receive(self) -> str | bytes | None:
        """The next message; ``None`` once the client has gone."""
        ...

    async def send(self, text: str) -> None:
        """Waits while the client does not read; raises ``ClientGoneError`` once it has gone."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Quietly also where the client has gone."""
        ...


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the request for a socket showed; ``credentials`` that cannot be read are a refusal."""

    credentials: Credentials | RefusedError
    client_address: str


def shake_hands(headers: Headers, peer: str, settings: HttpSettings, cookie_name: str) -> Handshake:
    """Raises a refusal for a page of another origin: no browser asks such a page's host first."""
    standing = standing_of(headers, settings.cors_origins)
    if standing is Standing.FOREIGN:
        raise refuse(
            Code.CSRF_PREVENTED,
            "This WebSocket is asked for by a page of another origin, which is not among those that "
            "GATEWAY_HTTP_CORS_ORIGINS lists.",
        )
    address = client_address(headers, peer, settings.trusted_proxies)
    try:
        shown = read_credentials(headers, cookie_name)
    except RefusedError as refusal:
        return Handshake(refusal, address)
    if standing is Standing.STRANGER:
        shown = replace(shown, session=None)
    return Handshake(shown, address)


_CREDENTIALS = {"authorization": "authorization", "apikey": "x-api-key", "x-api-key": "x-api-key"}


def read_payload(payload: dict[str, Any] | None) -> Credentials | None:
    """The credentials in a payload, by the names of the headers or ``apiKey``; none where it has none.

    Raises a refusal where they are unclear.
    """
    named = {_CREDENTIALS.get(name.lower()): value for name, value in (payload or {}).items()}
    headers = {
        name: value for name, value in named.items() if name and value and isinstance(value, str)
    }
    return read_credentials(headers, "") if headers else None
