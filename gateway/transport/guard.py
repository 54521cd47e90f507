"""Guard: what every answer of this host carries, and what no request may be larger than.

Source: OWASP Secure Headers.
"""

import orjson
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Code, RefusedError, refuse
from gateway.transport.cross_origin import rules
from gateway.transport.settings import HttpSettings

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def guards(settings: HttpSettings) -> list[Middleware]:
    """Outermost first. Without configured origins no other origin's page may read an answer."""
    found = [Middleware(SecurityHeaders), Middleware(HeaderLimit, settings)]
    if settings.cors_origins:
        found.append(Middleware(CORSMiddleware, **rules(settings)))
    return found


def check_headers(size: int, settings: HttpSettings) -> None:
    """Refuses headers of ``size`` bytes where that is larger than anybody needs."""
    if size > settings.headers_max_bytes:
        raise refuse(
            Code.HEADERS_TOO_LARGE,
            f"The headers are larger than {settings.headers_max_bytes} bytes, the most that is read "
            "here.",
            limit=settings.headers_max_bytes,
        )


class SecurityHeaders:
    """Sets what a route did not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


class HeaderLimit:
    """Refuses a request whose headers are larger than anybody needs before anything reads them."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            size = sum(len(name) + len(value) for name, value in scope["headers"])
            try:
                check_headers(size, self._settings)
            except RefusedError as refusal:
                await _refuse(send, refusal)
                return
        await self._app(scope, receive, send)


async def _refuse(send: Send, refusal: RefusedError) -> None:
    body = orjson.dumps({"errors": refusal.errors})
    headers = [
        (b"content-type", b"application/graphql-response+json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": body})
