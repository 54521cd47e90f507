"""Guard: what every answer of this host carries, and what a page of another origin may make a browser do.

Sources: Fetch, section 3.2 (CORS); OWASP Secure Headers.
"""

import orjson
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Code, refuse
from gateway.transport.settings import HttpSettings

_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_ALLOWED_HEADERS = (
    "Apollo-Require-Preflight",
    "Authorization",
    "Content-Type",
    "GraphQL-Require-Preflight",
    "If-None-Match",
    "Traceparent",
    "X-API-Key",
)
_EXPOSED_HEADERS = ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Trace-Id")
_PREFLIGHT_SECONDS = 600


def guards(settings: HttpSettings) -> list[Middleware]:
    """Outermost first. Without configured origins no other origin's page may read an answer."""
    found = [Middleware(SecurityHeaders), Middleware(HeaderLimit, settings.headers_max_bytes)]
    if settings.cors_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
            allow_credentials="*" not in settings.cors_origins,
            max_age=_PREFLIGHT_SECONDS,
        )
        found.append(cors)
    return found


class SecurityHeaders:
    """Sets what a route did not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


class HeaderLimit:
    """Refuses a request whose headers are larger than anybody needs before anything reads them."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            size = sum(len(name) + len(value) for name, value in scope["headers"])
            if size > self._max_bytes:
                await self._refuse(send)
                return
        await self._app(scope, receive, send)

    async def _refuse(self, send: Send) -> None:
        refusal = refuse(
            Code.HEADERS_TOO_LARGE,
            f"The headers are larger than {self._max_bytes} bytes, the most that is read here.",
            limit=self._max_bytes,
        )
        body = orjson.dumps({"errors": refusal.errors})
        headers = [
            (b"content-type", b"application/graphql-response+json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 431, "headers": headers})
        await send({"type": "http.response.body", "body": body})
