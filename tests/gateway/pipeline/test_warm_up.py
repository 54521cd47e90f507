"""Warm-up: what is ready before anybody asks, and what is said of documents that are no use."""

import logging
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.pipeline.exchange import Parts
from gateway.settings import Settings
from resolvers.viewer import Role
from tests.gateway.server import NOWHERE

NAMES = "query Names { viewer { name } } query Roles { viewer { roles } }"
STORES = "{ stores { name } }"  # for administrators alone


async def started(path: Path) -> Parts:
    app = create_app(Settings(**NOWHERE, warm_up=path))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        parts: Parts = state["parts"]
        return parts


def planned(parts: Parts, role: Role, text: str) -> set[str | None]:
    """The operations of ``text`` whose plans are there."""
    return set(parts.views.of(frozenset({role})).documents.find(text).plans)


async def test_every_operation_of_a_folder_is_planned_for_whoever_may_run_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "names.graphql").write_text(NAMES)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "stores.graphql").write_text(STORES)

    parts = await started(tmp_path)

    for role in Role:
        assert planned(parts, role, NAMES) == {"Names", "Roles"}
    assert planned(parts, Role.ADMIN, STORES) == {None}
    assert not parts.views.of(frozenset({Role.CUSTOMER})).documents.holds(STORES)


async def test_a_file_that_nobody_may_run_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = tmp_path / "wrong.graphql"
    wrong.write_text("{ nowhere }")

    await started(wrong)

    said = [each.message for each in caplog.records if each.name == "gateway.warm_up"]
    assert said == [f"{wrong} is no valid document for any role"]
    assert caplog.records[0].levelno == logging.WARNING
