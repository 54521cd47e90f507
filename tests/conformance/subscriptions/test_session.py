"""What clients of npm and gql do besides following: ask, write, show who they are, stop, renew."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from datasources.embedded.cluster import StoreUrls
from tests.conformance.subscriptions.example import HERE, lay_out
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.auth.issuer import AUDIENCE, NAME, Issuer, Key, make_key, sign
from tests.gateway.server import WITH_SOCKETS, serve_schema
from tests.gateway.subscription.newsroom import fill

# Of the token that is renewed and of the next: short enough for a warning at once, long enough for Node.js to
# start on a busy machine, and apart by more than that takes.
ENDING_SECONDS, NEXT_SECONDS = 25, 58

QUERY = "{ viewer { name } }"
REFRESH = 'mutation { refreshMaterial(input: {name: "steel_4140"}) { material { name } } }'
MAKE_KEY = 'mutation { createApiKey(input: {name: "order importer", role: SERVICE}) { secret } }'
UNKNOWN = 'subscription { pricingEvents(materials: ["unobtainium"]) { id } }'

NAMED = {"viewer": {"name": "pricing-bot"}}
REFRESHED = {"refreshMaterial": {"material": {"name": "steel_4140"}}}
EVERYTHING: dict[str, list[Any]] = {
    "query": [NAMED, "complete"],
    "mutation": [REFRESHED, "complete"],
    "wrong": [["GRAPHQL_VALIDATION_FAILED"]],
    "unknown": [["UNKNOWN_MATERIAL"]],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stores(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as stores:
        await fill(stores)
        yield stores


@pytest.fixture(scope="module")
def signing() -> Key:
    return make_key("ES256", "ES256-1")


def token(key: Key, seconds: float) -> str:
    return sign(key, exp=datetime.now(UTC) + timedelta(seconds=seconds))


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=WITH_SOCKETS)
async def gateway(
    request: pytest.FixtureRequest, stores: StoreSettings, signing: Key
) -> AsyncIterator[httpx.AsyncClient]:
    """Lets in whoever shows a token of the issuer, and nobody else."""
    issuer = Issuer([signing])
    async with issuer.serving():
        auth = {
            "sources": "jwt,api-key",
            "issuer": NAME,
            "audience": AUDIENCE,
            "jwks_url": issuer.url,
            "leeway_seconds": 0,
        }
        async with serve_schema(
            None,
            server=request.param,
            postgres=stores.postgres,
            mongodb=stores.mongo,
            redis=stores.redis,
            auth=auth,
            connection={"drain_seconds": 0.1},
        ) as client:
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seen(
    gateway: httpx.AsyncClient,
    signing: Key,
    installed: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("session")
    lay_out(folder, gateway.base_url.port or 0, "")
    (folder / "session.mjs").write_text((HERE / "session.mjs").read_text())
    url, lasting = str(gateway.base_url.join("/graphql")), token(signing, 3_600)
    made = await gateway.post(
        "/graphql",
        json={"query": MAKE_KEY},
        headers={"authorization": f"Bearer {sign(signing, roles=['admin'])}"},
    )
    key = made.json()["data"]["createApiKey"]["secret"]
    command = ("node", "--import", str(HERE / "browser.mjs"), "session.mjs")
    ending, following = token(signing, ENDING_SECONDS), token(signing, NEXT_SECONDS)
    arguments = (url, lasting, key, ending, following)
    process = await asyncio.create_subprocess_exec(
        *command, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


def test_graphql_ws_asks_writes_and_is_refused_in_part(seen: dict[str, Any]) -> None:
    assert seen["graphqlWs"] == EVERYTHING


def test_graphql_sse_does_the_same_and_refusals_are_results(seen: dict[str, Any]) -> None:
    completed = {name: [*EVERYTHING[name], "complete"] for name in ("wrong", "unknown")}
    assert seen["graphqlSse"] == {**EVERYTHING, **completed}


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_queries_and_mutations_of_others_go_over_the_socket(
    seen: dict[str, Any], client: str
) -> None:
    assert seen[client] == [NAMED, REFRESHED, ["GRAPHQL_VALIDATION_FAILED"]]


def test_a_subscription_that_is_stopped_is_complete(seen: dict[str, Any]) -> None:
    assert seen["stopped"] == ["complete", NAMED, "complete"]


def test_what_does_not_hold_closes_with_4403_and_is_not_tried_again(seen: dict[str, Any]) -> None:
    assert seen["refused"] == [{"closed": 4403}]


def test_a_key_may_be_shown_as_api_key(seen: dict[str, Any]) -> None:
    assert seen["apiKey"] == [{"viewer": {"name": "order importer"}}, "complete"]


def test_a_token_is_renewed_in_a_pong_while_events_come(seen: dict[str, Any]) -> None:
    renewed = seen["renewed"]
    first, second = renewed["warnings"]
    assert first <= ENDING_SECONDS < second <= NEXT_SECONDS
    assert renewed["closed"] == []
    assert renewed["then"] == [NAMED, "complete"]


async def test_gql_asks_writes_and_is_refused(gateway: httpx.AsyncClient, signing: Key) -> None:
    def transport(shown: str) -> WebsocketsTransport:
        url = str(gateway.base_url.join("/graphql")).replace("http", "ws", 1)
        return WebsocketsTransport(
            url,
            init_payload={"authorization": f"Bearer {shown}"},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )

    async with Client(transport=transport(token(signing, 3_600))) as session:
        assert await session.execute(gql(QUERY)) == NAMED
        assert await session.execute(gql(REFRESH)) == REFRESHED
        with pytest.raises(TransportQueryError) as refusal:
            await anext(session.subscribe(gql(UNKNOWN)))
    errors: Any = refusal.value.errors
    assert errors[0]["extensions"]["code"] == "UNKNOWN_MATERIAL"

    with pytest.raises(TransportConnectionFailed) as failure:
        await transport("pgw_wrong").connect()
    assert "4403" in str(failure.value.__cause__)
