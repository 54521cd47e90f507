"""gateway cache: takes kept answers out of use."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.settings import Settings

app = typer.Typer(help="Take kept answers out of use.", no_args_is_help=True)

Tags = Annotated[
    list[str],
    typer.Argument(help="Tags such as Material, Material:peek or Customer:<id>.calculations."),
]

_PATIENCE_SECONDS = 5.0


@app.callback()
def cache() -> None:
    """Take kept answers out of use."""


@app.command()
def bump(tags: Tags) -> None:
    """Take every answer that carries one of the tags out of use, in every process."""
    from datasources.redis.response_cache import is_tag
    from gateway.settings import load_settings

    for tag in tags:
        if not is_tag(tag):
            raise typer.BadParameter(f"{tag!r} is no tag.")
    seconds = asyncio.run(_bump(load_settings(), tags))
    typer.echo(f"out of use everywhere after {seconds * 1000:.0f} ms: {', '.join(tags)}")


async def _bump(settings: "Settings", tags: list[str]) -> float:
    from datasources.redis.client import RedisStore
    from datasources.redis.response_cache import ResponseCache
    from datasources.scope import Scope

    redis = await RedisStore.open(settings.redis)
    responses = ResponseCache(redis, settings.response_cache)
    began = monotonic()
    try:
        await responses.bump(Scope(None, began + _PATIENCE_SECONDS), tags)
        return monotonic() - began
    finally:
        await responses.close()
        await redis.close()
