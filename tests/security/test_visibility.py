"""Visibility: random documents as random readers never show, count or betray a row of another's."""

import re
from collections.abc import Mapping, Sequence
from random import Random
from uuid import UUID

import pytest_asyncio
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from resolvers import global_id
from resolvers.viewer import Role
from tests.security.documents import Cursor, Pools, document
from tests.security.ownership import Ownership
from tests.security.world import STAFF, VIEWS, Answer, Reader, World, days_of_data

FEW = 8
CUSTOMERS = st.integers(0, 2)  # which of the three
SEEDS = st.integers(0, 2**32)

_SEVERAL = re.compile(r"= ANY \(\$(\d+)::UUID\[\]\)")
_GROUP = ',{"$group":'

# What a reader can mend; anything else would be a fault of the gateway.
MENDABLE = {"INVALID_ID", "INVALID_CURSOR", "INVALID_PAGE", "INVALID_RANGE", "UNKNOWN_MATERIAL"}


def examples(count: int) -> settings:
    """``count``, or as many as a profile asks for beyond the hundred of the default one."""
    return settings(
        max_examples=max(count, count * settings().max_examples // 100),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pools(
    world: World, ownership: Ownership, customers: Sequence[Reader]
) -> Mapping[str, Pools]:
    """By reader: ids and words of its own beside those of others, and cursors that others made."""
    cursors = await _cursors(world, [STAFF[Role.ANALYST], *customers])
    logs = await world.ask(STAFF[Role.ADMIN], "{ logs(first: 5) { nodes { id } } }")
    log_ids = [node["id"] for node in logs.data["logs"]["nodes"]]
    found = {}
    for reader in [*customers, *STAFF.values()]:
        own = reader.customer_ids or frozenset()
        names = [name for key, name in ownership.companies.items() if key in own]
        names += [name for key, name in ownership.companies.items() if key not in own][:FEW]
        ids = {
            name: [
                *[text for text in texts if ownership.owners[text] & own][:FEW],
                *[text for text in texts if not ownership.owners[text] & own][:FEW],
                global_id.encode(name, UUID(int=1)),
            ]
            for name, texts in ownership.ids.items()
        }
        materials = sorted({row.material for row in ownership.calculations})
        found[reader.name] = Pools(
            ids=ids
            | {
                "LogEntry": [*log_ids, global_id.encode("LogEntry", "x")],
                "Material": [global_id.encode("Material", name) for name in materials[:3]],
                "Nothing": ["", "x", global_id.encode("Dimensions", 1)],
            },
            cursors=cursors,
            words=[*(word for name in names for word in name.split()), *names],
            materials=[*materials, "unobtainium"],
            days=days_of_data(),
        )
    return found


async def _cursors(world: World, readers: Sequence[Reader]) -> Mapping[str, Sequence[Cursor]]:
    """Cursors of every list that is not of logs, in several orders, as each reader is given them."""
    found: dict[str, list[Cursor]] = {}
    for reader in readers:
        for coordinate, order, text in _LISTS:
            at = f", orderBy: {order}" if order else ""
            answer = await world.ask(reader, text % f"(first: 3{at}) {{ edges {{ cursor }} }}")
            assert answer.errors == []
            for edge in _edges(answer.data):
                found.setdefault(coordinate, []).append(Cursor(edge["cursor"], order))
    return found


_BY_PRICE = "{ field: TOTAL_PRICE, direction: ASC }"
_BY_NAME = "{ field: COMPANY_NAME, direction: DESC }"
_LISTS = [
    ("Query.customers", None, "{ customers%s }"),
    ("Query.customers", _BY_NAME, "{ customers%s }"),
    ("Query.calculations", None, "{ calculations%s }"),
    ("Query.calculations", _BY_PRICE, "{ calculations%s }"),
    ("Query.materials", None, "{ materials%s }"),
    ("Customer.calculations", None, "{ customers(first: 3) { nodes { calculations%s } } }"),
    ("Material.calculations", _BY_PRICE, "{ materials(first: 30) { nodes { calculations%s } } }"),
]


def _edges(answer: object) -> list[dict[str, str]]:
    if isinstance(answer, list):
        return [edge for each in answer for edge in _edges(each)]
    if not isinstance(answer, dict):
        return []
    return answer.get("edges") or [edge for each in answer.values() for edge in _edges(each)]


def questions(answer: Answer) -> set[tuple[str, str]]:
    """The statements about customers' rows; a material is read from wherever it is just then.

    How many keys stand in one is left out, and so is how sums of several are kept apart: the standard
    executor asks together what comes up together.
    """
    return {
        (store, _SEVERAL.sub(r"= $\1::UUID", text).partition(_GROUP)[0])
        for store, text in answer.statements()
        if store != "redis" and "FROM materials" not in text
    }


def no_fault(answer: Answer) -> bool:
    return answer.refused is None and set(answer.codes()) <= MENDABLE


@examples(300)
@given(place=CUSTOMERS, seed=SEEDS)
async def test_an_answer_is_what_it_would_be_if_nobody_else_were_there(
    world: World,
    own_worlds: Mapping[str, World],
    ownership: Ownership,
    customers: Sequence[Reader],
    pools: Mapping[str, Pools],
    place: int,
    seed: int,
) -> None:
    """So nothing of it, be it a total, a mean, a cursor or an error, can depend on others' rows."""
    reader = customers[place]
    assert reader.customer_ids is not None
    query = document(Random(seed), VIEWS.of(reader.roles).schema, pools[reader.name])  # noqa: S311
    note(query)

    answer = await world.ask(reader, query)

    assert no_fault(answer), answer.errors
    assert ownership.strangers([answer.data, answer.errors], reader.customer_ids) == []
    alone = await own_worlds[reader.name].ask(reader, query)
    assert (answer.data, answer.errors) == (alone.data, alone.errors)
    assert questions(answer) == questions(alone)


@examples(60)
@given(reader=st.sampled_from(list(STAFF.values())), seed=SEEDS)
async def test_nobody_is_shown_a_type_that_its_schema_does_not_hold(
    world: World, pools: Mapping[str, Pools], reader: Reader, seed: int
) -> None:
    schema = VIEWS.of(reader.roles).schema
    query = document(Random(seed), schema, pools[reader.name])  # noqa: S311
    note(query)

    answer = await world.ask(reader, query)

    assert no_fault(answer), answer.errors
    assert types_in(answer.data) <= set(schema.type_map)


def types_in(answer: object) -> set[str]:
    if isinstance(answer, list):
        return {name for each in answer for name in types_in(each)}
    if not isinstance(answer, dict):
        return set()
    own = {answer["__typename"]} if "__typename" in answer else set()
    return own.union(*(types_in(each) for each in answer.values()))


@examples(40)
@given(order=st.permutations(range(3 + len(STAFF))), seed=SEEDS)
async def test_a_kept_answer_is_never_given_to_whom_it_does_not_belong(
    world: World,
    keeping_world: World,
    customers: Sequence[Reader],
    pools: Mapping[str, Pools],
    order: Sequence[int],
    seed: int,
) -> None:
    """The same document of several readers, one after another: each is told what it would be anyway."""
    readers = [*customers, *STAFF.values()]
    asking = [readers[place] for place in order[:3]]
    schema = VIEWS.of(customers[0].roles).schema
    query = document(Random(seed), schema, pools[asking[0].name])  # noqa: S311
    note(query)

    made = [await world.ask(reader, query) for reader in asking]
    for _ in ("kept", "given again"):
        for reader, answer in zip(asking, made, strict=True):
            kept = await keeping_world.ask(reader, query)
            assert (kept.data, kept.errors) == (answer.data, answer.errors)


async def test_readers_of_the_same_rows_share_a_kept_answer_and_others_do_not(
    keeping_world: World, customers: Sequence[Reader]
) -> None:
    query = "{ customers { totalCount nodes { companyName } } }"
    one, several, _ = customers

    first = await keeping_world.ask(one, query)
    again = await keeping_world.ask(one, query)
    other = await keeping_world.ask(several, query)

    assert (first.kept, again.kept, other.kept) == ("miss", "hit", "miss")
    assert first.data == again.data != other.data
