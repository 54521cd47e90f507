"""The pipeline: whatever happens inside an operation, one typed answer comes out, in time."""

import asyncio
import logging
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema

from datasources.errors import StoreUnavailableError
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import anonymous
from gateway.errors import Code
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Parts, Request, Response
from gateway.pipeline.view import Views
from resolvers.batch import EMPTY
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.loader import loader
from resolvers.viewer import Role


def parts(schema: GraphQLSchema, deadline_seconds: float = 5) -> Parts:
    no_stores: Any = None
    return Parts(
        views=Views(lambda roles: schema, DocumentSettings()),
        stores=no_stores,
        cursors=CursorCodec(b"secret"),
        limits=Limits(),
        deadline_seconds=deadline_seconds,
        variable_max_depth=32,
        cost_shown=False,
        authenticator=Authenticator(anonymous(Role.ADMIN)),
    )


def body(response: Response) -> Any:
    return orjson.loads(response.body)


async def test_an_answer_names_its_operation(schema: GraphQLSchema) -> None:
    response = await answer(Request("query Mine { name }"), parts(schema))

    assert response.body == b'{"data":{"name":"gateway"}}'
    assert (response.operation_type, response.operation_name) == ("query", "Mine")
    assert (response.refused, response.errors) == (None, ())


async def test_a_client_error_keeps_its_text_code_and_details(schema: GraphQLSchema) -> None:
    response = await answer(Request("{ unknownId }"), parts(schema))

    assert body(response) == {
        "errors": [
            {
                "message": "No such id.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["unknownId"],
                "extensions": {"code": "INVALID_ID", "expected": "Customer"},
            }
        ],
        "data": {"unknownId": None},
    }


async def test_an_unexpected_error_is_masked_and_logged_under_its_id(
    schema: GraphQLSchema, caplog: pytest.LogCaptureFixture
) -> None:
    response = await answer(Request("{ name broken }"), parts(schema))

    error = body(response)["errors"][0]
    assert b"SELECT" not in response.body
    assert error["extensions"].keys() == {"code", "errorId"}
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    [line] = [record for record in caplog.records if record.name == "gateway.error"]
    assert line.__dict__["fields"] == {"error_id": error["extensions"]["errorId"]}
    assert "SELECT secret" in (caplog.text)


async def test_one_error_in_many_slots_is_one_line_and_one_id(
    schema: GraphQLSchema, caplog: pytest.LogCaptureFixture
) -> None:
    response = await answer(Request("{ broken others { broken } }"), parts(schema))

    errors = body(response)["errors"]
    assert len(errors) == 3
    assert len({error["extensions"]["errorId"] for error in errors}) == 1
    assert len([record for record in caplog.records if record.name == "gateway.error"]) == 1


async def test_a_null_that_the_schema_forbids_is_our_error(schema: GraphQLSchema) -> None:
    response = await answer(Request("{ name required { value } }"), parts(schema))

    [error] = body(response)["errors"]
    assert error["path"] == ["required", "value"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert body(response)["data"] == {"name": "gateway", "required": None}


async def test_an_argument_that_fails_only_at_run_time_is_the_clients(
    schema: GraphQLSchema,
) -> None:
    request = Request("query($v: Int = 1) { count(value: $v) }", variables={"v": None})

    response = await answer(request, parts(schema))

    [error] = body(response)["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_errors_stand_in_the_order_of_their_fields() -> None:
    schema_errors = await _errors_of_racing_fields()

    assert schema_errors == [["second"], ["third", 0, "second"], ["third", 1, "second"], ["first"]]


async def _errors_of_racing_fields() -> list[list[str | int]]:
    from graphql import build_schema

    schema = build_schema("type Query { first: Int second: Int third: [Query] }")
    assert schema.query_type
    fields = schema.query_type.fields
    turns = {"first": 1, "second": 3}

    def late(name: str) -> Any:
        async def resolve(root: object, info: object) -> None:
            for _ in range(turns[name]):
                await asyncio.sleep(0)
            raise StoreUnavailableError("redis", "is not answering", 1)

        return resolve

    for name in turns:
        fields[name].resolve = late(name)
    fields["third"].resolve = lambda root, info: [{}, {}]
    response = await answer(Request("{ second third { second } first }"), parts(schema))
    return [error["path"] for error in response.errors]


async def test_at_the_deadline_the_operation_is_stopped_and_said_to_be_late(
    schema: GraphQLSchema, hanging: Any
) -> None:
    response = await answer(Request("{ name hang }"), parts(schema, deadline_seconds=0.05))

    assert response.refused is Code.DEADLINE_EXCEEDED
    assert body(response)["errors"][0]["extensions"] == {
        "code": "DEADLINE_EXCEEDED",
        "deadlineSeconds": 0.05,
    }
    assert hanging.stopped.is_set()


async def test_at_the_deadline_batch_calls_are_stopped_too(schema: GraphQLSchema) -> None:
    stopped = asyncio.Event()

    async def call(context: Any, keys: Any, selection: Any) -> list[str]:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return []

    assert schema.query_type
    schema.query_type.fields["name"].resolve = lambda root, info: loader(
        info.context, call, EMPTY, {}
    )(1)

    # Long enough for the call to begin, a few turns of the loop later, also on a busy machine.
    response = await answer(Request("{ name }"), parts(schema, deadline_seconds=0.5))

    assert response.refused is Code.DEADLINE_EXCEEDED
    await asyncio.wait_for(stopped.wait(), timeout=5)


async def test_a_timeout_of_a_resolver_is_no_deadline(schema: GraphQLSchema) -> None:
    def times_out(root: object, info: object) -> None:
        raise TimeoutError("from a driver")

    assert schema.query_type
    schema.query_type.fields["name"].resolve = times_out

    response = await answer(Request("{ name }"), parts(schema))

    assert response.refused is None
    assert response.errors[0]["extensions"]["code"] == "INTERNAL_ERROR"


async def test_a_value_that_json_cannot_hold_is_masked(
    schema: GraphQLSchema, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    assert schema.query_type
    schema.query_type.fields["echo"].resolve = lambda root, info, text=None: "\ud800"

    response = await answer(Request("{ echo }"), parts(schema))

    assert response.refused is Code.INTERNAL_ERROR
    assert body(response).keys() == {"errors"}
