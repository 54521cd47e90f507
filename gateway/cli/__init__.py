"""Commands: the program `gateway`, one file a command."""

import sys

import typer

from gateway.cli import (
    account,
    cache,
    demo,
    doctor,
    events,
    explain,
    key,
    migrate,
    persisted,
    relay,
    schema,
    seed,
    serve,
)

app = typer.Typer(
    name="gateway",
    help="One GraphQL graph over PostgreSQL, MongoDB and Redis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(serve.serve)
app.add_typer(migrate.app, name="migrate")
app.command()(seed.seed)
app.add_typer(schema.app, name="schema")
app.add_typer(persisted.app, name="persisted")
app.add_typer(key.app, name="key")
app.add_typer(cache.app, name="cache")
app.add_typer(account.app, name="account")
app.add_typer(events.app, name="events")
app.add_typer(relay.app, name="relay")
app.command()(explain.explain)
app.command()(doctor.doctor)


def main() -> None:
    """What the script `gateway` calls; errors that are made for people end it in their own words."""
    try:
        app()
    except Exception as error:
        from datasources.embedded.errors import EmbeddedServerError
        from datasources.errors import DatasourceError
        from gateway.listener import ListenError
        from gateway.settings import SettingsError

        known = (DatasourceError, EmbeddedServerError, ListenError, SettingsError)
        if not isinstance(error, known):
            raise
        typer.echo(f"gateway: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
