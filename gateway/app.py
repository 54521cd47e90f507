"""App: the whole gateway as one ASGI application, composed from top to bottom."""

from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.lifespan import lifespan
from gateway.settings import Settings, load_settings
from gateway.telemetry.logs import configure_logging
from gateway.transport.console import console_routes
from gateway.transport.guard import guards
from gateway.transport.health import health_routes
from gateway.transport.http import GraphQLEndpoint
from gateway.transport.login import login_routes
from gateway.transport.metrics import metrics_routes
from gateway.transport.sdl import sdl_routes
from schema import build_schema


def create_app(settings: Settings, schema: GraphQLSchema | None = None) -> Starlette:
    """Opens nothing yet: the stores open when the server starts the application's lifespan."""
    return Starlette(
        routes=[
            Route("/graphql", GraphQLEndpoint(settings.http, settings.auth.cookie_name)),
            *sdl_routes(settings.auth.cookie_name),
            *console_routes(settings.console),
            *login_routes(settings.auth, settings.http),
            *health_routes(),
            *metrics_routes(),
        ],
        middleware=guards(settings.http),
        lifespan=lifespan(settings, lambda roles: schema or build_schema(roles).core),
    )


def from_environment() -> Starlette:
    """What each process of a server calls to get its application."""
    settings = load_settings()
    configure_logging(settings.log)
    return create_app(settings)
