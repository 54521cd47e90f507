"""Constant: the data of an operation that asks of nothing but the name of its root type.

Monitors and clients that only want to know whether somebody answers send nothing else.
"""

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType

_NAME = "__typename"


def constant_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, str] | None:
    """``None`` for every other operation, and where a directive has a say."""
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return None
    data = {}
    for node in operation.selection_set.selections:
        if not isinstance(node, FieldNode) or node.name.value != _NAME or node.directives:
            return None
        data[node.alias.value if node.alias else _NAME] = root.name
    return data
