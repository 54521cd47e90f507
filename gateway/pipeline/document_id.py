"""Document id: what may name a document that is not sent along.

Source: GraphQL over HTTP, Appendix A, "Persisted Documents" (a proposal, not in the first edition);
Apollo's protocol of automatic persisted queries.
"""

import re
from hashlib import sha256

from gateway.errors import Code, refuse

MAX_CHARACTERS = 256
SHA256 = "sha256:"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"sha256:[0-9a-f]{64}|x-[\w.~-]+:[\w.~-]+|[\w.~-]+", re.ASCII)


def is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def is_document_id(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= MAX_CHARACTERS and _ID.fullmatch(value) is not None
    )


def digest_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_document_id(id_: str) -> None:
    if not is_document_id(id_):
        raise refuse(
            Code.INVALID_PARAMETERS,
            "The parameter documentId must be sha256: and 64 lower-case hexadecimal digits, or a name of "
            f"letters, digits and -._~, or x-NAME:NAME; at most {MAX_CHARACTERS} characters.",
        )


def check_claim(claim: object) -> str:
    """The hash in ``extensions.persistedQuery``, or another name that some clients put there.

    Some libraries write the digits of a hash in upper case: it is the same hash.
    """
    if not isinstance(claim, dict):
        raise refuse(
            Code.INVALID_PARAMETERS,
            'extensions.persistedQuery must be an object: {"version": 1, "sha256Hash": "..."}.',
        )
    if claim.get("version") != 1 or isinstance(claim["version"], bool):
        raise refuse(Code.BAD_REQUEST, "Unsupported persisted query version")
    hash_ = claim.get("sha256Hash")
    if not isinstance(hash_, str) or not is_document_id(hash_):
        raise refuse(
            Code.BAD_REQUEST,
            "extensions.persistedQuery.sha256Hash must be the SHA-256 of the query text, as 64 lower-case "
            "hexadecimal digits.",
        )
    lower = hash_.lower()
    return lower if is_digest(lower) else hash_
