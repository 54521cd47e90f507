"""gateway relay rebuild: makes a projection anew from PostgreSQL, while everything else goes on."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datasources.relay.rebuild import Rebuildable
    from gateway.settings import Settings

# A piece takes well under a second; a store that is silent for this long is not coming back.
_PATIENCE_SECONDS = 60.0


class Which(StrEnum):
    ANALYTICS = "analytics"
    ROLLUP = "rollup"
    ALL = "all"


Chosen = Annotated[
    Which, typer.Argument(help="analytics: a document for each calculation; rollup: sums by day.")
]


def rebuild(which: Chosen = Which.ALL) -> None:
    """Make what MongoDB holds of calculations anew from PostgreSQL; gateways and relays go on meanwhile.

    May be cut off and run again at any time.
    """
    from gateway.settings import load_settings

    asyncio.run(_rebuild(load_settings(), which))


async def _rebuild(settings: "Settings", which: Which) -> None:
    from datasources.relay.rebuild import rebuildable
    from datasources.stores import open_stores

    patient = {"timeout_seconds": _PATIENCE_SECONDS}
    async with open_stores(
        settings.postgres.model_copy(update=patient),
        settings.mongodb.model_copy(update=patient),
        settings.redis,
    ) as stores:
        for projection in rebuildable(stores):
            if which in (Which.ALL, projection.name):
                await _watched(projection)


async def _watched(projection: "Rebuildable") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn(projection.name), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(projection.name)
        size = 0

        def show(done: int, total: int) -> None:
            nonlocal size
            size = total
            bar.update(task, completed=done, total=total)

        await projection.rebuild(show)
    typer.echo(f"{projection.name}: made anew, {size:,} {projection.unit}")
