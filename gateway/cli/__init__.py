"""Commands: the program `gateway`, one file a command."""

import typer

from gateway.cli import demo, schema

app = typer.Typer(
    name="gateway",
    help="One GraphQL graph over PostgreSQL, MongoDB and Redis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.add_typer(schema.app, name="schema")


def main() -> None:
    """What the script `gateway` calls."""
    app()
