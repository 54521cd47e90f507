"""Road: one operation on the standard executor, and on the engine with everything folded that can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    execute,
)
from graphql.execution import get_argument_values

from datasources.scope import Scope
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from gateway.engine.source import source_of
from gateway.engine.tree import SelectedField, compile_tree
from resolvers.context import Context
from resolvers.errors import ClientError
from resolvers.viewer import Role, Viewer
from tests.fold.document import VARIABLES
from tests.graph import Graph


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` as a client reads it; ``folds`` counts the statements that wrote JSON."""

    data: Any
    errors: Sequence[GraphQLError]
    folds: int


def context_of(graph: Graph, scope: Scope) -> Context:
    return Context(
        viewer=Viewer("test", "Test", frozenset({Role.ADMIN})),
        scope=scope,
        writing=scope,
        stores=graph.stores,
        cursors=graph.cursors,
        limits=graph.limits,
        now=graph.now,
    )


async def standard(
    graph: Graph, document: DocumentNode, scope: Scope, variables: Mapping[str, Any]
) -> ExecutionResult:
    running = execute(
        graph.schema.core,
        document,
        context_value=context_of(graph, scope),
        variable_values={**variables},
    )
    return running if isinstance(running, ExecutionResult) else await running


async def folded(
    graph: Graph,
    document: DocumentNode,
    scope: Scope,
    variables: Mapping[str, Any],
    *,
    folds: bool = True,
) -> Answer:
    """As with ``GATEWAY_FOLD=off`` where nothing ``folds``."""
    operation, fragments = parts_of(document)
    graph.observed.clear()
    outcome = await Engine(folds=folds).run(
        Plans(),
        graph.schema.core,
        operation,
        fragments,
        {**variables},
        context=context_of(graph, scope),
    )
    assert isinstance(outcome, Outcome)
    statements = sum("AS t0," in call.statement for call in graph.observed)
    return Answer(orjson.loads(orjson.dumps(outcome.data)), outcome.errors, statements)


async def told_counts(
    graph: Graph, document: DocumentNode, scope: Scope
) -> list[tuple[Mapping[tuple[str, ...], int], Any]]:
    """What is counted of each root field that folds, beside its JSON with null in the holes."""
    operation, fragments = parts_of(document)
    found: list[tuple[Mapping[tuple[str, ...], int], Any]] = []
    for root in compile_tree(graph.schema.core, operation, fragments, VARIABLES):
        source = source_of(root.definition)
        plan = source.fold(root) if source and source.fold else None
        if source is None or plan is None:
            continue
        try:
            key = _arguments(root)[source.argument] if source.argument else True
            slots = await plan.fetch(context_of(graph, scope), [key], _arguments)
        except ClientError:
            continue
        (slot,) = slots or [None]
        if slot is not None and not isinstance(slot, Exception):
            text = b"".join([b"null" if part is None else part for part in slot.parts])
            found.append((slot.counts, orjson.loads(text)))
    return found


def _arguments(use: SelectedField) -> dict[str, Any]:
    source = source_of(use.definition)
    assert source is not None
    return source.convert(get_argument_values(use.definition, use.nodes[0]))


def parts_of(
    document: DocumentNode,
) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    (operation,) = (
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    )
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    return operation, fragments
