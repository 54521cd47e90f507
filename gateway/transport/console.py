"""Console: the page at `/` and its files, read once at start, under a policy that lets nothing else in.

Source: Content Security Policy Level 3; RFC 9110 (conditional requests); RFC 9111 (`immutable`: RFC 8246).
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ConsoleMode = Literal["self-hosted", "cdn", "off"]

HOME = Path(__file__).parent.parent / "console"
DIST = HOME / "dist"

_CDN = "https://esm.sh"
_DENIED = {
    "default-src": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
# Monaco writes style elements and style attributes while it runs, and knows no nonce.
_STYLE = "'unsafe-inline'"
_POLICY = _DENIED | {
    "script-src": "'self'",
    "worker-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "style-src": f"'self' {_STYLE}",
}
# The CDN's modules start their workers from blobs, and its style sheet carries its fonts inside.
_CDN_POLICY = _DENIED | {
    "worker-src": "blob:",
    "connect-src": f"'self' {_CDN}",
    "img-src": "'self' data:",
    "font-src": f"{_CDN} data:",
    "style-src": f"{_CDN} {_STYLE}",
}
_GUARDS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_REVALIDATE = "no-cache"
_FOREVER = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_TAKES_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))", re.IGNORECASE)
_INLINE_SCRIPT = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    compressed: bytes | None
    status: int
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        asked = request.headers.get("if-none-match", "")
        known = self.headers["etag"] in {tag.strip() for tag in asked.split(",")}
        if known and self.status == 200:
            return Response(status_code=304, headers=self.headers)
        if self.compressed and _TAKES_GZIP.search(request.headers.get("accept-encoding", "")):
            headers = {**self.headers, "content-encoding": "gzip"}
            return Response(self.compressed, self.status, headers)
        return Response(self.content, self.status, self.headers)


def console_routes(mode: ConsoleMode, dist: Path = DIST) -> list[Route]:
    """The console's routes; where it was not built, `/` says how to get it, or in mode `cdn` loads it."""
    if mode == "off":
        return []
    if not (dist / "index.html").is_file():
        page = (
            _page("cdn.html", 200, _cdn_policy())
            if mode == "cdn"
            else _page("missing.html", 404, _POLICY)
        )
        return [_route("/", {"": page})]
    assets = {
        path.name: _read(path, 200, _POLICY, _FOREVER)
        for path in (dist / "assets").iterdir()
        if path.suffix != ".gz"
    }
    index = _read(dist / "index.html", 200, _POLICY, _REVALIDATE)
    return [_route("/", {"": index}), _route("/assets/{name}", assets)]


def _route(path: str, files: Mapping[str, _File]) -> Route:
    """Only names known at start are served, so no path leads out of the console's folder."""

    async def serve(request: Request) -> Response:
        file = files.get(request.path_params.get("name", ""))
        return file.answer(request) if file else Response("Not found.\n", 404, _GUARDS)

    return Route(path, serve, methods=["GET"])


def _page(name: str, status: int, policy: Mapping[str, str]) -> _File:
    return _read(HOME / "pages" / name, status, policy, _REVALIDATE)


def _read(path: Path, status: int, policy: Mapping[str, str], caching: str) -> _File:
    content = path.read_bytes()
    twin = path.with_name(f"{path.name}.gz")
    return _File(
        content,
        twin.read_bytes() if twin.is_file() else None,
        status,
        {
            **_GUARDS,
            "cache-control": caching,
            "content-security-policy": "; ".join(f"{key} {policy[key]}" for key in policy),
            "content-type": _MEDIA_TYPES[path.suffix],
            "etag": f'W/"{sha256(content).hexdigest()[:16]}"',  # weak: both encodings share it
            "vary": "accept-encoding",
        },
    )


def _cdn_policy() -> dict[str, str]:
    """Inline scripts are named by their hash; `data:` is the import map's empty module."""
    html = (HOME / "pages" / "cdn.html").read_text()
    scripts = (sha256(each.encode()).digest() for each in _INLINE_SCRIPT.findall(html))
    hashes = " ".join(f"'sha256-{b64encode(each).decode()}'" for each in scripts)
    return _CDN_POLICY | {"script-src": f"{hashes} {_CDN} data:"}
