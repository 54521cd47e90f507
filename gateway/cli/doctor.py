"""gateway doctor: looks at the configuration and the stores, and says how to mend each finding."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from gateway.settings import Settings

OLDEST = {"postgresql": (14,), "mongodb": (6, 0), "redis": (6, 2)}


class Finding(NamedTuple):
    """``mend`` says what to do; an empty one means that all is well."""

    subject: str
    text: str
    mend: str = ""


def doctor() -> None:
    """Check configuration, stores, versions, migrations and indexes; exit with 1 on any finding."""
    from rich.console import Console
    from rich.table import Table

    findings = asyncio.run(_examine())
    table = Table("", "what", "found", "how to mend it", box=None)
    for subject, text, mend in findings:
        table.add_row("[red]![/]" if mend else "[green]ok[/]", subject, text, mend)
    Console().print(table)
    if any(finding.mend for finding in findings):
        raise typer.Exit(1)


async def _examine() -> list[Finding]:
    from gateway.settings import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        mend = "Mend it in the environment or in .env; .env.example lists every setting."
        return [Finding("configuration", problem, mend) for problem in error.problems]
    findings = [_secret(settings), *_authentication(settings)]
    return [*findings, *[finding async for finding in _stores(settings)]]


def _secret(settings: "Settings") -> Finding:
    if settings.cursor_secret is None:
        return Finding(
            "configuration",
            "GATEWAY_CURSOR_SECRET is not set",
            "Make one with `openssl rand -hex 32`; it is the same in every process.",
        )
    return Finding("configuration", "every setting is known and in range")


def _authentication(settings: "Settings") -> list[Finding]:
    auth = settings.auth
    mend = "Mend it in the environment or in .env; .env.example lists every setting."
    if problems := auth.problems():
        return [Finding("authentication", problem, mend) for problem in problems]
    accepted = ", ".join(sorted(auth.sources or ()))
    if auth.anonymous_role is None:
        return [Finding("authentication", f"by {accepted}; everybody must say who they are")]
    text = f"by {accepted}; who says nothing is {auth.anonymous_role.value}"
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        return [Finding("authentication", text)]
    return [
        Finding("authentication", text, "Unset GATEWAY_AUTH_ANONYMOUS_ROLE if strangers can call.")
    ]


async def _stores(settings: "Settings") -> AsyncIterator[Finding]:
    from datasources.stores import open_stores

    async with open_stores(settings.postgres, settings.mongodb, settings.redis) as stores:
        statuses = {status["name"]: status for status in await stores.statuses()}
    for name, status in statuses.items():
        if not status["available"]:
            mend = "Start it, or correct its URL in the environment or in .env."
            yield Finding(name, f"{status['message']}", mend)
            continue
        yield _version(name, status["version"] or "")
    for name, inspect in _inspections(settings).items():
        if statuses[name]["available"]:
            for finding in await inspect:
                yield finding
        else:
            inspect.close()


def _version(name: str, version: str) -> Finding:
    digits = version.split(" ")[0].split(".")
    found = tuple(int(digit) for digit in digits if digit.isdigit())
    oldest = ".".join(map(str, OLDEST[name]))
    if found < OLDEST[name]:
        return Finding(name, f"version {version}", f"Bring it to {oldest} or newer.")
    return Finding(name, f"answers, version {version}")


def _inspections(settings: "Settings") -> dict[str, Any]:
    from datasources.mongo import inspection as mongo_inspection
    from datasources.mongo import migrate as mongo
    from datasources.postgres import inspection as postgres_inspection
    from datasources.postgres import migrate as postgres

    return {
        "postgresql": _inspect(
            "postgresql", postgres, postgres_inspection.missing_indexes, settings.postgres
        ),
        "mongodb": _inspect("mongodb", mongo, mongo_inspection.missing_indexes, settings.mongodb),
    }


async def _inspect(name: str, migrate: Any, missing_indexes: Any, settings: Any) -> list[Finding]:
    pending = migrate.pending(await migrate.status(settings))
    if pending:
        names = ", ".join(f"{each.version} {each.name}" for each in pending)
        return [Finding(name, f"migrations pending: {names}", "Run `gateway migrate up`.")]
    missing = await missing_indexes(settings)
    if missing:
        return [Finding(name, f"index missing: {each}", sql) for each, sql in missing.items()]
    return [Finding(name, "every migration is applied, every index is there")]
