"""gateway key: makes, lists and revokes API keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from resolvers.viewer import Role

if TYPE_CHECKING:
    from datasources.postgres.engine import Postgres
    from datasources.scope import Scope

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

_SECONDS = 30.0

Name = Annotated[str, typer.Option(help="What the key is for; 1 to 100 characters.")]
RoleOption = Annotated[Role, typer.Option(help="In which capacity its holder asks.")]
User = Annotated[
    str | None, typer.Option(help="E-mail of the user it belongs to; customers' keys need one.")
]
Days = Annotated[
    int, typer.Option("--expires-in-days", min=0, help="Days until it expires; 0 for never.")
]


@app.command()
def create(name: Name, role: RoleOption, user: User = None, days: Days = 90) -> None:
    """Make a key and print it, this once; whoever has it may do what its role may."""
    from datetime import UTC, datetime

    from datasources.postgres.account import AccountRepository
    from datasources.postgres.api_key import ApiKeyRepository
    from resolvers.api_key import Wish, issue

    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise typer.BadParameter("a name has 1 to 100 characters", param_hint="--name")
    if role is Role.CUSTOMER and user is None:
        raise typer.BadParameter("a customer's key belongs to a user", param_hint="--user")

    async def run(postgres: "Postgres", scope: "Scope") -> str:
        owner = None
        if user is not None:
            owner = await AccountRepository(postgres).by_email(scope, user)
            if owner is None:
                raise typer.BadParameter("there is no such user", param_hint="--user")
        wish = Wish(name, role, owner["id"] if owner else None, days or None)
        text, _ = await issue(ApiKeyRepository(postgres), scope, wish, datetime.now(UTC))
        return text

    typer.echo(_ask(run))
    typer.echo("It is shown this once; the gateway keeps only its hash.", err=True)


@app.command("list")
def list_keys() -> None:
    """List every key there ever was, newest first; never a secret."""
    from rich.console import Console
    from rich.table import Table

    from datasources.postgres.api_key import ApiKeyRepository

    keys = _ask(lambda postgres, scope: ApiKeyRepository(postgres).all(scope))
    columns = ("prefix", "name", "role", "created", "expires", "last used", "revoked")
    table = Table(*columns, box=None)
    for key in keys:
        moments = (key[each] for each in ("created_at", "expires_at", "last_used_at", "revoked_at"))
        table.add_row(
            key["prefix"],
            key["name"],
            key["role"],
            *(f"{moment:%Y-%m-%d %H:%M}" if moment else "-" for moment in moments),
        )
    Console().print(table)


@app.command()
def revoke(prefix: Annotated[str, typer.Argument(help="As `gateway key list` shows it.")]) -> None:
    """Take a key back; every gateway refuses it within a second."""
    from datetime import UTC, datetime

    from datasources.postgres.api_key import ApiKeyRepository

    now = datetime.now(UTC)
    found = _ask(
        lambda postgres, scope: ApiKeyRepository(postgres).revoke(scope, prefix, None, now)
    )
    if found is None:
        raise typer.BadParameter("there is no key of this prefix", param_hint="PREFIX")
    typer.echo(f"Revoked {found['prefix']} ({found['name']}).")


def _ask(call: Callable[["Postgres", "Scope"], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _opened() as (postgres, scope):
            return await call(postgres, scope)

    return asyncio.run(run())


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple["Postgres", "Scope"]]:
    from time import monotonic

    from datasources.postgres.engine import Postgres
    from datasources.scope import Scope
    from gateway.settings import load_settings

    postgres = await Postgres.open(load_settings().postgres)
    try:
        yield postgres, Scope(None, monotonic() + _SECONDS)
    finally:
        await postgres.close()
