"""gateway seed: fills the migrated stores with sample data."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.settings import Settings

Seed = Annotated[
    int, typer.Option(help="Number that the data is drawn from; the same gives the same rows.")
]
Scale = Annotated[
    float,
    typer.Option(
        min=0.0001, help="Size: 1 is 2,000 customers and 20,000 calculations; 50 a million."
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        help="Moment (UTC) up to which the data reaches.",
        show_default="today's midnight",
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Delete what PostgreSQL and MongoDB hold before.")
]
IfEmpty = Annotated[
    bool,
    typer.Option(
        "--if-empty", help="Leave stores that hold data already as they are, and end well."
    ),
]


def seed(
    seed: Seed = 42,
    scale: Scale = 1.0,
    as_of: AsOf = None,
    fresh: Fresh = False,
    if_empty: IfEmpty = False,
) -> None:
    """Fill the migrated stores with sample data; refuses stores that hold data already."""
    from datasources.seed.load import NotEmptyError

    try:
        _fill(seed, scale, as_of, fresh)
    except NotEmptyError as error:
        if not if_empty:
            raise
        filled = " and ".join(error.filled)
        typer.echo(f"gateway: there is data already in {filled}; nothing was changed.", err=True)


def _fill(seed: int, scale: float, as_of: datetime | None, fresh: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from datasources.seed.load import seed as load
    from gateway.settings import load_settings

    settings = load_settings()
    asyncio.run(_check_migrations(settings))
    console = Console(stderr=True)
    columns = (TextColumn("seeding"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("seed")
        report = asyncio.run(
            load(
                settings.postgres,
                settings.mongodb,
                seed=seed,
                scale=scale,
                as_of=_utc(as_of),
                fresh=fresh,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        )
    for table, count in report.rows.items():
        typer.echo(f"{count:>12,} {table}")
    rate = report.total / report.seconds
    typer.echo(f"{report.total:>12,} rows in {report.seconds:.1f} s, {rate:,.0f} a second")


async def _check_migrations(settings: "Settings") -> None:
    from datasources.mongo import migrate as mongo
    from datasources.postgres import migrate as postgres

    waiting = [
        name
        for name, pending in (
            ("PostgreSQL", postgres.pending(await postgres.status(settings.postgres))),
            ("MongoDB", mongo.pending(await mongo.status(settings.mongodb))),
        )
        if pending
    ]
    if waiting:
        names = " and ".join(waiting)
        typer.echo(f"gateway: migrations pending in {names}; run `gateway migrate up`.", err=True)
        raise typer.Exit(1)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
