"""gateway persisted: registers the documents of clients, lists them and removes those without use."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from datasources.redis.document import DocumentRepository
    from datasources.scope import Scope
    from gateway.settings import Settings

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Register, list and remove documents of clients.")

_SECONDS = 60.0
_DAY_SECONDS = 86_400

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Manifests of Apollo or Relay, .graphql files, or folders of .graphql files.",
        show_default=False,
    ),
]
Check = Annotated[bool, typer.Option("--check", help="Only check; register nothing.")]
UnusedDays = Annotated[
    float,
    typer.Option("--unused-days", min=1, help="Days without use and without import, 1 at least."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("import")
def import_documents(paths: Paths, check: Check = False) -> None:
    """Register the documents of all files, or none of them if there is a fault in any."""
    from datasources.redis.document import RegistryConflictError, RegistryFullError
    from gateway.manifest import read_manifest
    from gateway.settings import load_settings
    from schema import build_schema

    settings = load_settings()
    manifest = read_manifest(paths, build_schema().core, settings.document)
    for finding in manifest.findings:
        typer.echo(str(finding), err=True)
    if manifest.findings:
        _fail(f"{_count(len(manifest.findings), 'finding')}; nothing was registered.")
    held = _count(len(manifest.documents), "document")
    if check:
        typer.echo(f"{held}, all of them valid.")
        return
    most = settings.persisted.registered_max
    try:
        new = _ask(settings, lambda scope, store: store.add(scope, manifest.documents, most))
    except RegistryConflictError as error:
        for id_ in error.ids:
            typer.echo(f"{id_}: is registered with another text.", err=True)
        _fail(f"{_count(len(error.ids), 'conflict')}; nothing was registered.")
    except RegistryFullError as error:
        _fail(
            f"{error.held} documents are registered already, and GATEWAY_PERSISTED_REGISTERED_MAX is "
            f"{most}; nothing was registered. `gateway persisted prune` makes room."
        )
    typer.echo(f"Registered {held}, {new} of them new.")


@app.command("list")
def list_documents() -> None:
    """List the registered documents with their operations, sizes and times of last use."""
    from rich.console import Console
    from rich.table import Table

    from gateway.settings import load_settings

    async def read(scope: "Scope", store: "DocumentRepository") -> Table:
        documents, usage = await store.all(scope, {}), await store.usage(scope)
        table = Table("id", "operations", "bytes", "imported", "last use", box=None)
        for id_, document in sorted(documents.items(), key=lambda each: (each[1].names, each[0])):
            times = usage.get(id_)
            table.add_row(
                id_,
                ", ".join(document.names),
                str(len(document.text.encode())),
                times.imported_at.isoformat(" ", "minutes") if times else "",
                times.used_at.isoformat(" ", "minutes") if times and times.used_at else "never",
            )
        return table

    table = _ask(load_settings(), read)
    console = Console()
    if not console.is_terminal:  # for other programs: nothing wrapped, nothing shortened
        console.width = 1_000
    console.print(table)


@app.command()
def prune(unused_days: UnusedDays, yes: Yes = False) -> None:
    """Remove the documents that were neither imported nor used for a number of days."""
    from gateway.settings import load_settings

    settings, seconds = load_settings(), unused_days * _DAY_SECONDS
    ids = _ask(settings, lambda scope, store: store.prune(scope, seconds, remove=False))
    for id_ in ids:
        typer.echo(id_)
    if not ids:
        typer.echo("Every registered document was used or imported since.")
        return
    if not yes:
        typer.confirm(f"Remove {_count(len(ids), 'document')}?", abort=True)
    gone = _ask(settings, lambda scope, store: store.prune(scope, seconds, remove=True))
    typer.echo(f"Removed {_count(len(gone), 'document')}.")


def _ask(settings: "Settings", call: "Callable[[Scope, DocumentRepository], Awaitable[T]]") -> T:
    """The answer of the registry, for which a person waits longer than an operation may."""
    from time import monotonic

    from datasources.redis.client import RedisStore
    from datasources.redis.document import DocumentRepository
    from datasources.scope import Scope

    async def ask() -> T:
        redis = await RedisStore.open(
            settings.redis.model_copy(update={"timeout_seconds": _SECONDS})
        )
        try:
            scope = Scope(frozenset(), monotonic() + _SECONDS)
            return await call(scope, DocumentRepository(redis))
        finally:
            await redis.close()

    return asyncio.run(ask())


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
