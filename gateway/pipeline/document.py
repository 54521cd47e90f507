"""Document: finds the parsed and valid document of the query text, or of what stands for it."""

from uuid import UUID

from datasources.scope import Scope
from gateway.pipeline.exchange import Exchange, Waiting

_NOBODYS = frozenset[UUID]()


def find_document(exchange: Exchange) -> Waiting | None:
    request, persisted = exchange.request, exchange.parts.persisted
    claim = request.extensions.get("persistedQuery") if request.extensions else None
    text, id_ = request.query, request.document_id
    if text is not None and persisted.takes_any_text and claim is None and id_ is None:
        exchange.document = exchange.view.documents.find(text)
        return None
    return _find_persisted(exchange, claim)


async def _find_persisted(exchange: Exchange, claim: object) -> None:
    request, persisted = exchange.request, exchange.parts.persisted
    documents = exchange.view.documents
    scope = Scope(_NOBODYS, exchange.deadline)
    found = await persisted.find(scope, request.query, request.document_id, claim, documents.holds)
    exchange.document_id = found.id
    exchange.document = documents.find(found.text)
    if found.register is not None:
        await persisted.register(scope, found, _client(exchange))


def _client(exchange: Exchange) -> str:
    """Whoever has shown no credentials is known by the address alone."""
    shown = exchange.request.terms.credentials
    if shown.bearer or shown.api_key or shown.session:
        return f"viewer {exchange.viewer.id}"
    return f"address {exchange.request.terms.client_address}"
