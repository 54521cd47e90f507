"""Credentials: what a request's headers show of its sender, and the address it comes from.

Source: RFC 6750 (`Bearer`), RFC 6265 (cookies), RFC 9110 section 11.6.1 (`WWW-Authenticate`).
"""

from ipaddress import ip_address

from starlette.types import Scope

from gateway.auth.credentials import NOTHING, Credentials
from gateway.auth.refusal import unauthenticated
from gateway.pipeline.exchange import Response
from gateway.transport.request import header
from resolvers.key_text import START


def read_credentials(scope: Scope, cookie_name: str) -> Credentials:
    """An API key may come in a header of its own or as a bearer; raises a refusal where it is unclear."""
    authorization = header(scope, b"authorization").decode("latin-1")
    api_key = header(scope, b"x-api-key").decode("latin-1") or None
    session = _cookie(scope, cookie_name)
    if not (authorization or api_key or session):
        return NOTHING
    bearer = None
    if authorization:
        scheme, _, bearer = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not bearer or set(bearer) & {" ", ","}:
            raise unauthenticated("malformed")
        if bearer.startswith(START) and api_key is None:
            api_key, bearer = bearer, None
    return Credentials(bearer, api_key, session)


def client_address(scope: Scope, trusted_proxies: int) -> str:
    """The sender's address: what the outermost of our own proxies saw, else who is connected."""
    peer = str(scope["client"][0]) if scope.get("client") else ""
    if trusted_proxies == 0:
        return peer
    forwarded = header(scope, b"x-forwarded-for").decode("latin-1")
    seen = [part.strip() for part in forwarded.split(",") if part.strip()][-trusted_proxies:]
    try:
        return str(ip_address(seen[0])) if seen else peer
    except ValueError:
        return peer


def challenge(response: Response) -> tuple[bytes, bytes]:
    """What a refused sender is told of how to show who it is."""
    reason = response.errors[0]["extensions"].get("reason") if response.errors else None
    wrong = "" if reason in (None, "missing") else ', error="invalid_token"'
    return b"www-authenticate", f'Bearer realm="gateway"{wrong}'.encode()


def _cookie(scope: Scope, name: str) -> str | None:
    for pair in header(scope, b"cookie").decode("latin-1").replace(",", ";").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value or None
    return None
