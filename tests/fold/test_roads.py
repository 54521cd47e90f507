"""Both roads to one answer: folded against the standard executor, over random operations and scopes."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest_asyncio
from graphql import DocumentNode, GraphQLError, parse, validate
from hypothesis import settings

from datasources.scope import Scope
from resolvers import global_id
from tests.fold.document import ORDERS, VARIABLES, Cursors, DocumentWriter
from tests.fold.road import folded, standard, told_counts
from tests.graph import EVERYTHING, Graph

# Operations for each of Hypothesis's examples: 300 in the suite, 6,000 in the thorough run.
CASES = 3
_IDS = """{
  customers(first: 40) { nodes { id user { id } calculations(first: 3) {
    nodes { id costComponents { id } } } } }
}"""
_CURSORS = """query ($customers: CustomerOrder, $calculations: CalculationOrder) {
  customers(first: 40, orderBy: $customers) { edges { cursor
    node { calculations(first: 5, orderBy: $calculations) { edges { cursor } } } } }
  calculations(first: 60, orderBy: $calculations) { edges { cursor } }
  material(name: "aluminum_6061") { calculations(orderBy: $calculations) { edges { cursor } } }
}"""


@dataclass(frozen=True, slots=True)
class Material:
    """What random operations are made of."""

    graph: Graph
    ids: Mapping[str, Sequence[str]]
    cursors: Cursors
    scopes: Sequence[Scope]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def material(graph: Graph) -> AsyncIterator[Material]:
    customers = (await graph.ask(_IDS)).data["customers"]["nodes"]
    calculations = [each for node in customers for each in node["calculations"]["nodes"]]
    ids = {
        "Customer": [each["id"] for each in customers],
        "User": [each["user"]["id"] for each in customers],
        "PricingCalculation": [each["id"] for each in calculations],
        "CostComponent": [line["id"] for each in calculations for line in each["costComponents"]],
    }
    keys = [UUID(global_id.decode(each)[1]) for each in ids["Customer"]]
    restricted = [frozenset(keys[:1]), frozenset(keys[:7]), frozenset[UUID]()]
    scopes = [EVERYTHING, *(Scope(each, EVERYTHING.deadline) for each in restricted)]
    yield Material(graph, ids, await cursors_of(graph), scopes)


async def cursors_of(graph: Graph) -> Cursors:
    found: dict[tuple[str, str], list[str]] = {}
    for number in range(3):
        for direction in ("ASC", "DESC"):
            orders: dict[str, Any] = {
                name: {"field": fields[number % len(fields)], "direction": direction}
                for name, fields in ORDERS.items()
            }
            data = (await graph.ask(_CURSORS, **orders)).data
            own = [f"{order['field']} {direction}" for order in orders.values()]
            edges = data["customers"]["edges"]
            found["customers", own[0]] = _cursors(data["customers"])
            found["calculations", own[1]] = _cursors(data["calculations"])
            found["Customer.calculations", own[1]] = [
                cursor for edge in edges for cursor in _cursors(edge["node"]["calculations"])
            ]
            found["Material.calculations", own[1]] = _cursors(data["material"]["calculations"])
    return found


def _cursors(connection: Any) -> list[str]:
    return [edge["cursor"] for edge in connection["edges"]]


def told(errors: Sequence[GraphQLError]) -> list[str]:
    return sorted(f"{error.message} {error.path} {error.locations}" for error in errors)


def operations(material: Material, seed: int) -> tuple[str, DocumentNode, Scope]:
    """One that is valid, and whose rows it may see; each again from its number."""
    random = Random(seed)  # noqa: S311 - a case, no secret
    core = material.graph.schema.core
    while True:
        text = DocumentWriter(random, core, material.ids, material.cursors).operation()
        document = parse(text)
        if not validate(core, document):  # one name of two types may hold two forms
            return text, document, random.choice(material.scopes)


async def test_answers_and_errors_are_the_same_on_both_roads(material: Material) -> None:
    graph = material.graph
    folds = 0
    for seed in range(settings().max_examples * CASES):
        text, document, scope = operations(material, seed)
        variables = VARIABLES if "$" in text else {}
        expected = await standard(graph, document, scope, variables)
        found = await folded(graph, document, scope, variables)
        assert orjson.dumps(found.data) == orjson.dumps(expected.data), text
        assert told(found.errors) == told(expected.errors or ()), text
        folds += found.folds
        if seed % 3 == 0:
            rows = await folded(graph, document, scope, variables, folds=False)
            assert (rows.data, told(rows.errors)) == (found.data, told(found.errors)), text
            assert rows.folds == 0
    assert folds > settings().max_examples * CASES // 2


async def test_counts_are_those_of_the_objects_in_the_text(material: Material) -> None:
    graph, seen = material.graph, 0
    for seed in range(settings().max_examples):
        text, document, scope = operations(material, seed)
        for counts, tree in await told_counts(graph, document, scope):
            expected = Counter(_objects(tree, ()))
            assert {path: count for path, count in counts.items() if count} == expected, text
            seen += len(expected) > 1
    assert seen > settings().max_examples // 4


def _objects(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The response path of every object in a tree."""
    if isinstance(tree, list):
        for item in tree:
            yield from _objects(item, path)
    elif isinstance(tree, dict):
        yield path
        for key, value in tree.items():
            yield from _objects(value, (*path, key))
