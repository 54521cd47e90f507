"""gateway serve: the gateway over the stores that the environment names."""

from typing import Annotated, Any

import typer

Host = Annotated[str | None, typer.Option(help="Address to listen on; GATEWAY_HOST.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; GATEWAY_PORT.")]
Workers = Annotated[int | None, typer.Option(help="Processes that serve; GATEWAY_WORKERS.")]


def serve(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the graph; the settings come from the environment (.env.example lists them)."""
    import logging
    from contextlib import suppress

    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from gateway.app import create_app
    from gateway.listener import listen, url_of
    from gateway.settings import load_settings
    from gateway.telemetry.logs import configure_logging

    given = {"host": host, "port": port, "workers": workers}
    settings = load_settings(**{name: each for name, each in given.items() if each is not None})
    configure_logging(settings.log)
    options: dict[str, Any] = {
        "workers": settings.workers,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # who is trusted is our own setting
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
    }
    app = create_app(settings)
    with listen(settings) as listener, suppress(KeyboardInterrupt):
        logging.getLogger("gateway").info("listening on %s", url_of(listener))
        if settings.workers == 1:
            server = uvicorn.Server(uvicorn.Config(app, **options))
            server.run([listener])
            if not server.started:  # its log says why
                raise typer.Exit(1)
        else:  # each process makes an application of its own
            config = uvicorn.Config("gateway.app:from_environment", factory=True, **options)
            Multiprocess(config, [listener]).run()
