"""Key source: where the issuer's keys come from, a URL or a file, and never more than a key set takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.auth.key_set import Fetch, KeySetError
from gateway.auth.settings import AuthSettings

_MAX_BYTES = 262_144


@asynccontextmanager
async def open_source(settings: AuthSettings) -> AsyncIterator[Fetch]:
    if settings.jwks_url is None:
        yield _from_file(settings.jwks_file or Path())
        return
    import httpx  # only those who fetch keys pay for it

    url, seconds = settings.jwks_url, settings.jwks_timeout_seconds
    async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:

        async def fetch() -> bytes:
            try:
                async with asyncio.timeout(seconds), client.stream("GET", url) as response:
                    if response.status_code != 200:
                        raise KeySetError(f"{url} answers with status {response.status_code}")
                    return await _read(response.aiter_bytes())
            except TimeoutError:
                raise KeySetError(f"{url} did not answer within {seconds:g} s") from None
            except httpx.HTTPError as error:
                raise KeySetError(f"{url} cannot be fetched ({type(error).__name__})") from None

        yield fetch


async def _read(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > _MAX_BYTES:
            raise KeySetError(f"the keys take more than {_MAX_BYTES} bytes")
    return bytes(body)


def _from_file(path: Path) -> Fetch:
    async def fetch() -> bytes:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise KeySetError(f"{path} cannot be read ({error.strerror})") from None

    return fetch
