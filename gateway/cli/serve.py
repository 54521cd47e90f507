"""gateway serve: the gateway over the stores that the environment names."""

from typing import Annotated

import typer

Host = Annotated[str | None, typer.Option(help="Address to listen on; GATEWAY_HOST.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; GATEWAY_PORT.")]
Workers = Annotated[int | None, typer.Option(help="Processes that serve; GATEWAY_WORKERS.")]
Server = Annotated[
    str | None, typer.Option(help="Server to run on, uvicorn or granian; GATEWAY_SERVER.")
]
Interface = Annotated[
    str | None,
    typer.Option(
        help="What Granian speaks, asgi or, without WebSockets, rsgi; GATEWAY_GRANIAN_INTERFACE."
    ),
]


def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    server: Server = None,
    interface: Interface = None,
) -> None:
    """Serve the graph; the settings come from the environment (.env.example lists them)."""
    import logging
    from contextlib import suppress

    from gateway.listener import listen, url_of
    from gateway.settings import load_settings
    from gateway.telemetry.logs import configure_logging

    named = {
        "host": host,
        "port": port,
        "workers": workers,
        "server": server,
        "granian_interface": interface,
    }
    given = {name: each for name, each in named.items() if each is not None}
    settings = load_settings(to_serve=True, **given)
    configure_logging(settings.log)
    if settings.server == "granian":
        from gateway.granian_server import serve_on_granian as run
    else:
        from gateway.uvicorn_server import serve_on_uvicorn as run
    with listen(settings) as listener, suppress(KeyboardInterrupt):
        logging.getLogger("gateway").info("listening on %s", url_of(listener))
        if not run(settings, listener):
            raise typer.Exit(1)
