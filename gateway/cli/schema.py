"""gateway schema: prints the graph, and says what a change to it would break."""

from pathlib import Path
from typing import Annotated

import typer

from resolvers.viewer import Role

app = typer.Typer(no_args_is_help=True, help="Print the graph's schema, or check it for changes.")

_ROOT = Path(__file__).parents[2]
COMMITTED = _ROOT / "schema" / "schema.graphql"
PERMISSIONS = _ROOT / "docs" / "permissions.md"

Committed = Annotated[
    Path, typer.Option("--file", help="The committed schema.", show_default="schema/schema.graphql")
]
Write = Annotated[
    bool, typer.Option("--write", help="Write the schema to the committed file instead.")
]
Roles = Annotated[
    list[Role] | None,
    typer.Option("--role", help="Only what this role sees; several see what any of them sees."),
]
_GENERATED = "<!-- Written by `gateway schema permissions --write`; do not edit below. -->\n\n"


@app.command("print")
def print_schema(file: Committed = COMMITTED, write: Write = False, role: Roles = None) -> None:
    """Print the schema in GraphQL's schema language, descriptions included."""
    from schema import build_schema

    if role and write:
        raise typer.BadParameter("what is committed is the whole schema", param_hint="--role")
    text = f"{build_schema(frozenset(role or Role)).as_str()}\n"
    if write:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {file}")
    else:
        typer.echo(text, nl=False)


@app.command()
def permissions(
    write: Annotated[
        bool, typer.Option("--write", help="Write them into docs/permissions.md instead.")
    ] = False,
) -> None:
    """Print which role sees which field, as Markdown."""
    from schema.permission import tables

    if not write:
        typer.echo(tables())
        return
    words, found, _ = PERMISSIONS.read_text(encoding="utf-8").partition(_GENERATED)
    PERMISSIONS.write_text(f"{words}{found}{tables()}\n", encoding="utf-8")
    typer.echo(f"Wrote {PERMISSIONS}")


@app.command()
def check(file: Committed = COMMITTED) -> None:
    """Compare the schema with the committed one: name what would break clients, or may."""
    from graphql import GraphQLError, find_breaking_changes, find_dangerous_changes
    from graphql import build_schema as read_schema

    from schema import build_schema

    if not file.is_file():
        typer.echo(f"There is no {file}: write it with `gateway schema print --write`.", err=True)
        raise typer.Exit(1)
    committed, built = file.read_text(encoding="utf-8"), f"{build_schema().as_str()}\n"
    if committed == built:
        typer.echo(f"The schema is as committed in {file}.")
        return
    try:
        before = read_schema(committed)
    except (GraphQLError, TypeError) as error:
        typer.echo(f"{file} is no schema: {error}", err=True)
        raise typer.Exit(1) from None
    after = read_schema(built)
    breaking, dangerous = (
        find_breaking_changes(before, after),
        find_dangerous_changes(before, after),
    )
    found = [f"breaking   {change.description}" for change in breaking]
    found += [f"dangerous  {change.description}" for change in dangerous]
    for line in found or ["The change breaks no client: additions or descriptions only."]:
        typer.echo(line)
    typer.echo(
        "The schema is not as committed. When the change is meant, commit what "
        "`gateway schema print --write` writes.",
        err=True,
    )
    raise typer.Exit(1)
