"""Document: finds the parsed and valid document of the query text, or of what stands for it."""

from uuid import UUID

from datasources.scope import Scope
from gateway.pipeline.exchange import Exchange

_NOBODYS = frozenset[UUID]()


async def find_document(exchange: Exchange) -> None:
    request, persisted = exchange.request, exchange.parts.persisted
    documents = exchange.view.documents
    claim = request.extensions.get("persistedQuery") if request.extensions else None
    text, id_ = request.query, request.document_id
    if text is not None and persisted.takes_any_text and claim is None and id_ is None:
        exchange.document = documents.find(text)
        return
    scope = Scope(_NOBODYS, exchange.deadline)
    found = await persisted.find(scope, text, id_, claim, documents.holds)
    exchange.document_id = found.id
    exchange.document = documents.find(found.text)
    if found.register is not None:
        await persisted.register(scope, found, _client(exchange))


def _client(exchange: Exchange) -> str:
    """Whoever has shown no credentials is known by the address alone."""
    shown = exchange.request.credentials
    if shown.bearer or shown.api_key or shown.session:
        return f"viewer {exchange.viewer.id}"
    return f"address {exchange.request.client_address}"
