"""The page of permissions: its table is the one that the rules make, and the rules are those declared."""

from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.schema import PERMISSIONS, app
from resolvers.viewer import Role
from schema import build_schema
from schema.permission import permissions, tables
from tests.security.rules import Step, every_field, may_see


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_page_ends_with_the_table_of_this_code() -> None:
    text = PERMISSIONS.read_text(encoding="utf-8")

    assert text.endswith(f"below. -->\n\n{tables()}\n"), "run: gateway schema permissions --write"


def test_the_table_says_what_the_rules_declare() -> None:
    told = {
        (Step(name, field), role)
        for name, fields in permissions().items()
        for field, roles in fields.items()
        for role in roles
    }

    assert told == {(step, role) for step in every_field() for role in Role if may_see(role, step)}


def test_the_command_prints_the_table() -> None:
    assert run("permissions") == (0, f"{tables()}\n", "")


def test_print_shows_a_role_its_own_schema() -> None:
    code, shown, _ = run("print", "--role", "customer")

    assert (code, shown) == (0, f"{build_schema(frozenset({Role.CUSTOMER})).as_str()}\n")
    assert "type LogEntry" not in shown


def test_print_shows_several_roles_what_any_of_them_sees() -> None:
    assert run("print", "--role", "customer", "--role", "admin")[1] == run("print")[1]


def test_a_roles_schema_is_not_written_over_the_whole_one(tmp_path: Path) -> None:
    code, _, why = run("print", "--role", "customer", "--write", "--file", str(tmp_path / "s"))

    assert code == 2
    assert "whole schema" in why
    assert not (tmp_path / "s").exists()
