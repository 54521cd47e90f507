"""Token: the caller that a signed JSON Web Token names, checked once and remembered until it expires.

Source: RFC 7519 (claims), RFC 8725 (how tokens are attacked), RFC 9068 (tokens for access).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any
from uuid import UUID

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    PyJWTError,
)

from datasources.errors import StoreUnavailableError
from gateway.auth.account import Accounts
from gateway.auth.identity import Identity, identity, is_restricted
from gateway.auth.key_set import ALGORITHMS, KeySet
from gateway.auth.refusal import unauthenticated
from gateway.auth.settings import AuthSettings
from gateway.errors import RefusedError
from resolvers.viewer import Role, Viewer

_MAX_SUBJECT = 255
_MAX_NAME = 100
_REASONS: tuple[tuple[type[PyJWTError], str], ...] = (
    (ExpiredSignatureError, "token_expired"),
    (ImmatureSignatureError, "token_not_yet_valid"),
    (InvalidAudienceError, "token_audience"),
    (InvalidIssuerError, "token_issuer"),
    (InvalidSignatureError, "token_signature"),
)


@dataclass(frozen=True, slots=True)
class _Checked:
    viewer: Viewer
    until: float  # seconds since 1970
    generation: int


class Tokens:
    def __init__(
        self,
        settings: AuthSettings,
        keys: KeySet,
        accounts: Accounts,
        clock: Callable[[], float] = time,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._accounts = accounts
        self._clock = clock
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

    async def identify(self, token: str) -> Identity:
        if len(token) > self._settings.token_max_bytes:
            raise unauthenticated("token_too_large")
        digest = sha256(token.encode()).digest()
        self._keys.keep_fresh()
        checked = self._checked.get(digest)
        if checked is None or checked.generation != self._keys.generation:
            checked = await self._check(token)
            self._remember(digest, checked)
        elif checked.until <= self._clock():
            raise unauthenticated("token_expired")
        else:
            self._checked.move_to_end(digest)
        return await self._identity(checked)

    async def _identity(self, checked: _Checked) -> Identity:
        viewer = checked.viewer
        if viewer.user_id is None:
            return identity(viewer, (), checked.until)
        try:
            account = await self._accounts.by_id(viewer.user_id)
        except StoreUnavailableError:
            if is_restricted(viewer.roles):
                raise
            account = None  # the token says all that is needed, and ends soon by itself
        return identity(viewer, account["customer_ids"] if account else (), checked.until)

    def _remember(self, digest: bytes, checked: _Checked) -> None:
        self._checked[digest] = checked
        self._checked.move_to_end(digest)
        if len(self._checked) > self._settings.token_cache_entries:
            self._checked.popitem(last=False)

    async def _check(self, token: str) -> _Checked:
        algorithm, key_id = _header(token)
        key = await self._keys.find(key_id)
        if key is None:
            raise unauthenticated("token_key_unknown")
        if key.algorithm_name != algorithm:
            raise unauthenticated("token_algorithm")
        generation = self._keys.generation
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_seconds,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (PyJWTError, OverflowError, RecursionError) as error:
            raise _refusal(error) from None
        until = float(claims["exp"]) + self._settings.leeway_seconds
        return _Checked(self._viewer(claims), until, generation)

    def _viewer(self, claims: dict[str, Any]) -> Viewer:
        subject, name = claims["sub"], claims.get("name")
        if not isinstance(subject, str) or not 1 <= len(subject) <= _MAX_SUBJECT:
            raise unauthenticated("token_claims")
        roles = frozenset(_known(_named(claims, self._settings.roles_claim)))
        if not roles:
            raise unauthenticated("token_roles")
        shown = name if isinstance(name, str) and 1 <= len(name) <= _MAX_NAME else subject
        user_id = _uuid(subject)
        kind = "service" if user_id is None else "user"
        return Viewer(f"{kind}:{subject}", shown, roles, user_id)


def _header(token: str) -> tuple[str, str | None]:
    """The algorithm and the key's id that the token claims; neither is believed yet."""
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, RecursionError):
        raise unauthenticated("token_malformed") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise unauthenticated("token_algorithm")
    if not (key_id is None or isinstance(key_id, str)):
        raise unauthenticated("token_malformed")
    return algorithm, key_id


def _refusal(error: Exception) -> RefusedError:
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), "token_claims")
    return unauthenticated(reason)


def _named(claims: dict[str, Any], path: str) -> Sequence[object]:
    """The roles under a claim of exactly that name, or where its dots lead."""
    value: object = claims.get(path)
    if value is None:
        value = claims
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str):
        return value.split()
    return value if isinstance(value, list) else ()


def _known(names: Sequence[object]) -> Iterable[Role]:
    """Tokens may name roles of other programs too."""
    return (role for role in Role if role.value in names)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
