"""gateway explain: says how an operation is answered, step by step, and what each store was asked."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resolvers.viewer import Role

if TYPE_CHECKING:
    from gateway.pipeline.exchange import Parts
    from gateway.settings import Settings

Document = Annotated[Path, typer.Argument(help="A file with a GraphQL document.", exists=True)]
Variables = Annotated[
    Path | None, typer.Option("--variables", help="A JSON file with its variables.", exists=True)
]
Operation = Annotated[
    str | None, typer.Option("--operation", help="Which operation of the document, by name.")
]
AsRole = Annotated[Role, typer.Option("--role", help="Whose view of the graph it runs in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
PlanOnly = Annotated[
    bool, typer.Option("--plan-only", help="Show the plan without running it, of mutations too.")
]


def explain(
    document: Document,
    variables: Variables = None,
    operation: Operation = None,
    role: AsRole = Role.ADMIN,
    as_json: AsJson = False,
    plan_only: PlanOnly = False,
) -> None:
    """Run a query over the stores of the environment and show its plan with rows and times."""
    import orjson

    from gateway.cli.explain_text import as_text
    from gateway.settings import load_settings

    text = document.read_text(encoding="utf-8")
    try:
        given = orjson.loads(variables.read_bytes()) if variables else {}
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"is not JSON: {error}", param_hint="--variables") from None
    if not isinstance(given, dict):
        raise typer.BadParameter("must hold one JSON object", param_hint="--variables")
    explained, errors = asyncio.run(
        _explain(load_settings(), text, given, operation, role, plan_only=plan_only)
    )
    for each in errors:
        typer.echo(_words(each), err=True)
    if explained is not None:
        shown = orjson.dumps(explained, option=orjson.OPT_INDENT_2).decode()
        typer.echo(shown if as_json else as_text(explained), nl=as_json)
    if errors:
        raise typer.Exit(1)


def _words(error: dict[str, Any]) -> str:
    code: str = error["extensions"]["code"]
    if code == "METHOD_NOT_ALLOWED":
        return "This operation changes something, so it is not run here: see its plan with --plan-only."
    return f"{code}: {error['message']}"


async def _explain(
    settings: "Settings",
    text: str,
    variables: dict[str, Any],
    name: str | None,
    role: Role,
    *,
    plan_only: bool,
) -> tuple[dict[str, Any] | None, list[Any]]:
    """The explanation, where there is one, and the errors."""
    import orjson

    from datasources.stores import open_stores
    from gateway.errors import RefusedError
    from gateway.pipeline import answer
    from gateway.pipeline.exchange import Request, Terms
    from gateway.pipeline.explaining import explain_plan
    from gateway.telemetry.tally import tally

    # Safe: what changes something is refused, unless it is only planned.
    terms = Terms(safe=not plan_only, unkept=True, explain=True)
    request = Request(text, name, variables, terms=terms)
    opening = open_stores(
        settings.postgres, settings.mongodb, settings.redis, tally, settings.response_cache
    )
    async with opening as stores:
        parts = _parts(settings, stores, role)
        if plan_only:
            try:
                return await explain_plan(request, parts), []
            except RefusedError as refusal:
                return None, list(refusal.errors)
        body = orjson.loads((await answer(request, parts)).body)
    return body.get("extensions", {}).get("explain"), body.get("errors", [])


def _parts(settings: "Settings", stores: Any, role: Role) -> "Parts":
    """As a server would have them, without what it does for its clients: budgets, the audit."""
    from secrets import token_bytes

    from gateway.auth.authenticator import Authenticator
    from gateway.auth.identity import anonymous
    from gateway.engine.engine import Engine
    from gateway.pipeline.exchange import Parts
    from gateway.pipeline.explain_settings import ExplainSettings
    from gateway.pipeline.view import Views
    from resolvers.cursor import CursorCodec
    from schema import build_schema

    secret = settings.cursor_secret
    runs = settings.engine == "breadth-first"
    return Parts(
        views=Views(lambda roles: build_schema(roles).core, settings.document),
        stores=stores,
        cursors=CursorCodec(secret.get_secret_value().encode() if secret else token_bytes(32)),
        limits=settings.limits,
        deadline_seconds=settings.deadline_seconds,
        variable_max_depth=settings.variable_max_depth,
        engine=Engine(folds=settings.fold == "on") if runs else None,
        authenticator=Authenticator(anonymous(role)),
        operation_limits=settings.operation_limit,
        responses=stores.responses if settings.response_cache.mode == "on" else None,
        explain=ExplainSettings(roles=tuple(Role), statement_roles=tuple(Role)),
    )
