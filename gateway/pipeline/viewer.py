"""Viewer: who asks, by what was shown; whatever does not hold is refused here."""

from math import ceil

from datasources.errors import StoreUnavailableError
from gateway.errors import Code, RefusedError, refuse_unavailable
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.quota import network_of


async def identify_viewer(exchange: Exchange) -> None:
    parts = exchange.parts
    try:
        request = exchange.request
        found = await parts.authenticator.identify(
            request.credentials, network_of(request.client_address)
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
    exchange.viewer, exchange.customer_ids = found.viewer, found.customer_ids
    exchange.view = parts.views.of(found.viewer.roles)
