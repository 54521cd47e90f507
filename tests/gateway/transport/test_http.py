"""HTTP, the good requests: what comes back, in which media type and with which status."""

import httpx
import pytest

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


async def test_a_query_by_post_and_by_get_gives_the_same_answer(strict: httpx.AsyncClient) -> None:
    request = {"query": "query Named($t: String) { echo(text: $t) }", "operationName": "Named"}

    posted = await strict.post("/graphql", json={**request, "variables": {"t": "ä\u2028🏃"}})
    got = await strict.get("/graphql", params={**request, "variables": '{"t":"ä\u2028🏃"}'})

    assert posted.status_code == got.status_code == 200
    assert posted.json() == got.json() == {"data": {"echo": "ä\u2028🏃"}}


async def test_an_answer_says_its_type_and_that_nobody_may_keep_it(
    strict: httpx.AsyncClient,
) -> None:
    answer = await strict.post("/graphql", json={"query": "{ name }"})

    assert answer.content == b'{"data":{"name":"gateway"}}'
    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_without_a_wish_legacy_rules_answer_in_json(legacy: httpx.AsyncClient) -> None:
    answer = await legacy.post("/graphql", json={"query": "{ name }"})

    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"


async def test_a_head_is_a_get_without_the_body(strict: httpx.AsyncClient) -> None:
    answer = await strict.head("/graphql", params={"query": "{ name }"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(b'{"data":{"name":"gateway"}}'))


async def test_options_names_the_methods_and_grants_no_other_origin(
    strict: httpx.AsyncClient,
) -> None:
    answer = await strict.options("/graphql", headers={"origin": "https://elsewhere.example"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_mutation_runs_by_post(strict: httpx.AsyncClient) -> None:
    answer = await strict.post("/graphql", json={"query": "mutation { touch }"})

    assert answer.json() == {"data": {"touch": "touched"}}


@pytest.mark.parametrize(
    "extra",
    [
        {"variables": None, "operationName": None, "extensions": None},
        {"operationName": ""},
        {"extensions": {"client": {"name": "test"}}},
        {"reserved": [1]},
    ],
    ids=["nulls", "empty operationName", "extensions", "reserved name"],
)
async def test_what_may_be_left_out_may_be_null_or_empty(
    strict: httpx.AsyncClient, extra: dict[str, object]
) -> None:
    answer = await strict.post("/graphql", json={"query": "{ name }", **extra})

    assert (answer.status_code, answer.json()) == (200, {"data": {"name": "gateway"}})


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"query":"{ broken }","query":"{ name }"}', {"name": "gateway"}),
        (b'{"query":"query($v:Anything){any(value:$v)}","variables":{"v":1.5}}', {"any": "1.5"}),
        (b' \n{"query":"\\ufeff{ name }"}\n', {"name": "gateway"}),
    ],
    ids=["duplicate key: the last counts", "a float", "byte order mark in the document"],
)
async def test_odd_but_well_formed_bodies_are_answered(
    strict: httpx.AsyncClient, body: bytes, data: dict[str, object]
) -> None:
    answer = await strict.post("/graphql", content=body, headers={"content-type": JSON})

    assert (answer.status_code, answer.json()) == (200, {"data": data})


@pytest.mark.parametrize(
    ("rules", "accept", "status"),
    [
        ("strict", GRAPHQL, 294),
        ("strict", JSON, 200),
        ("legacy", GRAPHQL, 200),
        ("legacy", JSON, 200),
    ],
)
async def test_data_beside_errors_is_a_partial_success(
    strict: httpx.AsyncClient, legacy: httpx.AsyncClient, rules: str, accept: str, status: int
) -> None:
    client = strict if rules == "strict" else legacy

    answer = await client.post(
        "/graphql", json={"query": "{ name unavailable }"}, headers={"accept": accept}
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.json() == {
        "errors": [
            {
                "message": "MongoDB does not answer at the moment; what other stores hold is "
                "complete. Ask for this field again in 2 s.",
                "locations": [{"line": 1, "column": 8}],
                "path": ["unavailable"],
                "extensions": {
                    "code": "STORE_UNAVAILABLE",
                    "store": "mongodb",
                    "retryAfterSeconds": 2.0,
                },
            }
        ],
        "data": {"name": "gateway", "unavailable": None},
    }
