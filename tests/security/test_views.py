"""Views: introspection, the schema's text and suggestions show each role its own schema and no more."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
)

from gateway.errors import Code
from resolvers.viewer import Role
from schema import build_schema
from tests.security.rules import FULL, Step, declared, every_field, paths
from tests.security.world import VIEWS, Reader, World

role_sets = pytest.mark.parametrize(
    "roles",
    [frozenset(some) for count in (1, 2, 4) for some in combinations(Role, count)],
    ids=lambda roles: "+".join(sorted(roles)),
)


def shown(roles: frozenset[Role]) -> set[Step]:
    return {
        Step(name, field)
        for name, kind in VIEWS.of(roles).schema.type_map.items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and name[:2] != "__"
        for field in kind.fields
    }


def hidden_names(role: Role) -> set[str]:
    """Names of types, fields, arguments and values of the whole graph that the role's schema lacks."""
    return set(_names(FULL.type_map.values())) - set(
        _names(VIEWS.of(frozenset({role})).schema.type_map.values())
    )


def _names(kinds: Any) -> Iterator[str]:
    for kind in kinds:
        yield kind.name
        for name, field in getattr(kind, "fields", {}).items():
            yield name
            yield from getattr(field, "args", ())
        yield from getattr(kind, "values", ())


@role_sets
def test_several_roles_see_what_any_one_of_them_sees(roles: frozenset[Role]) -> None:
    way = paths(roles)
    expected = {
        step for step in every_field() if step.type_name in way and declared(step.field) & roles
    }

    assert shown(roles) == expected
    assert shown(roles) == set().union(*(shown(frozenset({role})) for role in roles))


@role_sets
def test_a_schema_holds_nothing_that_its_fields_do_not_lead_to(roles: frozenset[Role]) -> None:
    schema = VIEWS.of(roles).schema
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    waiting: list[GraphQLNamedType] = [root for root in roots if root is not None]
    waiting += [
        get_named_type(argument.type)
        for directive in schema.directives
        for argument in directive.args.values()
    ]
    found: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        found.add(kind.name)
        if isinstance(kind, GraphQLInterfaceType):
            waiting += schema.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                waiting.append(get_named_type(field.type))
                waiting += [get_named_type(argument.type) for argument in field.args.values()]
            waiting += kind.interfaces
        elif isinstance(kind, GraphQLInputObjectType):
            waiting += [get_named_type(field.type) for field in kind.fields.values()]

    assert {name for name in schema.type_map if name[:2] != "__"} == found


@pytest.mark.parametrize("role", Role)
async def test_introspection_tells_of_nothing_hidden(
    world: World, readers: Mapping[Role, Reader], role: Role
) -> None:
    answer = await world.ask(readers[role], get_introspection_query())

    assert answer.errors == []
    names, prose = _told(answer.data)
    assert len(names) > 100
    assert (set(names) | quoted(" ".join(prose))) & hidden_names(role) == set()


@pytest.mark.parametrize("role", Role)
def test_the_schemas_text_tells_of_nothing_hidden(role: Role) -> None:
    text = build_schema(frozenset({role})).as_str()

    code = re.sub(r'"""(?:.|\n)*?"""', "", text)
    assert (set(re.findall(r"\w+", code)) | quoted(text)) & hidden_names(role) == set()


def quoted(prose: str) -> set[str]:
    """The names that descriptions speak of."""
    return {word for code in re.findall(r"`([^`\n]+)`", prose) for word in re.findall(r"\w+", code)}


def _told(data: Any) -> tuple[list[str], list[str]]:
    """Every name and every description in an introspection."""
    names: list[str] = []
    prose: list[str] = []
    waiting = [data]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            names += [each["name"]] if each.get("name") else []
            prose += [each["description"]] if each.get("description") else []
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return names, prose


async def test_a_hidden_type_asked_for_by_name_is_null(
    world: World, readers: Mapping[Role, Reader]
) -> None:
    query = '{ __type(name: "LogEntry") { name } }'

    assert (await world.ask(readers[Role.CUSTOMER], query)).data == {"__type": None}
    assert (await world.ask(readers[Role.ADMIN], query)).data == {"__type": {"name": "LogEntry"}}


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.SERVICE])
async def test_possible_types_leave_hidden_ones_out(
    world: World, readers: Mapping[Role, Reader], role: Role
) -> None:
    answer = await world.ask(readers[role], '{ __type(name: "Node") { possibleTypes { name } } }')

    possible = [kind["name"] for kind in answer.data["__type"]["possibleTypes"]]
    assert sorted(possible) == [
        "CostComponent",
        "Customer",
        "Material",
        "PricingCalculation",
        "User",
    ]


MISSPELLED = [
    "{ log }",
    "{ logStatistic }",
    "{ store }",
    "{ node(id: 1) { ... on LogEntri { id } } }",
    "{ calculations { nodes { analytic log } } }",
    "query ($f: LogFiltre) { calculations { totalCount } }",
]


@pytest.mark.parametrize("query", MISSPELLED)
async def test_suggestions_name_only_what_the_role_sees(
    world: World, readers: Mapping[Role, Reader], query: str
) -> None:
    told: dict[Role, set[str]] = {}
    for role in (Role.CUSTOMER, Role.ADMIN):
        answer = await world.ask(readers[role], query)
        assert answer.refused is Code.GRAPHQL_VALIDATION_FAILED
        told[role] = set(re.findall(r"\w+", " ".join(error["message"] for error in answer.errors)))

    assert told[Role.CUSTOMER] & hidden_names(Role.CUSTOMER) == set()
    assert told[Role.ADMIN] & hidden_names(Role.CUSTOMER) != set()


@pytest.mark.parametrize(
    ("query", "made_up"),
    [
        ("{ logs { totalCount } }", "{ QQQQ { totalCount } }"),
        ("{ node(id: 1) { ... on LogEntry { id } } }", "{ node(id: 1) { ... on QQQQ { id } } }"),
        ("query ($f: LogFilter) { __typename }", "query ($f: QQQQ) { __typename }"),
        (
            "{ calculations { nodes { analytics { metadata } } } }",
            "{ calculations { nodes { QQQQ { metadata } } } }",
        ),
    ],
)
async def test_what_is_hidden_is_refused_in_the_words_for_what_never_was(
    world: World, readers: Mapping[Role, Reader], query: str, made_up: str
) -> None:
    hidden = await world.ask(readers[Role.CUSTOMER], query)
    never = await world.ask(readers[Role.CUSTOMER], made_up)

    words, others = re.findall(r"\w+", query), re.findall(r"\w+", made_up)
    [(name, other)] = {pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]}
    told = [error["message"].replace(name, other) for error in hidden.errors]
    assert told == [error["message"] for error in never.errors]
    assert (hidden.refused, hidden.calls) == (Code.GRAPHQL_VALIDATION_FAILED, ())
