"""Cancellation: an operation that nobody waits for any more ends without a trace, whenever that is."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Request, Response
from gateway.pipeline.view import Views
from tests.gateway.pipeline.edge import edge

QUERY = """{
  one { number one { number one { number } several { number } } several { one { number } } }
  several { number one { number several { number } } }
}"""


def soon(value: object) -> asyncio.Future[Any]:
    """As a DataLoader gives it: a future that is set in a later turn of the loop."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def answer_unless_cancelled() -> None:
        if not future.done():
            future.set_result(value)

    loop.call_soon(answer_unless_cancelled)
    return future


@pytest.fixture
def nested() -> GraphQLSchema:
    schema = build_schema("type Query { number: Int one: Query several: [Query!] }")
    query = schema.query_type
    assert query is not None
    values: dict[str, object] = {"number": 1, "one": {}, "several": [{}, {}, {}]}
    for name, value in values.items():
        query.fields[name].resolve = lambda root, info, value=value: soon(value)
    return schema


@pytest.fixture
def collect() -> Iterator[Callable[[], int]]:
    """A collection that passes over what other tests have left, which takes a while in a whole suite."""
    gc.collect()
    gc.freeze()
    yield gc.collect
    gc.unfreeze()


def test_an_operation_can_be_cancelled_in_any_turn_of_the_loop(
    nested: GraphQLSchema, collect: Callable[[], int]
) -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.new_event_loop()  # of its own, where every task is the operation's
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    with closing(loop), warnings.catch_warnings(record=True) as noise:
        warnings.simplefilter("always")
        turns, last = loop.run_until_complete(_cancel_in_each_turn(nested, collect))

    assert turns > 10
    assert [str(warning.message) for warning in noise] == []
    assert complaints == []
    assert last.errors == ()


async def _cancel_in_each_turn(
    schema: GraphQLSchema, collect: Callable[[], int]
) -> tuple[int, Response]:
    """How many turns an operation takes, and its answer when it was left to itself."""
    parts = edge(views=Views(lambda roles: schema, DocumentSettings()))
    others = asyncio.all_tasks()
    turns = 0
    while True:
        turns += 1
        task = asyncio.create_task(answer(Request(QUERY), parts))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            return turns, task.result()
        task.cancel()
        await asyncio.wait({task} | asyncio.all_tasks() - others)
        collect()
