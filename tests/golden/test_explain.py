"""Golden explanations: the plan of each golden document with keys and rows, beside its statements.

`./dev test tests/golden --update-golden` writes them anew; what times they hold is left out.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import OperationDefinitionNode, parse

from datasources.stores import Stores, open_stores
from gateway.engine.engine import Engine
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.telemetry.tally import tally
from tests.clock import stopped
from tests.databases import StoreSettings
from tests.gateway.pipeline.edge import edge
from tests.golden.test_golden import FOLDER, VARIABLES, documents, updating

__all__ = ["updating"]

_VOLATILE = frozenset({"milliseconds", "statement"})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stores(seeded: StoreSettings) -> AsyncIterator[Stores]:
    async with open_stores(seeded.postgres, seeded.mongo, seeded.redis, tally) as stores:
        yield stores


@pytest.fixture
def parts(stores: Stores) -> Parts:
    return edge(stores=stores, engine=Engine(folds=True))


async def explained(text: str, parts: Parts) -> Any:
    """The explanation once the material cache is warm."""
    (operation,) = (
        node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode)
    )
    names = {each.variable.name.value for each in operation.variable_definitions or ()}
    variables = {name: VARIABLES[name] for name in names}
    request = Request(text, variables=variables, terms=Terms(explain=True))
    with stopped():
        await answer(request, parts)
        body = orjson.loads((await answer(request, parts)).body)
    return body["extensions"]["explain"]


def lasting(value: Any) -> Any:
    """Without what is another one each time."""
    if isinstance(value, dict):
        return {name: lasting(each) for name, each in value.items() if name not in _VOLATILE}
    return [lasting(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.stem)
async def test_the_plan_is_as_kept(parts: Parts, document: Path, updating: bool) -> None:
    found = lasting(await explained(document.read_text(encoding="utf-8"), parts))
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n"
    file = document.with_suffix(".explain.json")
    if updating:
        file.write_text(text, encoding="utf-8")

    assert file.read_text(encoding="utf-8") == text


async def test_every_statement_of_an_operation_is_in_its_plan(parts: Parts) -> None:
    text = (FOLDER / "three_stores.graphql").read_text(encoding="utf-8")
    found = await explained(text, parts)

    def calls(step: Any) -> list[Any]:
        below = [each for inner in step["steps"] for each in calls(inner)]
        return [*step.get("calls", ()), *below]

    statements = [call["statement"] for call in calls(found)]
    stores = {call["store"] for call in calls(found)}
    assert stores == {"postgresql", "mongodb", "redis"}
    assert all(statements)
    assert "MGET" in statements
    assert any(each.startswith("SELECT") for each in statements)
    assert any(each.startswith("aggregate pricing_trends_daily") for each in statements)
