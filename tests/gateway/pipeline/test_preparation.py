"""Preparation: what was found out of a document once holds for the next request, and no more than that."""

from typing import Any

import orjson
import pytest

from gateway.engine.engine import Engine
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request
from gateway.pipeline.operation_limits import OperationLimitSettings
from tests.gateway.pipeline.edge import edge

TWO = "query A { __typename } query B { a: __typename }"
ONE = """query ($a: String) {
    __typename customers(first: 1, filter: { search: $a }) @skip(if: true) { nodes { id } }
}"""


async def said(parts: Parts, *request: Any, **given: Any) -> Any:
    """The answer, or its codes where it was refused."""
    body = orjson.loads((await answer(Request(*request, **given), parts)).body)
    return [error["extensions"]["code"] for error in body["errors"]] if "errors" in body else body


@pytest.mark.parametrize(
    "request_",
    [
        Request(TWO, "A"),
        Request(TWO, "B"),
        Request(TWO),
        Request(TWO, "C"),
        Request("subscription { pricingCalculated { __typename } }"),
        Request("mutation { deleteCustomer(id: 1) { __typename } }", safe=True),
        Request("fragment F on Query { __typename }"),
        Request(
            "{ customers(first: 100) { nodes { calculations(first: 100) { nodes { id } } } } }"
        ),
        Request("query ($n: Int) { customers(first: $n) { nodes { id } } }", None, {"n": 9_999}),
        Request("{ rateLimit(dryRun: true) { cost } customers { nodes { id } } }"),
        Request(ONE, None, {"a": "\0"}),
        Request(ONE, None, {"a": [[[["deep"]]]]}),
        Request(ONE, None, {"a": "good"}),
    ],
    ids=lambda request: f"{request.operation_name} {request.query[:40]}",
)
async def test_the_same_request_is_told_the_same_each_time(request_: Request) -> None:
    def parts() -> Parts:
        return edge(engine=Engine(), variable_max_depth=3, operation_limits=limits)

    limits = OperationLimitSettings(nodes=1_000)
    one = parts()
    answers = [(await answer(request_, one)).body for _ in range(3)]
    alone = (await answer(request_, parts())).body
    assert {shown(each) for each in answers} == {shown(alone)}


async def test_one_request_says_nothing_of_another_to_the_same_document() -> None:
    parts = edge(engine=Engine())
    for _ in range(2):
        assert (await said(parts, TWO, "A"))["data"] == {"__typename": "Query"}
        assert (await said(parts, TWO, "B"))["data"] == {"a": "Query"}
        assert await said(parts, TWO) == ["OPERATION_RESOLUTION_FAILURE"]
        assert (await said(parts, ONE, None, {"a": "good"}))["data"] == {"__typename": "Query"}
        assert await said(parts, ONE, None, {"a": "\0"}) == ["BAD_USER_INPUT"]


def shown(body: bytes) -> bytes:
    """Without the numbers that errors are found again by."""
    answer = orjson.loads(body)
    for error in answer.get("errors", ()):
        error["extensions"].pop("errorId", None)
    return orjson.dumps(answer)
