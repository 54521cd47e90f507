"""Fixtures: the npm packages of those who subscribe."""

from pathlib import Path

import pytest_asyncio

from tests.npm import install

HERE = Path(__file__).parent


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed() -> None:
    await install(HERE, "eventsource")
