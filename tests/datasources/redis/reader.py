"""Reader: a process that reads one material with a cache of its own and counts its loads in Redis.

Arguments: settings as JSON, the material's name, how many readers at once. It says "ready", waits
for a line, then prints how often it loaded and what the readers saw.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.records import MaterialRecord
from datasources.redis.client import RedisStore
from datasources.redis.material_cache import MaterialCache
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from tests.datasources.redis.catalogue import Catalogue


async def main(settings: str, name: str, readers: str) -> None:
    redis = await RedisStore.open(RedisSettings.model_validate_json(settings))
    catalogue = Catalogue(name)

    async def load(scope: Scope, names: Sequence[str]) -> dict[str, MaterialRecord]:
        print("loading", flush=True)
        await asyncio.sleep(0.05)  # long enough for every other reader to come upon the lease
        return await catalogue.load(scope, names)

    cache = MaterialCache(redis, load)
    scope = Scope(None, monotonic() + 30)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    found = await asyncio.gather(*(cache.by_names(scope, [name]) for _ in range(int(readers))))
    records = [each[name] for each in found]
    seen = sum(not isinstance(record, StoreUnavailableError) for record in records)
    print(json.dumps({"loads": len(catalogue.asked), "seen": seen}), flush=True)
    await redis.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
