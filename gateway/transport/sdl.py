"""SDL: the schema as text, for tools that read it from where it is served; each caller's own."""

import orjson
from graphql import GraphQLSchema, print_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasources.errors import StoreUnavailableError
from gateway.errors import Code, RefusedError, refuse, refuse_unavailable
from gateway.pipeline.exchange import Parts
from gateway.pipeline.exchange import Response as Answer
from gateway.pipeline.view import Roles
from gateway.transport.credentials import challenge, read_credentials
from gateway.transport.message import join_headers
from gateway.transport.status import STRICT_2026

PATH = "/graphql/schema.graphql"

_HEADERS = {"cache-control": "private, no-cache", "vary": "authorization, cookie, x-api-key"}


def sdl_routes(cookie_name: str) -> list[Route]:
    return [Route(PATH, _Printer(cookie_name).show, methods=["GET"])]


class _Printer:
    """Prints each view once; there is one for each set of roles at most."""

    def __init__(self, cookie_name: str) -> None:
        self._cookie_name = cookie_name
        self._texts: dict[Roles, str] = {}

    async def show(self, request: Request) -> Response:
        parts: Parts = request.state.parts
        try:
            headers, _ = join_headers(request.headers.items())
            shown = read_credentials(headers, self._cookie_name)
            found = await parts.authenticator.identify(shown)
            text = self._text(parts, found.viewer.roles)
        except StoreUnavailableError as error:
            return _told(refuse_unavailable(error))
        except RefusedError as refusal:
            return _told(refusal)
        return Response(text, media_type="text/plain", headers=_HEADERS)

    def _text(self, parts: Parts, roles: Roles) -> str:
        if not parts.views.settings.shows(roles):
            raise refuse(
                Code.INTROSPECTION_DISABLED, "Your roles do not include asking what the schema is."
            )
        if roles not in self._texts:
            self._texts[roles] = _printed(parts.views.of(roles).schema)
        return self._texts[roles]


def _printed(schema: GraphQLSchema) -> str:
    """In the schema's own words where it has them: graphql-core prints no directives on fields."""
    own = schema.extensions.get("text")
    return f"{own() if own else print_schema(schema)}\n"


def _told(refusal: RefusedError) -> Response:
    status = STRICT_2026[refusal.code]
    response = Response(
        orjson.dumps({"errors": refusal.errors}),
        status,
        {"cache-control": "no-store"},
        "application/json",
    )
    if status == 401:
        name, value = challenge(Answer(refused=refusal.code, errors=refusal.errors))
        response.headers[name] = value
    return response
