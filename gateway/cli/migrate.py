"""gateway migrate: brings PostgreSQL's tables and MongoDB's collections to a version."""

import asyncio
from collections.abc import Awaitable
from enum import StrEnum
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Show, apply or take back the stores' migrations.")


class Store(StrEnum):
    POSTGRESQL = "postgresql"
    MONGODB = "mongodb"


Stores = Annotated[
    list[Store] | None, typer.Option("--store", help="Only this store; both when left out.")
]


@app.command()
def status(store: Stores = None) -> None:
    """List every migration and whether it was applied; exit with 3 where one is pending."""
    from rich.console import Console
    from rich.table import Table

    table = Table("store", "version", "migration", "state", box=None)
    waiting = False
    for name, migrate, settings in _chosen(store):
        statuses = _run(migrate.status(settings))
        pending = migrate.pending(statuses)
        waiting = waiting or bool(pending)
        for each in statuses:
            state = "pending" if each in pending else "applied"
            table.add_row(name, str(each.version), each.name, state)
    Console().print(table)
    if waiting:
        typer.echo("Apply what is pending with `gateway migrate up`.", err=True)
        raise typer.Exit(3)


@app.command()
def up(store: Stores = None) -> None:
    """Apply every pending migration; safe to run again and from several places at once."""
    for name, migrate, settings in _chosen(store):
        _say(name, "applied", _run(migrate.up(settings)))


@app.command()
def down(
    store: Annotated[Store, typer.Option("--store", help="The store to take back.")],
    to: Annotated[int, typer.Option("--to", min=0, help="The version to keep; 0 keeps nothing.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take back the migrations above a version, newest first, with the data that they hold."""
    if not yes:
        typer.confirm(f"This deletes what {store} holds above version {to}. Go on?", abort=True)
    for name, migrate, settings in _chosen([store]):
        _say(name, "taken back", _run(migrate.down(settings, to)))


def _chosen(stores: list[Store] | None) -> list[tuple[Store, Any, Any]]:
    from datasources.mongo import migrate as mongo
    from datasources.postgres import migrate as postgres
    from gateway.settings import load_settings

    settings = load_settings()
    every: list[tuple[Store, Any, Any]] = [
        (Store.POSTGRESQL, postgres, settings.postgres),
        (Store.MONGODB, mongo, settings.mongodb),
    ]
    return [each for each in every if not stores or each[0] in stores]


def _run(call: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await call

    return asyncio.run(wait())


def _say(store: str, what: str, done: list[str]) -> None:
    for migration in done:
        typer.echo(f"{store}: {what} {migration}")
    if not done:
        typer.echo(f"{store}: nothing to do")
