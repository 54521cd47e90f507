"""Viewer: who asks. There is no authentication yet: everyone may read everything."""

from gateway.pipeline.exchange import Exchange
from resolvers.viewer import Role, Viewer

ANONYMOUS = Viewer("anonymous", "Anonymous", frozenset({Role.ANALYST}))


async def identify_viewer(exchange: Exchange) -> None:
    exchange.viewer = ANONYMOUS
    exchange.view = exchange.parts.views.of(ANONYMOUS.roles)
