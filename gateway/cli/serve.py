"""gateway serve: the gateway over the stores that the environment names."""

from typing import Annotated, Any

import typer

Host = Annotated[str | None, typer.Option(help="Address to listen on; GATEWAY_HOST.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; GATEWAY_PORT.")]
Workers = Annotated[int | None, typer.Option(help="Processes that serve; GATEWAY_WORKERS.")]


def serve(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the graph; the settings come from the environment (.env.example lists them)."""
    import uvicorn

    from gateway.app import create_app
    from gateway.settings import SettingsError, load_settings
    from gateway.telemetry.logs import configure_logging

    given = {"host": host, "port": port, "workers": workers}
    try:
        settings = load_settings(
            **{name: value for name, value in given.items() if value is not None}
        )
        configure_logging(settings.log)
        app = create_app(settings)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
    }
    if settings.workers == 1:
        uvicorn.run(app, **options)
    else:  # each process makes an application of its own
        uvicorn.run("gateway.app:from_environment", factory=True, **options)
