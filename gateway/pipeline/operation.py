"""Operation: which operation of the document is meant, and whether it may run this way."""

from graphql import OperationDefinitionNode, OperationType

from gateway.errors import Code, refuse
from gateway.pipeline.exchange import Exchange

_MUTATION, _SUBSCRIPTION = OperationType.MUTATION, OperationType.SUBSCRIPTION


def choose_operation(exchange: Exchange) -> None:
    operation = _meant(exchange.document.operations, exchange.request.operation_name)
    exchange.operation = operation
    if operation.operation is _SUBSCRIPTION and not exchange.streams:
        raise refuse(
            Code.OPERATION_RESOLUTION_FAILURE,
            "A subscription needs a connection that streams: send it over a WebSocket (subprotocol "
            "graphql-transport-ws), or by POST or GET with `Accept: text/event-stream`.",
        )
    if exchange.request.terms.safe and operation.operation is _MUTATION:
        raise refuse(Code.METHOD_NOT_ALLOWED, "A mutation must be sent by POST; GET only reads.")


def _meant(
    operations: dict[str | None, OperationDefinitionNode], name: str | None
) -> OperationDefinitionNode:
    if name:
        if name in operations:
            return operations[name]
        raise refuse(
            Code.OPERATION_RESOLUTION_FAILURE,
            f"The document has no operation of this operationName; it has {_names(operations)}.",
        )
    if len(operations) == 1:
        return next(iter(operations.values()))
    raise refuse(
        Code.OPERATION_RESOLUTION_FAILURE,
        f"The document has {_names(operations)}: say which by operationName."
        if operations
        else "The document holds only fragments; add an operation.",
    )


def _names(operations: dict[str | None, OperationDefinitionNode]) -> str:
    names = [name for name in operations if name]
    if not names:
        return "one without a name" if operations else "none"
    shown = ", ".join(names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
