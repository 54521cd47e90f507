"""App: the whole gateway as one ASGI application, composed from top to bottom."""

import gc

from graphql import GraphQLSchema

from gateway.lifespan import lifespan
from gateway.settings import Settings, load_settings
from gateway.telemetry.logs import configure_logging
from gateway.transport.asgi import Gateway
from gateway.transport.console import console_routes
from gateway.transport.endpoint import Endpoint
from gateway.transport.guard import guards
from gateway.transport.health import health_routes
from gateway.transport.login import login_routes
from gateway.transport.metrics import metrics_routes
from gateway.transport.sdl import sdl_routes
from gateway.transport.websocket.asgi import SocketEndpoint
from schema import build_schema

_OBJECTS_BEFORE_COLLECTION = 50_000


def create_app(settings: Settings, schema: GraphQLSchema | None = None) -> Gateway:
    """Opens nothing yet: the stores open when the server starts the application's lifespan."""
    return Gateway(
        Endpoint(settings.http, settings.auth.cookie_name),
        SocketEndpoint(settings.http, settings.auth.cookie_name),
        routes=[
            *sdl_routes(settings.auth.cookie_name),
            *console_routes(settings.console),
            *login_routes(settings.auth, settings.http),
            *health_routes(settings.relay.lag_degraded_seconds),
            *metrics_routes(),
        ],
        middleware=guards(settings.http),
        lifespan=lifespan(settings, lambda roles: schema or build_schema(roles).core),
    )


def calm_collector() -> None:
    """Spares the garbage collector what stays for good, and looks for cycles less often.

    An answer of a thousand rows is made of thousands of objects: at Python's defaults the collector would
    walk everything that is loaded while it is being made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION, 20, 50)


def from_environment() -> Gateway:
    """What each process of a server calls to get its application."""
    settings = load_settings()
    configure_logging(settings.log)
    calm_collector()
    return create_app(settings)
