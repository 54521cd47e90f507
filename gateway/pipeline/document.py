"""Document: finds the parsed and valid document of the query text."""

from gateway.pipeline.exchange import Exchange


async def find_document(exchange: Exchange) -> None:
    exchange.document = exchange.view.documents.find(exchange.request.query)
