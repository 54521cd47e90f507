"""gateway cache: an operator takes kept answers out of use, from a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from time import monotonic
from uuid import uuid4

from datasources.embedded.cluster import StoreUrls
from datasources.redis.client import RedisStore
from datasources.redis.response_cache import ResponseCache
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

PROGRAM = (sys.executable, "-c", "from gateway.cli import main; main()", "cache", "bump")


async def bump(urls: StoreUrls, prefix: str, folder: Path, *tags: str) -> tuple[int | None, str]:
    named = {"POSTGRES_URL": urls.postgres, "MONGODB_URL": urls.mongodb, "REDIS_URL": urls.redis}
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, *tags),
        cwd=folder,
        env={
            **os.environ,
            **named,
            "GATEWAY_REDIS_KEY_PREFIX": prefix,
            "GATEWAY_REDIS_TIMEOUT_SECONDS": "5",  # a quarter of a second is little on a busy machine
        },
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, (out + err).decode()


async def test_a_bump_reaches_the_processes_that_serve(
    store_urls: StoreUrls, tmp_path: Path
) -> None:
    prefix = f"test-{uuid4().hex}"
    settings = RedisSettings(url=store_urls.redis, key_prefix=prefix, timeout_seconds=5)
    redis = await RedisStore.open(settings)
    cache = ResponseCache(redis, ResponseCacheSettings())
    for key, tag in (("one", "Material:peek"), ("other", "Material:abs")):
        _, ticket = await cache.find(Scope(None, monotonic() + 30), key, 60)
        assert ticket is not None
        cache.fill(ticket, b"{}", [tag], 60)

    code, text = await bump(store_urls, prefix, tmp_path, "Material:peek", "Customer")
    scope = Scope(None, monotonic() + 30)
    answers = [(await cache.find(scope, key, 60)).answer for key in ("one", "other")]

    assert code == 0
    assert text.startswith("out of use everywhere after ")
    assert text.endswith(" ms: Material:peek, Customer\n")
    assert [answer is not None for answer in answers] == [False, True]
    await cache.close()
    await redis.close()


async def test_what_is_no_tag_is_refused(store_urls: StoreUrls, tmp_path: Path) -> None:
    code, text = await bump(store_urls, "none", tmp_path, "@epoch")

    assert code == 2
    assert "'@epoch' is no tag." in text
