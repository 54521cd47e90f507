"""gateway demo: real stores of its own, sample data and the gateway, in one process to stop."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.serve import Host, Interface, Port, Server

DataDir = Annotated[
    Path | None, typer.Option(help="Folder that keeps the stores' data; GATEWAY_DATA_DIR.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the kept data and start over.")]
Scale = Annotated[
    float | None,
    typer.Option(
        min=0.0001, help="Size of the sample data: 1, the default, is 20,000 calculations."
    ),
]


def demo(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    fresh: Fresh = False,
    scale: Scale = None,
    server: Server = None,
    interface: Interface = None,
) -> None:
    """Start PostgreSQL, MongoDB and Redis here, fill them with sample data and serve the graph."""
    import asyncio

    from gateway.demonstration import Demonstration

    named: dict[str, Any] = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "server": server,
        "granian_interface": interface,
    }
    given = {name: value for name, value in named.items() if value is not None}
    asyncio.run(Demonstration(given, fresh=fresh, scale=scale).run())
