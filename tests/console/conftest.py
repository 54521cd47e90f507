"""The browser's tests run where Chromium and Node.js are; elsewhere one line says that they did not."""

from collections.abc import Sequence
from shutil import which

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser() -> str | None:
    return next(filter(None, map(which, BROWSERS)), None)


def _missing() -> Sequence[str]:
    found = {"Chromium": browser(), "Node.js": which("node"), "npm": which("npm")}
    return [name for name, path in found.items() if path is None]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives a real Chromium")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _missing():
        return
    dropped = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if missing := _missing():
        names = ", ".join(missing)
        terminalreporter.write_line(
            f"The console was not opened in a browser: {names} not found on PATH.", yellow=True
        )


@pytest.fixture(scope="session")
def chromium() -> str:
    found = browser()
    assert found is not None
    return found
