"""The engine against graphql-core's own executor, over random schemas, records and operations.

Data must be equal to the last byte. So must errors, but for one freedom that the specification leaves: where
several errors lie below one null, the engine tells the first in response order, and graphql-core whichever
it met first, and some of those beside it.
"""

import asyncio
import gc
import re
from collections.abc import Awaitable, Iterator
from inspect import iscoroutine
from random import Random
from typing import Any, TypeGuard

import orjson
import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.awaiting import close_unstarted
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from tests.engine.operations import VARIABLES, operation
from tests.engine.world import Builder, World

OPERATIONS = 20  # over each schema; 100 schemas in the suite, 2,000 in the thorough run
_COUNTS = re.compile(r"answered \d+ keys with \d+ slots")

Told = tuple[str, tuple[str | int, ...], tuple[tuple[int, int], ...]]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
    gc.collect()  # while what graphql-core lets go of is still expected


# graphql-core lets go of coroutines where an error ends their siblings.
@pytest.mark.filterwarnings("ignore:coroutine.*was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(deadline=None)
@given(seed=st.integers(0, 2**64))
def test_answers_are_those_of_the_standard_executor(seed: int, runner: asyncio.Runner) -> None:
    random = Random(seed)  # noqa: S311 - each case again from its number
    world = Builder(random).build()
    for _ in range(OPERATIONS):
        text = operation(random, world.schema)
        document = parse(text)
        if not validate(world.schema, document):
            runner.run(compare(world, document))


async def compare(world: World, document: DocumentNode) -> None:
    expected = await run_standard(world, document)
    outcome = await run_breadth_first(world, document)
    assert orjson.dumps(outcome.data) == orjson.dumps(expected.data)
    ours, theirs = (
        told_by_null(outcome.data, outcome.errors),
        told_by_null(expected.data, expected.errors or ()),
    )
    assert ours.keys() == theirs.keys()
    assert all(len(told) == 1 for told in ours.values())
    open_choices = [told for landing, told in ours.items() if not told <= theirs[landing]]
    if open_choices:
        everything = await run_standard(world, parse(_without_propagation(document)))
        possible = {(message, path) for message, path, _ in map(told, everything.errors or ())}
        for message, path, _ in set[Told]().union(*open_choices):
            assert (message, path) in possible
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def run_standard(world: World, document: DocumentNode) -> ExecutionResult:
    made: list[Any] = []

    def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
        if iscoroutine(value):
            made.append(value)
        return hasattr(value, "__await__")

    running = execute(
        world.schema,
        document,
        world.root,
        context_value=world,
        variable_values=VARIABLES,
        is_awaitable=is_awaitable,
    )
    result = running if isinstance(running, ExecutionResult) else await running
    while others := asyncio.all_tasks() - {asyncio.current_task()}:  # what it no longer waits for
        await asyncio.wait(others)
    close_unstarted(made)
    return result


async def run_breadth_first(world: World, document: DocumentNode) -> Outcome:
    outcome = await Engine().run(
        Plans(),
        world.schema,
        *parts_of(document),
        VARIABLES,
        context=world,
        root=world.root,
    )
    assert isinstance(outcome, Outcome)
    return outcome


def parts_of(
    document: DocumentNode,
) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    """The document's only operation and its fragments."""
    (operation_node,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    return operation_node, fragments


def told(error: GraphQLError) -> Told:
    places = tuple((place.line, place.column) for place in error.locations or ())
    return _COUNTS.sub("answered wrongly", error.message), tuple(error.path or ()), places


def told_by_null(data: Any, errors: Any) -> dict[tuple[str | int, ...], set[Told]]:
    """What is told of each null of the answer that an error put there."""
    found: dict[tuple[str | int, ...], set[Told]] = {}
    for error in errors:
        at, landing = data, []
        for step in error.path or ():
            if at is None:
                break
            at = at[step]
            landing.append(step)
        assert at is None
        found.setdefault(tuple(landing), set()).add(told(error))
    return found


def _without_propagation(document: DocumentNode) -> str:
    assert document.loc is not None
    head, brace, rest = document.loc.source.body.partition(" {")
    return f"{head} @experimental_disableErrorPropagation{brace}{rest}"
