"""gateway account: gives people a password and a role, to sign in to the console with."""

import asyncio
import sys
from typing import Annotated

import typer

from resolvers.viewer import Role

app = typer.Typer(no_args_is_help=True, help="Make accounts, and set their passwords and roles.")

MIN_LENGTH = 12
_SECONDS = 30.0

Email = Annotated[str, typer.Argument(help="What the person signs in with.")]
RoleOption = Annotated[
    Role | None,
    typer.Option(help="In which capacity they ask; unset, it stays: at first customer."),
]


@app.command()
def password(email: Email, role: RoleOption = None) -> None:
    """Set the password of an account, made where there is none; asks for it, or reads one line."""
    from gateway.auth.password import MAX_LENGTH

    email = email.strip()
    if not 3 <= len(email) <= 320 or "@" not in email:
        raise typer.BadParameter("this is no e-mail address", param_hint="EMAIL")
    given = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\n")
    )
    if not MIN_LENGTH <= len(given) <= MAX_LENGTH:
        raise typer.BadParameter(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    asyncio.run(_set(email, given, role))
    typer.echo(f"The password of {email} is set.")


async def _set(email: str, given: str, role: Role | None) -> None:
    from time import monotonic

    from datasources.postgres.account import AccountRepository
    from datasources.postgres.engine import Postgres
    from datasources.scope import Scope
    from gateway.auth.password import hash_password
    from gateway.settings import load_settings

    postgres = await Postgres.open(load_settings().postgres)
    try:
        scope = Scope(None, monotonic() + _SECONDS)
        hashed = hash_password(given)
        await AccountRepository(postgres).set_password(
            scope, email, hashed, role.value if role else None
        )
    finally:
        await postgres.close()
