"""Cross origin: which pages of other origins may ask here, and read what is answered.

Source: Fetch, section 3.2 (CORS).
"""

from typing import TypedDict

from starlette.datastructures import Headers as StarletteHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from gateway.transport.message import HeaderLines, Headers, Outgoing
from gateway.transport.settings import HttpSettings

_ALLOWED_HEADERS = (
    "Apollo-Require-Preflight",
    "Authorization",
    "Content-Type",
    "GraphQL-Explain",
    "GraphQL-Require-Preflight",
    "If-None-Match",
    "Traceparent",
    "X-API-Key",
)
_EXPOSED_HEADERS = ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Trace-Id")
_PREFLIGHT_SECONDS = 600


class Rules(TypedDict):
    """What Starlette's middleware is made with."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age: int


def rules(settings: HttpSettings) -> Rules:
    return Rules(
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "POST"),
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=_EXPOSED_HEADERS,
        allow_credentials="*" not in settings.cors_origins,
        max_age=_PREFLIGHT_SECONDS,
    )


class CrossOrigin:
    """Starlette's rules, asked without its middleware; nobody is let in where no origin is listed."""

    def __init__(self, settings: HttpSettings) -> None:
        self._listed = bool(settings.cors_origins)
        self._middleware = CORSMiddleware(_nowhere, **rules(settings))

    def preflight(self, headers: Headers) -> Outgoing | None:
        """The answer to a browser that asks before it sends; none where this is no such question."""
        asks = "origin" in headers and "access-control-request-method" in headers
        if not (self._listed and asks):
            return None
        response = self._middleware.preflight_response(StarletteHeaders(headers))
        lines = [line for line in response.headers.items() if line[0] != "content-length"]
        return Outgoing(response.status_code, lines, bytes(response.body))

    def headers(self, headers: Headers) -> HeaderLines:
        """What the answer to a page of that origin carries."""
        if not self._listed:
            return []
        vary = ("vary", "Origin")
        origin = headers.get("origin")
        if origin is None:
            return [vary]
        found = [(name.lower(), text) for name, text in self._middleware.simple_headers.items()]
        if not self._middleware.allow_all_origins and self._middleware.is_allowed_origin(origin):
            found.append(("access-control-allow-origin", origin))
        return [*found, vary]


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Never called: the middleware is asked for its rules alone."""
