"""Login: signing in and out of the console, and who is signed in.

The cookie is out of reach of scripts and of other sites (HttpOnly, SameSite=Strict). A body is JSON, which
no foreign page can send unasked, or the form of our own page, which the browser must vouch for.
"""

from math import ceil
from urllib.parse import parse_qsl, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasources.errors import StoreUnavailableError
from gateway.auth.authenticator import Authenticator
from gateway.auth.credentials import Credentials
from gateway.auth.session import Sessions, SignedIn
from gateway.auth.settings import AuthSettings, Source
from gateway.errors import Code, RefusedError, refuse, refuse_unavailable
from gateway.transport.credentials import client_address, read_credentials
from gateway.transport.login_page import HEADERS, page
from gateway.transport.message import join_headers
from gateway.transport.settings import HttpSettings
from gateway.transport.status import STRICT_2026
from resolvers.viewer import Viewer

_MAX_BYTES = 8_192
_JSON = {"cache-control": "no-store", "content-type": "application/json"}


def login_routes(auth: AuthSettings, http: HttpSettings) -> list[Route]:
    """None where signing in is no way to get in."""
    if Source.LOGIN not in (auth.sources or ()):
        return []
    desk = _Desk(auth, http)
    return [
        Route("/login", desk.show, methods=["GET"]),
        Route("/login", desk.sign_in, methods=["POST"]),
        Route("/logout", desk.sign_out, methods=["POST"]),
        Route("/me", desk.tell, methods=["GET"]),
    ]


class _Desk:
    def __init__(self, auth: AuthSettings, http: HttpSettings) -> None:
        self._auth = auth
        self._http = http

    async def show(self, request: Request) -> Response:
        return Response(page(), headers=HEADERS)

    async def sign_in(self, request: Request) -> Response:
        from_page = _media_type(request) == "application/x-www-form-urlencoded"
        try:
            email, password = await _read(request)
            peer = request.client.host if request.client else ""
            headers, _ = join_headers(request.headers.items())
            address = client_address(headers, peer, self._http.trusted_proxies)
            signed_in = await _sessions(request).sign_in(email, password, address)
        except (RefusedError, StoreUnavailableError) as error:
            refusal = _refusal(error)
            return _shown(refusal) if from_page else _told(refusal)
        response = (
            Response(status_code=303, headers={"location": "/", "cache-control": "no-store"})
            if from_page
            else _viewer(signed_in.viewer)
        )
        self._keep(response, signed_in)
        return response

    async def sign_out(self, request: Request) -> Response:
        """The cookie goes in any case; a session that is not there any more is as good as ended."""
        try:
            _check_origin(request)
            session = _shown_by(request, self._auth.cookie_name).session
            if session is not None:
                await _sessions(request).sign_out(session)
        except (RefusedError, StoreUnavailableError) as error:
            return _told(_refusal(error))
        response = Response(status_code=204, headers={"cache-control": "no-store"})
        self._drop(response)
        return response

    async def tell(self, request: Request) -> Response:
        try:
            shown = _shown_by(request, self._auth.cookie_name)
            found = await _authenticator(request).identify(shown)
        except (RefusedError, StoreUnavailableError) as error:
            return _told(_refusal(error))
        return _viewer(found.viewer)

    def _keep(self, response: Response, signed_in: SignedIn) -> None:
        response.set_cookie(
            self._auth.cookie_name,
            signed_in.session,
            secure=self._auth.cookie_secure,
            httponly=True,
            samesite="strict",
        )

    def _drop(self, response: Response) -> None:
        response.delete_cookie(
            self._auth.cookie_name,
            secure=self._auth.cookie_secure,
            httponly=True,
            samesite="strict",
        )


def _shown_by(request: Request, cookie_name: str) -> Credentials:
    return read_credentials(join_headers(request.headers.items())[0], cookie_name)


def _authenticator(request: Request) -> Authenticator:
    found: Authenticator = request.state.parts.authenticator
    return found


def _sessions(request: Request) -> Sessions:
    sessions = _authenticator(request).sessions
    assert sessions is not None
    return sessions


async def _read(request: Request) -> tuple[str, str]:
    media_type = _media_type(request)
    if media_type not in ("application/json", "application/x-www-form-urlencoded"):
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send the address and the password as application/json."
        )
    _check_origin(request, must_be_known=media_type != "application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            text = f"The body is larger than {_MAX_BYTES} bytes."
            raise refuse(Code.BODY_TOO_LARGE, text, limit=_MAX_BYTES)
    try:
        given = (
            orjson.loads(body)
            if media_type == "application/json"
            else dict(parse_qsl(body.decode("ascii"), max_num_fields=8))
        )
    except ValueError:
        raise refuse(Code.BAD_REQUEST, "The body cannot be read.") from None
    email, password = (
        (given.get("email"), given.get("password")) if isinstance(given, dict) else (0, 0)
    )
    if not (isinstance(email, str) and isinstance(password, str)):
        raise refuse(Code.INVALID_PARAMETERS, "Send email and password, two strings.")
    return email, password


def _check_origin(request: Request, *, must_be_known: bool = False) -> None:
    """A browser says where a request comes from; only our own pages may send this one."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    ours = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    foreign = site not in (None, "same-origin", "none") or (origin is not None and not ours)
    if foreign or (must_be_known and not (ours or site == "same-origin")):
        raise refuse(Code.CSRF_PREVENTED, "This request comes from another site's page.")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refusal(error: RefusedError | StoreUnavailableError) -> RefusedError:
    return error if isinstance(error, RefusedError) else refuse_unavailable(error)


def _shown(refusal: RefusedError) -> Response:
    text = page(refusal.errors[0]["message"])
    return Response(text, STRICT_2026[refusal.code], {**HEADERS, **_retry_after(refusal)})


def _told(refusal: RefusedError) -> Response:
    body = orjson.dumps({"errors": refusal.errors})
    return Response(body, STRICT_2026[refusal.code], {**_JSON, **_retry_after(refusal)})


def _retry_after(refusal: RefusedError) -> dict[str, str]:
    seconds = refusal.errors[0]["extensions"].get("retryAfterSeconds")
    return {} if seconds is None else {"retry-after": str(ceil(seconds))}


def _viewer(viewer: Viewer) -> Response:
    shown = {"id": viewer.id, "name": viewer.name, "roles": sorted(viewer.roles)}
    return Response(orjson.dumps({"viewer": shown}), headers=_JSON)
