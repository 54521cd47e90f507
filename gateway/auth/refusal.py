"""Refusal: in which words a caller is told what is wrong with its credentials."""

from gateway.errors import Code, RefusedError, refuse

_KEY = "The API key"
_TOKEN = "The token"  # noqa: S105

TEXTS = {
    "missing": "Nothing here says who asks: send an API key or a token as `Authorization: Bearer`.",
    "ambiguous": "Show one credential, not several: an API key, or a token.",
    "malformed": "The header Authorization is not `Bearer` with an API key or a token.",
    "not_accepted": "Credentials of this kind are not accepted here.",
    "key_malformed": f"{_KEY} is not whole: it begins with pgw_ and has 58 characters.",
    "key_unknown": f"{_KEY} is unknown here.",
    "key_revoked": f"{_KEY} was revoked.",
    "key_expired": f"{_KEY} has expired.",
    "token_too_large": f"{_TOKEN} is longer than any that is looked at here.",
    "token_malformed": f"{_TOKEN} is not a signed JSON Web Token.",
    "token_algorithm": f"{_TOKEN} is not signed with RS256, ES256 or EdDSA by a key of that kind.",
    "token_key_unknown": f"{_TOKEN} names no key that its issuer shows.",
    "token_signature": f"{_TOKEN} was not signed by the key that it names.",
    "token_expired": f"{_TOKEN} has expired.",
    "token_not_yet_valid": f"{_TOKEN} is not valid yet; is its issuer's clock right?",
    "token_issuer": f"{_TOKEN} comes from another issuer.",
    "token_audience": f"{_TOKEN} was made for another audience.",
    "token_claims": f"{_TOKEN} lacks a claim that is needed here, or holds one of another kind.",
    "token_roles": f"{_TOKEN} names no role that there is here.",
    "session_unknown": "The session is unknown here or has ended; sign in again.",
    "password": "The address or the password is wrong.",
    "inactive": "The account is not active.",
}


def unauthenticated(reason: str) -> RefusedError:
    """``reason`` is one of TEXTS; programs may tell refusals apart by it."""
    return refuse(Code.UNAUTHENTICATED, TEXTS[reason], reason=reason)
