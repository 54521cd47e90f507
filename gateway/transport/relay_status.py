"""Relay status: how far behind events are, as probes and collectors are told of it."""

from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.records import RelayStatusRecord
from datasources.scope import Scope
from datasources.stores import Stores

_SECONDS = 1.0


async def relay_status(stores: Stores) -> RelayStatusRecord | None:
    """``None`` where PostgreSQL does not say."""
    try:
        return await stores.relay_state.status(Scope(None, monotonic() + _SECONDS))
    except StoreUnavailableError:
        return None
