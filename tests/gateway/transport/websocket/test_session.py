"""Session: operations over a WebSocket, and the code that each way of breaking the protocol ends with."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gateway.pipeline.document_id import digest_of
from tests.gateway.conftest import Hanging, Serve, failing_schema
from tests.gateway.transport.websocket.talk import talk_to

NAME = {"id": "1", "type": "next", "payload": {"data": {"name": "gateway"}}}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(serve_sockets: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_sockets(failing_schema(Hanging()), http={"body_max_bytes": 4_096}) as client:
        yield client


async def test_a_query_is_answered_and_completed(server: httpx.AsyncClient) -> None:
    async with talk_to(server) as talk:
        acknowledged = await talk.init()
        await talk.subscribe("{ name }")
        answer, end = await talk.hear(), await talk.hear()

    assert acknowledged == {"pingSeconds": 20.0, "operationLimit": 100}
    assert answer == NAME
    assert end == {"id": "1", "type": "complete"}


async def test_a_mutation_is_answered(server: httpx.AsyncClient) -> None:
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("mutation { touch }", id_="a")

        assert (await talk.hear())["payload"] == {"data": {"touch": "touched"}}


async def test_variables_and_the_operation_name_count(server: httpx.AsyncClient) -> None:
    query = "query a { name } query b($text: String) { echo(text: $text) }"
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe(query, operationName="b", variables={"text": 'zu "hören"'})

        assert (await talk.hear())["payload"] == {"data": {"echo": 'zu "hören"'}}


async def test_an_answer_in_part_is_a_next_and_a_refusal_is_an_error(
    server: httpx.AsyncClient,
) -> None:
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("{ name unknownId }")
        partial, end = await talk.hear(), await talk.hear()
        await talk.subscribe("{ nonsense }")
        refused = await talk.hear()
        await talk.subscribe("{ name }")

        assert await talk.hear() == NAME

    assert partial["payload"]["data"] == {"name": "gateway", "unknownId": None}
    assert end["type"] == "complete"
    assert (refused["type"], refused["id"]) == ("error", "1")
    assert [each["extensions"]["code"] for each in refused["payload"]] == [
        "GRAPHQL_VALIDATION_FAILED"
    ]


async def test_operations_run_side_by_side_and_complete_cancels(
    hanging: Hanging, serve_sockets: Serve
) -> None:
    async with serve_sockets(failing_schema(hanging)) as server, talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("{ hang }", id_="hanging")
        await hanging.asked.wait()
        await talk.subscribe("{ name }")
        answer = await talk.hear()
        await talk.hear()
        await talk.say("complete", "hanging")
        await hanging.stopped.wait()
        await talk.subscribe("{ name }", id_="hanging")
        again = await talk.hear()

    assert answer == NAME
    assert again == {**NAME, "id": "hanging"}


async def test_a_closed_connection_stops_its_operations(
    hanging: Hanging, serve_sockets: Serve
) -> None:
    async with serve_sockets(failing_schema(hanging)) as server:
        async with talk_to(server) as talk:
            await talk.init()
            await talk.subscribe("{ hang }")
            await hanging.asked.wait()

        await hanging.stopped.wait()


async def test_a_document_is_found_by_its_hash(server: httpx.AsyncClient) -> None:
    named = {"persistedQuery": {"version": 1, "sha256Hash": digest_of("{ name }")}}
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("", extensions=named)
        unknown = await talk.hear()
        await talk.subscribe("{ name }", extensions=named)
        registered, _ = await talk.hear(), await talk.hear()
        await talk.subscribe("", extensions=named)
        found = await talk.hear()

    assert unknown["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert registered == found == NAME


async def test_pings_are_answered_at_any_time_and_unknown_ids_ignored(
    server: httpx.AsyncClient,
) -> None:
    async with talk_to(server) as talk:
        await talk.say("ping")
        before = await talk.hear()
        await talk.say("pong", payload={"authorization": "Bearer of nothing yet"})
        await talk.init()
        await talk.say("complete", "nobody")
        await talk.say("pong", payload={"expiresInSeconds": 3})
        await talk.say("ping", payload={"any": "thing"})

        assert before == await talk.hear() == {"type": "pong"}


async def test_no_shared_subprotocol_is_4406(server: httpx.AsyncClient) -> None:
    async with talk_to(server, subprotocol=Subprotocol("graphql-ws")) as legacy:
        assert await legacy.closing() == (4406, "Subprotocol not acceptable")
    async with talk_to(server, subprotocol=None) as none:
        assert await none.closing() == (4406, "Subprotocol not acceptable")


async def test_a_subscribe_before_the_acknowledgement_is_4401(server: httpx.AsyncClient) -> None:
    async with talk_to(server) as talk:
        await talk.subscribe("{ name }")

        assert await talk.closing() == (4401, "Unauthorized")


async def test_a_second_init_is_4429(server: httpx.AsyncClient) -> None:
    async with talk_to(server) as talk:
        await talk.init()
        await talk.say("connection_init")

        assert await talk.closing() == (4429, "Too many initialisation requests")


async def test_no_init_in_time_is_4408(serve_sockets: Serve) -> None:
    connection = {"init_timeout_seconds": 0.01}
    schema = failing_schema(Hanging())
    async with serve_sockets(schema, connection=connection) as server, talk_to(server) as talk:
        assert await talk.closing() == (4408, "Connection initialisation timeout")


async def test_an_id_that_is_in_use_is_4409(hanging: Hanging, serve_sockets: Serve) -> None:
    async with serve_sockets(failing_schema(hanging)) as server, talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("{ hang }", id_="twice")
        await talk.subscribe("{ name }", id_="twice")

        assert await talk.closing() == (4409, "Subscriber for twice already exists")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        (b'{"type":"ping"}', "it is binary; messages are text"),
        ("{}", "its type is none of complete, connection_init, ping, pong, subscribe"),
        ('{"type":"next","id":"1"}', "its type is none of"),
        ('{"type":["ping"]}', "its type is none of"),
        ('{"type":"ping","payload":[]}', "the payload of ping must be an object"),
        ('{"type":"complete"}', "complete needs an id, a string of 1 to 255 characters"),
        ('{"type":"complete","id":7}', "complete needs an id"),
        ('{"type":"subscribe","id":"","payload":{"query":"{a}"}}', "subscribe needs an id"),
        (f'{{"type":"complete","id":"{"x" * 256}"}}', "complete needs an id"),
        ('{"type":"subscribe","id":"1"}', "the payload of subscribe must be an object"),
        ('{"type":"subscribe","id":"1","payload":{}}', "The parameter query is missing"),
        ('{"type":"subscribe","id":"1","payload":{"query":1}}', "The parameter query must"),
        (
            '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
            "The parameter variables must be a JSON object.",
        ),
        (f'{{"type":{"[" * 2_000}', "it is not JSON"),
    ],
)
async def test_what_is_no_message_is_4400_with_the_reason(
    server: httpx.AsyncClient, frame: str | bytes, reason: str
) -> None:
    async with talk_to(server) as talk:
        await talk.init()
        await talk.say_raw(frame)
        code, said = await talk.closing()

    assert code == 4400
    assert said.startswith(f"Invalid message: {reason}"[:123])
    assert len(said.encode()) <= 123


@pytest.mark.parametrize("comment", ["x" * 4_096, "ü" * 2_048])
async def test_a_frame_over_the_limit_is_1009(server: httpx.AsyncClient, comment: str) -> None:
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe(f"{{ name }} # {comment}")

        assert (await talk.closing())[0] == 1009


async def test_an_unforeseen_error_is_4500_and_says_nothing_of_itself(
    server: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("SELECT secret FROM users")

    monkeypatch.setattr("gateway.transport.websocket.session.check_parameters", broken)
    async with talk_to(server) as talk:
        await talk.init()
        await talk.subscribe("{ name }")

        assert await talk.closing() == (4500, "Internal server error")


async def test_more_operations_than_may_run_are_refused_one_by_one(
    hanging: Hanging, serve_sockets: Serve
) -> None:
    connection = {"operations": 3}
    async with (
        serve_sockets(failing_schema(hanging), connection=connection) as server,
        talk_to(server) as talk,
    ):
        await talk.init()
        for number in range(10_000):
            await talk.subscribe("{ hang }", id_=str(number))
        refused = [await talk.hear() for _ in range(9_997)]
        await talk.say("complete", "0")
        await hanging.stopped.wait()
        await talk.subscribe("{ name }", id_="again")
        answer = await talk.hear()

    assert {each["type"] for each in refused} == {"error"}
    assert [each["id"] for each in refused] == [str(number) for number in range(3, 10_000)]
    assert refused[0]["payload"][0]["extensions"] == {"code": "SUBSCRIPTION_LIMIT", "limit": 3}
    assert answer["payload"] == {"data": {"name": "gateway"}}


async def test_one_connection_waits_for_itself_instead_of_being_refused(
    hanging: Hanging, serve_sockets: Serve
) -> None:
    async with (
        serve_sockets(failing_schema(hanging), concurrency={"per_client": 2}) as server,
        talk_to(server) as talk,
    ):
        await talk.init()
        await talk.subscribe("{ hang }", id_="hanging")
        for number in range(50):
            await talk.subscribe("{ name }", id_=str(number))
        heard = [await talk.hear() for _ in range(100)]

    assert {each["type"] for each in heard} == {"next", "complete"}


async def test_a_page_of_another_origin_is_not_let_in(server: httpx.AsyncClient) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with talk_to(server, origin="https://evil.example"):
            pass
    own = f"http://{server.base_url.host}:{server.base_url.port}"
    async with talk_to(server, origin=own) as talk:
        await talk.init()

    assert refused.value.response.status_code == 403
    assert b"CSRF_PREVENTED" in (refused.value.response.body or b"")


async def test_a_listed_origin_is_let_in_and_a_star_lets_all_in(serve_sockets: Serve) -> None:
    schema = failing_schema(Hanging())
    for listed in ("https://app.example", "*"):
        async with (
            serve_sockets(schema, http={"cors_origins": listed}) as server,
            talk_to(server, origin="https://app.example") as talk,
        ):
            await talk.init()


async def test_who_has_not_said_who_they_are_counts_for_their_address(serve_sockets: Serve) -> None:
    connection = {"per_client": 2}
    async with (
        serve_sockets(failing_schema(Hanging()), connection=connection) as server,
        talk_to(server) as first,
        talk_to(server) as second,
    ):
        await first.say("ping")
        await second.say("ping")
        assert [await first.hear(), await second.hear()] == [{"type": "pong"}] * 2
        async with talk_to(server) as third:
            refused = await third.closing()
        await first.init()
        async with talk_to(server) as third:  # in the place that the first no longer takes
            await third.init()

    assert refused == (1013, "Too many connections of your address have not said who they are")


async def test_no_more_connections_than_a_client_or_the_process_may_hold(
    serve_sockets: Serve,
) -> None:
    schema = failing_schema(Hanging())
    connection = {"per_client": 1, "per_process": 2}
    async with serve_sockets(schema, connection=connection) as server, talk_to(server) as first:
        await first.init()
        async with talk_to(server) as second:
            await second.say("connection_init")
            of_client = await second.closing()
        async with talk_to(server) as second, talk_to(server) as third:
            of_process = await third.closing()
            await second.say("ping")

    assert of_client == (1013, "Too many connections: 1 of yours are open here")
    assert of_process == (1013, "No room here; try again later")
