"""Preparation: what was found out of a document once holds for the next request, and no more than that."""

from typing import Any

import orjson
import pytest

from gateway.engine.engine import Engine
from gateway.errors import Code
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.pipeline.operation_limits import OperationLimitSettings
from resolvers.viewer import Role
from tests.gateway.pipeline.edge import edge

TWO = "query A { __typename } query B { a: __typename }"
ONE = """query ($a: String) {
    __typename customers(first: 1, filter: { search: $a }) @skip(if: true) { nodes { id } }
}"""
EVENTS = "subscription { pricingEvents { __typename } }"
CHANGE = 'mutation { deleteCustomer(input: { id: "1" }) { __typename } }'
MANY = "{ customers(first: 100) { nodes { calculations(first: 100) { nodes { id } } } } }"
PAGE = "query ($n: Int) { customers(first: $n) { nodes { id } } }"
SEVEN = "{ customers(first: 7) { nodes { id } } }"


async def said(parts: Parts, *request: Any, **given: Any) -> Any:
    """The answer, or its codes where it was refused."""
    body = orjson.loads((await answer(Request(*request, **given), parts)).body)
    return [error["extensions"]["code"] for error in body["errors"]] if "errors" in body else body


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(TWO, "A"), None),
        (Request(TWO, "B"), None),
        (Request(TWO), Code.OPERATION_RESOLUTION_FAILURE),
        (Request(TWO, "C"), Code.OPERATION_RESOLUTION_FAILURE),
        (Request(EVENTS), Code.OPERATION_RESOLUTION_FAILURE),
        (Request(CHANGE, terms=Terms(safe=True)), Code.METHOD_NOT_ALLOWED),
        (Request(MANY), Code.NODE_LIMIT),
        (Request(PAGE, None, {"n": 9_999}), Code.NODE_LIMIT),
        (Request("{ rateLimit(dryRun: true) { cost } customers { nodes { id } } }"), None),
        (Request(ONE, None, {"a": "\0"}), Code.BAD_USER_INPUT),
        (Request(ONE, None, {"a": [[[["deep"]]]]}), Code.BAD_USER_INPUT),
        (Request(ONE, None, {"a": "good"}), None),
    ],
    ids=str,
)
async def test_the_same_request_is_told_the_same_each_time(
    request_: Request, code: Code | None
) -> None:
    def parts() -> Parts:
        return edge(engine=Engine(), variable_max_depth=3, operation_limits=limits)

    limits = OperationLimitSettings(nodes=1_000)
    one = parts()
    answers = [await answer(request_, one) for _ in range(3)]
    alone = await answer(request_, parts())
    assert {each.refused for each in answers} == {code}
    assert {shown(each.body) for each in answers} == {shown(alone.body)}


async def test_one_request_says_nothing_of_another_to_the_same_document() -> None:
    parts = edge(engine=Engine(), variable_max_depth=3)
    for _ in range(2):
        assert (await said(parts, TWO, "A"))["data"] == {"__typename": "Query"}
        assert (await said(parts, TWO, "B"))["data"] == {"a": "Query"}
        assert await said(parts, TWO) == ["OPERATION_RESOLUTION_FAILURE"]
        assert (await said(parts, ONE, None, {"a": "good"}))["data"] == {"__typename": "Query"}
        assert await said(parts, ONE, None, {"a": "\0"}) == ["BAD_USER_INPUT"]
        assert await said(parts, ONE, None, {"b": [[[["deep"]]]]}) == ["BAD_USER_INPUT"]


async def test_what_was_allowed_once_is_allowed_to_no_others() -> None:
    limits = OperationLimitSettings.model_validate({"nodes": "5 admin=10"})
    views = edge().views
    one, other = (
        edge(role, views=views, operation_limits=limits) for role in (Role.ADMIN, Role.SERVICE)
    )
    for _ in range(2):
        assert (await answer(Request(SEVEN), one)).refused is None
        assert (await answer(Request(SEVEN), other)).refused is Code.NODE_LIMIT
        assert (await answer(Request(PAGE, None, {"n": 7}), one)).refused is None
        assert (await answer(Request(PAGE, None, {"n": 11}), one)).refused is Code.NODE_LIMIT
        assert (await answer(Request(CHANGE), one)).refused is None
        assert (
            await answer(Request(CHANGE, terms=Terms(safe=True)), one)
        ).refused is Code.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("limit", ["depth", "nodes", "cost"])
async def test_what_is_only_measured_is_noted_each_time(
    limit: str, caplog: pytest.LogCaptureFixture
) -> None:
    limits = OperationLimitSettings.model_validate({"mode": "measure", limit: 1})
    parts = edge(operation_limits=limits)
    for times in (1, 2, 3):
        assert (await answer(Request(SEVEN), parts)).refused is None
        assert len([each for each in caplog.records if each.name == "gateway.limit"]) == times


def shown(body: bytes) -> bytes:
    """Without the numbers that errors are found again by."""
    answer = orjson.loads(body)
    for error in answer.get("errors", ()):
        error["extensions"].pop("errorId", None)
    return orjson.dumps(answer)
