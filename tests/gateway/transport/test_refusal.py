"""HTTP, the bad requests: each has a typed error in a well-formed body, under both status rules."""

import gzip
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import orjson
import pytest

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


class Bad(NamedTuple):
    """``legacy_json`` where the older drafts want another status for application/json."""

    code: str
    strict: int
    legacy: int
    legacy_json: int
    request: dict[str, Any]


def post(
    code: str,
    statuses: tuple[int, int, int],
    content: bytes,
    content_type: str | None = JSON,
    **headers: str,
) -> Bad:
    named = {"content-type": content_type} if content_type else {}
    request = {"method": "POST", "content": content, "headers": {**named, **headers}}
    return Bad(code, *statuses, request)


def parameters(code: str, statuses: tuple[int, int, int], **given: Any) -> Bad:
    return post(code, statuses, orjson.dumps(given))


def get(code: str, statuses: tuple[int, int, int], query_string: str, method: str = "GET") -> Bad:
    return Bad(code, *statuses, {"method": method, "url": f"/graphql?{query_string}"})


ALWAYS_400 = (400, 400, 400)
MALFORMED = (422, 400, 400)
UNPARSED = (400, 400, 200)
INVALID = (422, 400, 200)
TOO_LARGE = (413, 413, 200)
QUERY = b'{"query":"{ name }"}'
COUNT = b'{"query":"query($v:Int!){count(value:$v)}","variables":{"v":%b}}'
ANY = b'{"query":"query($v:Anything){any(value:$v)}","variables":{"v":%b}}'


BAD: dict[str, Bad] = {
    "empty body": post("BAD_REQUEST", ALWAYS_400, b""),
    "half of a body, of nobody": post(
        "UNAUTHENTICATED", (401, 401, 401), b'{"query":', authorization="Basic none"
    ),
    "half of a body": post("BAD_REQUEST", ALWAYS_400, b'{"query":'),
    "a body that is no UTF-8": post("BAD_REQUEST", ALWAYS_400, b'{"query":"{ name }\xff"}'),
    "UTF-16": post("BAD_REQUEST", ALWAYS_400, '{"query":"{ name }"}'.encode("utf-16")),
    "gzip without saying so": post("BAD_REQUEST", ALWAYS_400, gzip.compress(QUERY)),
    "nested 100,000 deep": post("BAD_REQUEST", ALWAYS_400, b"[" * 100_000),
    "nested 100,000 deep in variables": post(
        "BAD_REQUEST", ALWAYS_400, b'{"query":"{ name }","variables":' + b'{"a":' * 100_000
    ),
    "a lone surrogate": post("BAD_REQUEST", ALWAYS_400, b'{"query":"{ name }\\ud800"}'),
    "NaN": post("BAD_REQUEST", ALWAYS_400, b'{"query":"{ name }","variables":{"a":NaN}}'),
    "a NUL byte": post("BAD_REQUEST", ALWAYS_400, b'{"query":"{ name }\x00"}'),
    "the body 1": post("INVALID_PARAMETERS", MALFORMED, b"1"),
    "the body null": post("INVALID_PARAMETERS", MALFORMED, b"null"),
    "the body true": post("INVALID_PARAMETERS", MALFORMED, b"true"),
    "the body of a string": post("INVALID_PARAMETERS", MALFORMED, b'"{ name }"'),
    "the body [1]": post("INVALID_PARAMETERS", MALFORMED, b"[1]"),
    "a batch": post("BATCH_LIMIT", MALFORMED, b"[" + QUERY + b"]"),
    "no query": parameters("INVALID_PARAMETERS", MALFORMED, variables={}),
    "a query of null": parameters("INVALID_PARAMETERS", MALFORMED, query=None),
    "a query of a number": parameters("INVALID_PARAMETERS", MALFORMED, query=5),
    "a query of a list": parameters("INVALID_PARAMETERS", MALFORMED, query=["{ name }"]),
    "variables of a string": parameters(
        "INVALID_PARAMETERS", MALFORMED, query="{ name }", variables='{"a":1}'
    ),
    "variables of a list": parameters(
        "INVALID_PARAMETERS", MALFORMED, query="{ name }", variables=[7]
    ),
    "extensions of a number": parameters(
        "INVALID_PARAMETERS", MALFORMED, query="{ name }", extensions=0
    ),
    "operationName of false": parameters(
        "INVALID_PARAMETERS", MALFORMED, query="{ name }", operationName=False
    ),
    "text/plain": post("UNSUPPORTED_MEDIA_TYPE", (415,) * 3, QUERY, "text/plain"),
    "a form": post(
        "UNSUPPORTED_MEDIA_TYPE", (415,) * 3, QUERY, "application/x-www-form-urlencoded"
    ),
    "application/graphql": post(
        "UNSUPPORTED_MEDIA_TYPE", (415,) * 3, b"{ name }", "application/graphql"
    ),
    "no content type": post("UNSUPPORTED_MEDIA_TYPE", (415,) * 3, QUERY, None),
    "another charset": post(
        "UNSUPPORTED_MEDIA_TYPE", (415,) * 3, QUERY, "application/json; charset=iso-8859-1"
    ),
    "a content encoding": post(
        "UNSUPPORTED_MEDIA_TYPE", (415,) * 3, gzip.compress(QUERY), **{"content-encoding": "gzip"}
    ),
    "a body of 5 MB": parameters("BODY_TOO_LARGE", (413,) * 3, query="{ name }" + " " * 5_000_000),
    "a document of 200,000 characters": parameters(
        "DOCUMENT_TOO_LARGE", TOO_LARGE, query="{ name }" + " " * 200_000
    ),
    "a document of 20,001 tokens": parameters(
        "DOCUMENT_TOO_LARGE", TOO_LARGE, query="{" + "a " * 19_999 + "}"
    ),
    "a syntax error": parameters("GRAPHQL_PARSE_FAILED", UNPARSED, query="{"),
    "an empty document": parameters("GRAPHQL_PARSE_FAILED", UNPARSED, query=""),
    "a NUL in the document": parameters("GRAPHQL_PARSE_FAILED", UNPARSED, query="{ name \0 }"),
    "a document nested too deeply": parameters(
        "DEPTH_LIMIT", INVALID, query="{ any(value: " + "[" * 5_000 + "]" * 5_000 + ") }"
    ),
    "a type definition only": parameters(
        "GRAPHQL_VALIDATION_FAILED", INVALID, query="type T { a: Int }"
    ),
    "an unknown field": parameters("GRAPHQL_VALIDATION_FAILED", INVALID, query="{ nme }"),
    "a subscription without its root": parameters(
        "GRAPHQL_VALIDATION_FAILED", INVALID, query="subscription { name }"
    ),
    "only a fragment": parameters(
        "GRAPHQL_VALIDATION_FAILED", INVALID, query="fragment F on Query { name }"
    ),
    "an unknown operation": parameters(
        "OPERATION_RESOLUTION_FAILURE", INVALID, query="query A { name }", operationName="B"
    ),
    "two operations, no name": parameters(
        "OPERATION_RESOLUTION_FAILURE", INVALID, query="query A { name } query B { name }"
    ),
    "a variable of null": post("BAD_USER_INPUT", INVALID, COUNT % b"null"),
    "a variable of another type": post("BAD_USER_INPUT", INVALID, COUNT % b'"x"'),
    "an integer of 4,000 digits": post("BAD_REQUEST", ALWAYS_400, COUNT % (b"9" * 4_000)),
    "an integer beyond 64 bits": post("BAD_USER_INPUT", INVALID, COUNT % (b"9" * 30)),
    "an integer beyond 32 bits": post("BAD_USER_INPUT", INVALID, COUNT % b"1099511627776"),
    "variables nested 500 deep": post("BAD_USER_INPUT", INVALID, ANY % (b"[" * 500 + b"]" * 500)),
    "a NUL in a variable": post("BAD_USER_INPUT", INVALID, ANY % b'[{"a":"x\\u0000y"}]'),
    "a NUL escaped in the document": parameters(
        "BAD_USER_INPUT", INVALID, query='{ echo(text: "\\u0000") }'
    ),
    "a mutation by GET": get("METHOD_NOT_ALLOWED", (405,) * 3, "query=mutation{touch}"),
    "a mutation by HEAD": get("METHOD_NOT_ALLOWED", (405,) * 3, "query=mutation{touch}", "HEAD"),
    "PUT": get("METHOD_NOT_ALLOWED", (405,) * 3, "query={name}", "PUT"),
    "DELETE": get("METHOD_NOT_ALLOWED", (405,) * 3, "query={name}", "DELETE"),
    "GET without a query": get("INVALID_PARAMETERS", MALFORMED, ""),
    "GET with the query twice": get("INVALID_PARAMETERS", MALFORMED, "query={name}&query={broken}"),
    "GET with variables of no JSON": get("BAD_REQUEST", ALWAYS_400, "query={name}&variables={"),
    "GET with variables of a list": get(
        "INVALID_PARAMETERS", MALFORMED, "query={name}&variables=[1]"
    ),
    "GET that is no UTF-8": get("BAD_REQUEST", ALWAYS_400, "query=%7Bname%7D%ff"),
    "GET with a surrogate": get("BAD_REQUEST", ALWAYS_400, "query=%7Bname%7D%ED%A0%80"),
    "GET with a NUL": get("GRAPHQL_PARSE_FAILED", UNPARSED, "query={name}%00"),
    "GET with 100 parameters": get("BAD_REQUEST", ALWAYS_400, "query={name}" + "&a=1" * 100),
    "GET of 20,000 bytes": get("URI_TOO_LONG", (414,) * 3, "query={name}" + "%20" * 7_000),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(
    ("rules", "accept", "status"),
    [
        ("strict", GRAPHQL, lambda bad: bad.strict),
        ("strict", JSON, lambda bad: bad.strict),
        ("legacy", GRAPHQL, lambda bad: bad.legacy),
        ("legacy", JSON, lambda bad: bad.legacy_json),
    ],
    ids=["strict", "strict json", "legacy", "legacy json"],
)
async def test_a_bad_request_gets_a_typed_error(
    strict: httpx.AsyncClient,
    legacy: httpx.AsyncClient,
    name: str,
    rules: str,
    accept: str,
    status: Callable[[Bad], int],
) -> None:
    client = {"strict": strict, "legacy": legacy}[rules]
    bad = BAD[name]
    given = {"url": "/graphql", **bad.request}

    answer = await client.request(
        **{**given, "headers": {**given.get("headers", {}), "accept": accept}}
    )

    assert answer.status_code == status(bad), answer.text
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    if given["method"] != "HEAD":
        body = answer.json()
        assert body.keys() == {"errors"}
        assert {error["extensions"]["code"] for error in body["errors"]} == {bad.code}
        assert all(error["message"] for error in body["errors"])


@pytest.mark.parametrize("rules", ["strict", "legacy"])
async def test_nothing_acceptable_is_a_406_in_the_default_type(
    strict: httpx.AsyncClient, legacy: httpx.AsyncClient, rules: str
) -> None:
    client = {"strict": strict, "legacy": legacy}[rules]

    answer = await client.post(
        "/graphql", json={"query": "mutation { touch }"}, headers={"accept": "multipart/mixed"}
    )

    assert answer.status_code == 406
    assert answer.headers["content-type"].startswith(GRAPHQL if rules == "strict" else JSON)
    assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_ACCEPTABLE"}


async def test_a_refused_method_is_told_the_allowed_ones(strict: httpx.AsyncClient) -> None:
    put = await strict.put("/graphql")
    mutation = await strict.get("/graphql", params={"query": "mutation { touch }"})

    assert put.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert mutation.headers["allow"] == "POST"


async def test_the_server_goes_on_after_all_of_them(strict: httpx.AsyncClient) -> None:
    for bad in BAD.values():
        await strict.request(**{"url": "/graphql", **bad.request})

    answer = await strict.post("/graphql", json={"query": "{ name }"})

    assert answer.json() == {"data": {"name": "gateway"}}


@pytest.mark.parametrize(
    ("name", "status"),
    [("authorization", 401), ("x-api-key", 401), ("content-encoding", 415)],
)
async def test_a_header_that_cannot_be_read_is_not_taken_for_none(
    strict: httpx.AsyncClient, name: str, status: int
) -> None:
    lines = [(b"content-type", b"application/json"), (name.encode(), b"Bearer caf\xc3\xa9")]

    refused = await strict.post("/graphql", content=QUERY, headers=lines)
    lines[1] = (b"x-name", lines[1][1])
    other = await strict.post("/graphql", content=QUERY, headers=lines)

    assert refused.status_code == status
    assert other.status_code == 200
