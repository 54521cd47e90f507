"""Credentials: what a request's headers show of its sender, and the address it comes from.

Source: RFC 6750 (`Bearer`), RFC 6265 (cookies), RFC 9110 section 11.6.1 (`WWW-Authenticate`).
"""

from ipaddress import ip_address

from gateway.auth.credentials import NOTHING, Credentials
from gateway.auth.refusal import unauthenticated
from gateway.pipeline.exchange import Response
from gateway.transport.message import Headers
from resolvers.key_text import START


def read_credentials(headers: Headers, cookie_name: str) -> Credentials:
    """An API key may come in a header of its own or as a bearer; raises a refusal where it is unclear."""
    authorization = headers.get("authorization")
    api_key = headers.get("x-api-key") or None
    session = _cookie(headers["cookie"], cookie_name) if "cookie" in headers else None
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


def client_address(headers: Headers, peer: str, trusted_proxies: int) -> str:
    """The sender's address: what the outermost of our own proxies saw, else who is connected."""
    if trusted_proxies == 0:
        return peer
    forwarded = headers.get("x-forwarded-for", "")
    seen = [part.strip() for part in forwarded.split(",") if part.strip()][-trusted_proxies:]
    try:
        return str(ip_address(seen[0])) if seen else peer
    except ValueError:
        return peer


def challenge(response: Response) -> tuple[str, str]:
    """What a refused sender is told of how to show who it is."""
    reason = response.errors[0]["extensions"].get("reason") if response.errors else None
    wrong = "" if reason in (None, "missing") else ', error="invalid_token"'
    return "www-authenticate", f'Bearer realm="gateway"{wrong}'


def _cookie(cookies: str, name: str) -> str | None:
    for pair in cookies.replace(",", ";").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value or None
    return None
