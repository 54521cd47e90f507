"""Small: schemas of a few lines with batch functions, run on the engine and on graphql-core's executor."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute,
    parse,
    validate,
)

from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans


def schema_of(text: str, **sources: SimpleNamespace) -> GraphQLSchema:
    """The schema, its fields bound to sources by ``Type_field``."""
    schema = build_schema(text)
    for place, source in sources.items():
        kind_name, _, name = place.partition("_")
        kind = schema.type_map[kind_name]
        assert isinstance(kind, GraphQLObjectType)
        kind.fields[name].extensions["source"] = source
    return schema


def batch(function: Callable[..., Any], key: str | None = None, **given: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "kind": "batch",
            "key": key,
            "argument": None,
            "whole": False,
            "function": function,
            "convert": dict,
            "renames": True,
            "select": lambda use: None,
            "fold": None,
            **given,
        }
    )


def column(key: str) -> SimpleNamespace:
    return SimpleNamespace(kind="column", key=key)


async def run(
    schema: GraphQLSchema,
    text: str,
    root: Any = None,
    variables: Mapping[str, Any] | None = None,
    *,
    engine: Engine | None = None,
    context: Any = None,
) -> Outcome:
    document = parse(text)
    assert validate(schema, document) == []
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    outcome = await (engine or Engine()).run(
        Plans(), schema, operation, fragments, {**(variables or {})}, context=context, root=root
    )
    assert isinstance(outcome, Outcome)
    return outcome


async def run_standard(schema: GraphQLSchema, text: str, root: Any = None) -> ExecutionResult:
    running = execute(schema, parse(text), root)
    return running if isinstance(running, ExecutionResult) else await running


def told(outcome: Outcome | ExecutionResult) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(error.message, tuple(error.path or ())) for error in outcome.errors or ()]
