"""gateway schema: prints what is committed, and names what a change to it would break."""

from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.schema import COMMITTED, app


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    return result.exit_code, result.stdout, result.stderr


def committed_as(folder: Path, *replacements: tuple[str, str]) -> Path:
    """A committed schema that differs from the code's."""
    text = COMMITTED.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    file = folder / "schema.graphql"
    file.write_text(text, encoding="utf-8")
    return file


def test_print_says_what_is_committed() -> None:
    assert run("print") == (0, COMMITTED.read_text(encoding="utf-8"), "")


def test_write_makes_the_check_pass(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    assert run("print", "--write", "--file", file)[0] == 0
    code, said, _ = run("check", "--file", file)
    assert (code, said) == (0, f"The schema is as committed in {file}.\n")


def test_a_field_that_is_gone_is_breaking(tmp_path: Path) -> None:
    file = committed_as(tmp_path, ('name."""\n  companyName:', 'name."""\n  legalName:'))
    code, said, advice = run("check", "--file", file)
    assert (code, said) == (1, "breaking   Field Customer.legalName was removed.\n")
    assert "gateway schema print --write" in advice


def test_an_enum_value_that_is_new_is_dangerous(tmp_path: Path) -> None:
    file = committed_as(
        tmp_path,
        ('"""List prices and standard service."""', ""),
        ('  STANDARD\n\n  """Disc', '  """Disc'),
    )
    code, said, _ = run("check", "--file", file)
    assert (code, said) == (1, "dangerous  Enum value Tier.STANDARD was added.\n")


def test_a_changed_description_breaks_nothing_but_is_not_as_committed(tmp_path: Path) -> None:
    file = committed_as(tmp_path, ("List prices and standard service.", "As listed."))
    code, said, _ = run("check", "--file", file)
    assert code == 1
    assert said == "The change breaks no client: additions or descriptions only.\n"


def test_a_file_that_is_no_schema_is_named(tmp_path: Path) -> None:
    file = committed_as(tmp_path, ("enum Tier {", "enum Tier"))
    code, said, why = run("check", "--file", file)
    assert (code, said) == (1, "")
    assert why.startswith(f"{file} is no schema: Syntax Error")


def test_a_missing_file_says_how_to_write_it(tmp_path: Path) -> None:
    code, _, why = run("check", "--file", tmp_path / "none.graphql")
    assert code == 1
    assert why.endswith("write it with `gateway schema print --write`.\n")
