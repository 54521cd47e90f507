"""Limits: each has its code and says what it is about; bombs are refused in no time; real clients pass."""

import logging
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from gateway.engine.engine import Engine
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Parts, Request
from gateway.pipeline.operation_limits import OperationLimitSettings, RoleLimit
from gateway.pipeline.view import Views
from resolvers.viewer import Role
from tests.gateway.pipeline.edge import SCHEMAS, ask, edge, refusal

CLIENTS = Path(__file__).with_name("clients")


def limited(role: Role = Role.ADMIN, **limits: Any) -> Parts:
    return edge(role, operation_limits=OperationLimitSettings(**limits))


def chain(steps: int, body: str, end: str) -> str:
    """Fragments of Query that lead from one to the next; ``body`` has the next one's name as {next}."""
    fragments = [
        f"fragment F{at} on Query {{ {body.format(next=f'F{at + 1}')} }}" for at in range(steps)
    ]
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{steps} on Query {{ {end} }}"


DOUBLING = chain(30, "...{next} ...{next}", "viewer { id }")
FIELDS_DOUBLING = (
    "{ customers { nodes { ...F0 } } }"
    + "".join(
        f" fragment F{at} on Customer {{ a: calculations {{ nodes {{ customer {{ ...F{at + 1} }} }} }}"
        f" b: calculations {{ nodes {{ customer {{ ...F{at + 1} }} }} }} }}"
        for at in range(30)
    )
    + " fragment F30 on Customer { id }"
)


@pytest.mark.parametrize(
    ("query", "limits", "error"),
    [
        ("{ viewer { id } }", {"depth": 1}, ("DEPTH_LIMIT", 1, 2)),
        ("{ a: viewer { id } b: viewer { id } }", {"root_fields": 1}, ("ROOT_FIELD_LIMIT", 1, 2)),
        ("{ viewer { id name roles } }", {"fields": 3}, ("FIELD_LIMIT", 3, 4)),
        ("{ a: viewer { b: id } }", {"aliases": 1}, ("ALIAS_LIMIT", 1, 2)),
        (
            "{ viewer @include(if: true) { id @skip(if: false) } }",
            {"directives": 1},
            ("DIRECTIVE_LIMIT", 1, 2),
        ),
        ("{ customers(first: 7) { nodes { id } } }", {"nodes": 6}, ("NODE_LIMIT", 6, 7)),
        ("{ customers(first: 7) { nodes { id } } }", {"cost": 7}, ("COST_LIMIT", 7, 8)),
    ],
)
async def test_each_limit_has_a_code_and_says_what_is_allowed(
    query: str, limits: dict[str, Any], error: tuple[str, int, int]
) -> None:
    code, limit, value = error

    assert await refusal(query, limited(**limits)) == {"code": code, "limit": limit, "value": value}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(1_000)) + "}", "ROOT_FIELD_LIMIT"),
        (
            "{ viewer {" + " ".join(f"a{n}: id" for n in range(1_000)) + "} }",
            "ALIAS_LIMIT",
        ),
        ("{ viewer {" + " id @include(if: true)" * 300 + "} }", "DIRECTIVE_LIMIT"),
        ("{ viewer {" + " id @a" * 10_000 + "} }", "DOCUMENT_TOO_LARGE"),
        (f"{{ viewer {{ id }} }} # {'x' * 200_000}", "DOCUMENT_TOO_LARGE"),
        (DOUBLING, "ROOT_FIELD_LIMIT"),
        (FIELDS_DOUBLING, "DEPTH_LIMIT"),
        (chain(150, "...{next} viewer {{ id }}", "viewer { id }"), "ROOT_FIELD_LIMIT"),
        ("{ nodes(ids: " + "[" * 5_000 + "]" * 5_000 + ") { id } }", "DEPTH_LIMIT"),
        ("{ customers { nodes " * 300 + "{ id }" + " } }" * 300, "DEPTH_LIMIT"),
        (
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + " viewer { id }" * 2_000 + "}", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_bombs_are_refused(query: str, code: str) -> None:
    body = await ask(query, edge())

    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == code


async def test_without_limits_bombs_still_do_not_go_off() -> None:
    parts = limited(mode="off")

    assert (await ask(DOUBLING, parts))["data"] == {"viewer": {"id": "anonymous"}}
    for _ in range(2):  # found out once, and remembered
        assert (await refusal(FIELDS_DOUBLING, parts))["code"] == "FIELD_LIMIT"


async def test_a_limit_is_the_operations_own() -> None:
    parts = limited(depth=2)
    query = "query Shallow { viewer { id } } query Deep { customers { nodes { id } } }"

    shallow = await answer(Request(query, "Shallow"), parts)
    deep = await answer(Request(query, "Deep"), parts)

    assert shallow.refused is None
    assert deep.refused == "DEPTH_LIMIT"


async def test_a_variable_counts() -> None:
    query = "query ($n: Int!) { customers(first: $n) { nodes { id } } }"
    parts = limited(nodes=50)

    assert (await refusal(query, parts, n=51))["value"] == 51
    assert (await refusal(query, parts, n=51.0))["value"] == 51
    assert "data" in await ask(query, parts, n=50)


async def test_a_role_can_have_a_limit_of_its_own() -> None:
    query = "{ customers(first: 7) { nodes { id } } }"
    limits = {"nodes": "5 admin=10"}

    assert (await refusal(query, limited(Role.SERVICE, **limits)))["limit"] == 5
    assert "data" in await ask(query, limited(Role.ADMIN, **limits))


async def test_measuring_reports_what_would_be_refused(caplog: pytest.LogCaptureFixture) -> None:
    parts = limited(mode="measure", depth=1, cost=1)

    body = await ask("{ viewer { id } customers { nodes { id } } }", parts)

    assert body["data"]["viewer"] == {"id": "anonymous"}
    lines = [record for record in caplog.records if record.name == "gateway.limit"]
    assert [line.levelno for line in lines] == [logging.WARNING] * 2
    assert [line.__dict__["fields"] for line in lines] == [
        {"code": "DEPTH_LIMIT", "limit": 1, "value": 3},
        {"code": "COST_LIMIT", "limit": 1, "value": 21},
    ]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CUSTOMER}))
@pytest.mark.parametrize(
    "query",
    [
        pytest.param((CLIENTS / "graphiql.graphql").read_text(), id="GraphiQL"),
        pytest.param(
            get_introspection_query(
                descriptions=True,
                specified_by_url=True,
                directive_is_repeatable=True,
                schema_description=True,
                input_value_deprecation=True,
                experimental_directive_deprecation=True,
                one_of=True,
            ),
            id="graphql-core",
        ),
    ],
)
async def test_tools_may_ask_for_the_schema(role: Role, query: str) -> None:
    body = await ask(query, edge(role))

    assert "errors" not in body
    assert body["data"]["__schema"]["types"]


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("apollo", {"first": 50, "withLogs": True}),
        ("relay", {"id": "TWF0ZXJpYWw6c3RlZWw", "count": 50, "narrow": False}),
    ],
)
@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
async def test_documents_of_common_clients_pass(
    name: str, variables: dict[str, Any], role: Role
) -> None:
    body = await ask((CLIENTS / f"{name}.graphql").read_text(), edge(role), **variables)

    assert "data" in body, body


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("100", RoleLimit(100)),
        (100, RoleLimit(100)),
        (
            " 20000  customer=2000 admin=1 ",
            RoleLimit(20_000, {Role.CUSTOMER: 2_000, Role.ADMIN: 1}),
        ),
    ],
)
def test_a_limit_is_one_number_and_those_of_single_roles(written: object, limit: RoleLimit) -> None:
    settings = OperationLimitSettings.model_validate({"depth": written})

    assert settings.depth == limit
    assert OperationLimitSettings.model_validate({"depth": str(limit)}).depth == limit


@pytest.mark.parametrize(
    "written", ["", "x", "-1", "0", "5 customer=0", "5 nobody=3", "5 customer"]
)
def test_other_words_are_no_limit(written: str) -> None:
    with pytest.raises(ValueError, match=r"limit|role"):
        OperationLimitSettings.model_validate({"depth": written})


def test_several_roles_may_what_the_most_generous_of_them_may() -> None:
    limit = RoleLimit(10, {Role.CUSTOMER: 5, Role.ADMIN: 20})

    assert limit.of(frozenset({Role.CUSTOMER})) == 5
    assert limit.of(frozenset({Role.CUSTOMER, Role.ANALYST})) == 10
    assert limit.of(frozenset(Role)) == 20


async def test_a_document_of_many_operations_takes_no_more_than_its_share() -> None:
    views = Views(lambda roles: SCHEMAS.of(roles).schema, DocumentSettings(cache_bytes=4_194_304))
    parts = edge(views=views, engine=Engine(folds=True))
    leaves = " ".join(f"a{number}: __typename" for number in range(150))
    operations = " ".join(f"query Q{number} {{ viewer {{ ...F }} }}" for number in range(20))
    text = f"{operations} fragment F on Viewer {{ {leaves} }}"
    documents = views.of(frozenset({Role.ADMIN})).documents
    small, large = documents.find("{ viewer { id } }"), documents.find(text)

    response = await answer(Request(text, "Q0"), parts)
    assert (response.errors, documents.find(text) is large) == ((), True)
    for number in range(1, 20):
        await answer(Request(text, f"Q{number}"), parts)

    assert documents.find(text) is not large
    assert documents.find("{ viewer { id } }") is small
