"""Scope: every read demands one first, and only a few known places make one."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from datasources.scope import Scope
from datasources.stores import Stores

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "schema", "resolvers", "datasources")

# Where a viewer's scope is made: once for each operation, of what authentication found.
MINT = "gateway/pipeline/execution.py"

# Who else makes one, a file or a folder of them, and why no viewer's rows come of it.
OTHERS = {
    "datasources/mongo/migrate.py": "migrations",
    "datasources/redis/": "holds no customer's rows: a call needs its deadline alone",
    "datasources/relay/": "events, which every store has to know of",
    "datasources/seed/": "the sample data",
    "gateway/auth/": "accounts and keys, by which a viewer is found",
    "gateway/cli/": "maintenance",
    "gateway/pipeline/": "documents, answers and budgets that the gateway keeps for itself",
    "gateway/ready_key.py": "the demo's keys",
    "gateway/telemetry/": "the audit trail",
    "gateway/transport/relay_status.py": "how far behind events are",
    "resolvers/aftermath.py": "tags that are bumped after a change",
}

# Methods of what `Stores` holds that look up nothing for a viewer, or only what its key names.
WITHOUT_SCOPE = {
    ("MaterialCache", "close"),
    ("MaterialCache", "forget"),
    ("ResponseCache", "close"),
    ("ResponseCache", "peek"),
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in file.parts:
                yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def mints() -> set[str]:
    """The files that call ``Scope``."""
    return {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Scope"
    }


def test_a_scope_is_made_only_where_it_is_known_to_be() -> None:
    others = tuple(OTHERS)
    assert {file for file in mints() if not file.startswith(others)} == set()
    assert MINT in mints()


def test_only_the_mint_speaks_of_a_viewers_customers() -> None:
    """Everywhere else the customers are none or all: a constant, whoever asks."""
    speaking = {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Scope"
        and ast.unparse([*node.args, *(each.value for each in node.keywords)][0])
        not in ("None", "frozenset()", "_NOBODYS")
    }
    assert speaking == {MINT}


def test_no_scope_is_changed_after_it_was_made() -> None:
    """A copy with other customers would be a second mint."""
    changed = {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "replace"
        and any(isinstance(each, ast.Attribute) and each.attr == "scope" for each in node.args)
    }
    assert changed == set()
    with pytest.raises(AttributeError):
        Scope(frozenset(), 0.0).customer_ids = None  # type: ignore[misc]


def test_every_repository_demands_a_scope_first() -> None:
    without = {
        (file, kind.name, method.name)
        for file, tree in sources()
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef) and kind.name.endswith("Repository")
        for method in kind.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        and not method.name.startswith("_")
        and [ast.unparse(each) for each in method.args.args[1:2]] != ["scope: Scope"]
    }
    assert without == set()


def test_everything_that_resolvers_read_from_demands_a_scope_first() -> None:
    without = {
        (kind.__name__, name)
        for kind in get_type_hints(Stores).values()
        if inspect.isclass(kind) and kind.__module__.startswith("datasources.")
        for name, method in inspect.getmembers(kind, inspect.iscoroutinefunction)
        if not name.startswith("_") and list(inspect.signature(method).parameters)[1:2] != ["scope"]
    }
    assert without <= WITHOUT_SCOPE
