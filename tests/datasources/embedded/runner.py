"""Runner: a process of its own that runs a set of servers until it is ended, one way or another."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from datasources.embedded.cluster import embedded_stores
from datasources.embedded.errors import EmbeddedServerError


async def run(data_dir: Path) -> None:
    """Prints the urls and process ids once the servers answer; SIGTERM stops it in good order."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with embedded_stores(data_dir, durable=False) as stores:
        processes = {name: process.process_id for name, process in stores.processes.items()}
        print(json.dumps({"postgres": stores.urls.postgres, "processes": processes}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    try:
        asyncio.run(run(Path(sys.argv[1])))
    except EmbeddedServerError as error:
        sys.exit(str(error))
