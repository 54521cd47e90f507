"""gateway relay: carries events alone, says how far it is, lists what failed and brings it again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.cli import relay_rebuild

if TYPE_CHECKING:
    from datasources.postgres.engine import Postgres
    from datasources.records import DeadLetterRecord, RelayStatusRecord
    from datasources.relay.retry import Outcome
    from datasources.scope import Scope
    from gateway.settings import Settings

T = TypeVar("T")

app = typer.Typer(help="Relay events without serving, and see to what was relayed.")
app.command()(relay_rebuild.rebuild)

_SECONDS = 30.0

Ids = Annotated[
    list[int] | None, typer.Argument(help="Numbers as `gateway relay dead` shows them.")
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter there is.")]
Most = Annotated[int, typer.Option(min=1, max=10_000, help="Letters that are shown at most.")]


@app.callback(invoke_without_command=True)
def relay(context: typer.Context) -> None:
    """Relay events until SIGTERM; one of all relays leads, the others take over when it falls silent."""
    if context.invoked_subcommand is None:
        from gateway.settings import load_settings
        from gateway.telemetry.logs import configure_logging

        settings = load_settings()
        configure_logging(settings.log)
        asyncio.run(_run(settings))


@app.command()
def status() -> None:
    """Say who relays and how far behind events are."""
    from datasources.postgres.relay_state import RelayStateRepository
    from gateway.settings import load_settings

    async def question(
        postgres: "Postgres", scope: "Scope"
    ) -> "tuple[RelayStatusRecord, str | None]":
        state = RelayStateRepository(postgres)
        return await state.status(scope), await state.holder(scope)

    found, holder = asyncio.run(_ask(load_settings(), question))
    lag = f"{found['lag_events']:,} events, the oldest {found['lag_seconds']:.1f} s old"
    typer.echo(f"leader: {found['leader'] or 'none'}")
    typer.echo(f"position: {found['transaction_id']}-{found['sequence']}")
    typer.echo(f"behind: {lag if found['lag_events'] else 'nothing waits'}")
    if holder is not None:
        typer.echo(f"waits for the end of a transaction: {holder}")
    typer.echo(f"dead letters: {found['dead_letters']:,}")


@app.command()
def dead(most: Most = 100) -> None:
    """List the events that a projection could not take, in their order."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from datasources.postgres.dead_letter import DeadLetterRepository
    from gateway.settings import load_settings

    def question(postgres: "Postgres", scope: "Scope") -> "Awaitable[list[DeadLetterRecord]]":
        return DeadLetterRepository(postgres).page(scope, None, most)

    letters = asyncio.run(_ask(load_settings(), question))
    table = Table("id", "projection", "kind", "event", "tries", "last failed", "error", box=None)
    for letter in letters:
        table.add_row(
            str(letter["id"]),
            letter["projection"],
            letter["kind"],
            str(letter["event_id"]),
            str(letter["tries"]),
            f"{letter['last_failed_at']:%Y-%m-%d %H:%M}",
            Text(letter["error"].splitlines()[0]),
        )
    Console().print(table)


@app.command()
def retry(ids: Ids = None, every: All = False) -> None:
    """Bring dead letters to their projections again; one that is taken is gone from the list."""
    from datasources.relay.retry import Outcome
    from gateway.settings import load_settings

    if bool(ids) == every:
        raise typer.BadParameter("name some letters, or --all")
    outcomes = asyncio.run(_retry(load_settings(), ids))
    taken = sum(outcome is Outcome.TAKEN for outcome in outcomes)
    typer.echo(f"{taken} of {len(outcomes)} taken")
    if any(outcome in (Outcome.FAILED, Outcome.STRANGE) for outcome in outcomes):
        raise typer.Exit(1)


async def _run(settings: "Settings") -> None:
    import signal

    from datasources.relay.assembly import projections
    from datasources.relay.worker import Relay
    from datasources.stores import open_stores

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with (
        open_stores(settings.postgres, settings.mongodb, settings.redis) as stores,
        Relay(settings.postgres, projections(stores), settings.relay).live(),
    ):
        await ended.wait()


async def _ask(settings: "Settings", question: Callable[["Postgres", "Scope"], Awaitable[T]]) -> T:
    from time import monotonic

    from datasources.postgres.engine import Postgres
    from datasources.scope import Scope

    postgres = await Postgres.open(settings.postgres)
    try:
        return await question(postgres, Scope(None, monotonic() + _SECONDS))
    finally:
        await postgres.close()


async def _retry(settings: "Settings", ids: list[int] | None) -> "list[Outcome]":
    from time import monotonic

    from datasources.relay.assembly import projections
    from datasources.relay.retry import Retry
    from datasources.scope import Scope
    from datasources.stores import open_stores

    def tell(letter: "DeadLetterRecord", outcome: "Outcome") -> None:
        typer.echo(f"{letter['id']} {letter['projection']} {letter['kind']}: {outcome.value}")

    async with open_stores(settings.postgres, settings.mongodb, settings.redis) as stores:
        again = Retry(stores.dead_letters, stores.outbox, projections(stores), tell)
        if ids is None:
            return await again.all()
        scope, outcomes = Scope(None, monotonic() + _SECONDS), []
        for number in ids:
            letter = await stores.dead_letters.by_id(scope, number)
            if letter is None:
                raise typer.BadParameter(f"there is no dead letter {number}", param_hint="IDS")
            outcomes.append(await again.one(letter))
        return outcomes
