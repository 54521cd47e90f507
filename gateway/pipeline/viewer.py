"""Viewer: who asks, by what was shown; whatever does not hold is refused here."""

from math import ceil

from datasources.errors import StoreUnavailableError
from gateway.auth.credentials import NOTHING
from gateway.auth.identity import Identity
from gateway.errors import Code, RefusedError, refuse_unavailable
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.quota import network_of


def identify_viewer(exchange: Exchange) -> Waiting | None:
    if exchange.request.terms.credentials is NOTHING:  # nobody has to be asked
        _let_in(exchange, exchange.parts.authenticator.stranger())
        return None
    return _identify(exchange)


async def _identify(exchange: Exchange) -> None:
    try:
        request = exchange.request
        found = await exchange.parts.authenticator.identify(
            request.terms.credentials, network_of(request.terms.client_address)
        )
    except StoreUnavailableError as error:
        exchange.retry_after_seconds = ceil(error.retry_after_seconds)
        raise refuse_unavailable(error) from None
    except RefusedError as refusal:
        if refusal.code in (Code.ISSUER_UNAVAILABLE, Code.TOO_MANY_ATTEMPTS):
            exchange.retry_after_seconds = ceil(
                refusal.errors[0]["extensions"]["retryAfterSeconds"]
            )
        raise
    _let_in(exchange, found)


def _let_in(exchange: Exchange, found: Identity) -> None:
    exchange.viewer, exchange.customer_ids = found.viewer, found.customer_ids
    exchange.view = exchange.parts.views.of(found.viewer.roles)
