"""Golden queries: each document, its answer and what every store was asked for it, side by side.

`./dev test tests/golden --update-golden` writes the answers and the statements anew; read the diff.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import OperationDefinitionNode, parse

from datasources.observer import StoreCall
from datasources.seed.example import example
from resolvers import global_id
from tests.graph import Answer, Graph

FOLDER = Path(__file__).parent
EXAMPLE = example()
VARIABLES: dict[str, Any] = {
    "customer": global_id.encode("Customer", EXAMPLE.customer_id),
    "calculation": global_id.encode("PricingCalculation", EXAMPLE.calculation_id),
    "material": EXAMPLE.material,
    "materialId": global_id.encode("Material", EXAMPLE.material),
    "trace": EXAMPLE.trace_id,
    "customers": 5,
    "calculations": 3,
}


@pytest.fixture
def updating(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


def documents() -> list[Path]:
    return sorted(FOLDER.glob("*.graphql"))


async def warm(graph: Graph, query: str, **changed: Any) -> Answer:
    """The answer once the cache is warm, as it is for all but the first who ask."""
    (operation,) = (
        node for node in parse(query).definitions if isinstance(node, OperationDefinitionNode)
    )
    declared = {node.variable.name.value for node in operation.variable_definitions or ()}
    variables = {name: VARIABLES[name] for name in sorted(declared)} | changed
    await graph.ask(query, **variables)
    return await graph.ask(query, **variables)


def show_calls(calls: list[StoreCall]) -> str:
    """Calls that run at the same time have no order: they stand by store and text."""
    ordered = sorted(calls, key=lambda call: (call.store, call.statement, call.rows))
    counts = [
        f"{store} {sum(call.store == store for call in calls)}"
        for store in ("postgresql", "mongodb", "redis")
    ]
    parts = [f"{call.store}, rows: {call.rows}\n{call.statement.strip()}" for call in ordered]
    return "\n\n".join([f"calls: {', '.join(counts)}", *parts]) + "\n"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.stem)
async def test_the_answer_and_the_statements_are_as_kept(
    graph: Graph, document: Path, updating: bool
) -> None:
    found = await warm(graph, document.read_text(encoding="utf-8"))
    answer = {"data": found.data, **({"errors": found.errors} if found.errors else {})}
    kept = {
        document.with_suffix(".json"): orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
        + "\n",
        document.with_suffix(".statements.txt"): show_calls(list(found.calls)),
    }
    for file, text in kept.items():
        if updating:
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("customers", "calculations"), [(1, 1), (5, 3), (50, 10)])
async def test_a_page_takes_as_many_statements_whatever_its_size(
    graph: Graph, customers: int, calculations: int
) -> None:
    query = (FOLDER / "customers_with_calculations.graphql").read_text(encoding="utf-8")
    answer = await warm(graph, query, customers=customers, calculations=calculations)
    assert answer.errors == []
    assert len(answer.data["customers"]["nodes"]) == customers
    stores = [answer.count("postgresql"), answer.count("redis"), answer.count("mongodb")]
    assert stores == [3, 1, 0]


async def test_fifty_aliases_of_a_root_are_one_statement(graph: Graph) -> None:
    page = await graph.ask("{ customers(first: 50) { nodes { id companyName } } }")
    customers = page.data["customers"]["nodes"]
    aliases = (
        f'c{at}: customer(id: "{customer["id"]}") {{ id companyName }}'
        for at, customer in enumerate(customers)
    )
    answer = await graph.ask(f"{{ {' '.join(aliases)} }}")
    assert list(answer.data.values()) == customers
    assert [call.store for call in answer.calls] == ["postgresql"]
