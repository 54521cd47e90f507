"""Edge: the pipeline over the whole schema, with no store behind it, for one role."""

from typing import Any

import orjson

from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import anonymous
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.pipeline.view import Views
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role
from schema import build_schema

NO_STORES: Any = None
SCHEMAS = Views(lambda roles: build_schema(roles).core, DocumentSettings())


def edge(role: Role = Role.ADMIN, **given: Any) -> Parts:
    return Parts(
        **{
            "views": Views(lambda roles: SCHEMAS.of(roles).schema, DocumentSettings()),
            "stores": NO_STORES,
            "cursors": CursorCodec(b"secret"),
            "limits": Limits(),
            "deadline_seconds": 5,
            "variable_max_depth": 32,
            "authenticator": Authenticator(anonymous(role)),
            **given,
        }
    )


async def ask(query: str, parts: Parts, *, cost_debug: bool = False, **variables: Any) -> Any:
    """The answer's body."""
    request = Request(query, variables=variables, terms=Terms(cost_debug=cost_debug))
    return orjson.loads((await answer(request, parts)).body)


async def refusal(query: str, parts: Parts, **variables: Any) -> dict[str, Any]:
    """The one error of an operation that was refused."""
    body = await ask(query, parts, **variables)
    assert "data" not in body
    [error] = body["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions
