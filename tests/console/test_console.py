"""The console's routes: what they serve from a built folder, and what they say without one."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from gateway.transport.console import HOME, ConsoleMode, console_routes


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built console in miniature, beside a file that is none of the browser's business."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Pricing gateway</title>")
    (folder / "assets" / "index-1a2b.js").write_text("void 0;")
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(b"\x1f\x8bcompressed")
    (folder / "assets" / "font-3c4d.woff2").write_bytes(b"font")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@asynccontextmanager
async def _browser(mode: ConsoleMode, dist: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app=Starlette(routes=console_routes(mode, dist)))
    headers = {"accept-encoding": "identity"}
    async with AsyncClient(
        transport=transport, base_url="http://gateway", headers=headers
    ) as client:
        yield client


async def test_page_lets_nothing_of_another_host_in(dist: Path) -> None:
    async with _browser("self-hosted", dist) as browser:
        answer = await browser.get("/")
    assert (answer.status_code, answer.text) == (200, "<title>Pricing gateway</title>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
        "script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "font-src 'self'; style-src 'self' 'unsafe-inline'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_page_is_asked_for_again_and_sent_once(dist: Path) -> None:
    async with _browser("self-hosted", dist) as browser:
        first = await browser.get("/")
        tag = first.headers["etag"]
        second = await browser.get("/", headers={"if-none-match": f'"other", {tag}'})
        other = await browser.get("/", headers={"if-none-match": '"other"'})
    assert first.headers["cache-control"] == "no-cache"
    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("index-1a2b.js", "text/javascript; charset=utf-8", b"void 0;"),
        ("font-3c4d.woff2", "font/woff2", b"font"),
    ],
)
async def test_assets_are_kept_for_good(
    dist: Path, name: str, media_type: str, content: bytes
) -> None:
    async with _browser("self-hosted", dist) as browser:
        answer = await browser.get(f"/assets/{name}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "worker-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("offered", "encoding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("br;q=1.0, GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000", None),
        ("br", None),
        ("", None),
    ],
)
async def test_compressed_twin_goes_to_whoever_takes_it(
    dist: Path, offered: str, encoding: str | None
) -> None:
    transport = ASGITransport(app=Starlette(routes=console_routes("self-hosted", dist)))
    async with (
        AsyncClient(transport=transport, base_url="http://gateway") as browser,
        browser.stream(
            "GET", "/assets/index-1a2b.js", headers={"accept-encoding": offered}
        ) as answer,
    ):
        sent = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert sent == (b"\x1f\x8bcompressed" if encoding else b"void 0;")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/index-1a2b.js.gz",
        "/assets/../index.html",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%5csecret.txt",
        "/assets/index-1a2b.js%00",
        "/assets//etc/passwd",
        "/secret.txt",
    ],
)
async def test_nothing_else_is_served(dist: Path, path: str) -> None:
    async with _browser("self-hosted", dist) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_only_reading_is_allowed(dist: Path) -> None:
    async with _browser("self-hosted", dist) as browser:
        head, post = await browser.head("/"), await browser.post("/")
    assert (head.status_code, head.content) == (200, b"")
    assert (post.status_code, set(post.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


async def test_unbuilt_console_says_how_to_get_it(tmp_path: Path) -> None:
    async with _browser("self-hosted", tmp_path / "dist") as browser:
        answer = await browser.get("/")
        again = await browser.get("/", headers={"if-none-match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code) == (404, 404)
    assert "./dev demo" in answer.text
    assert "GATEWAY_CONSOLE=cdn" in answer.text
    assert not re.findall(r"""(?:src|href)=|https?://""", answer.text)
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_cdn_is_asked_only_where_the_setting_says_so(dist: Path, tmp_path: Path) -> None:
    async with _browser("cdn", tmp_path / "none") as browser:
        answer = await browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    scripts = re.findall(r"<script[^>]*>(.+?)</script>", answer.text, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    hosts = set(re.findall(r"https?://[^/'\"\s;]+", answer.text + policy))
    assert hosts == {"https://esm.sh"}
    assert "default-src 'none'" in policy

    async with _browser("cdn", dist) as browser:
        built = await browser.get("/")
    assert "esm.sh" not in built.text + built.headers["content-security-policy"]


def test_cdn_loads_what_the_lock_file_names() -> None:
    package = (HOME / "package.json").read_text()
    page = (HOME / "pages" / "cdn.html").read_text()
    named = set(re.findall(r"esm\.sh/((?:@[\w-]+/)?[\w-]+)@([\d.]+)", page))
    assert len(named) == 6
    for name, version in named:
        assert f'"{name}": "{version}"' in package


async def test_console_can_be_off(dist: Path) -> None:
    async with _browser("off", dist) as browser:
        answer = await browser.get("/")
    assert answer.status_code == 404
    assert answer.text == "Not Found"
