"""Document id: which names may stand for a document."""

import pytest

from gateway.errors import Code, RefusedError
from gateway.pipeline.document_id import check_claim, check_document_id

DIGEST = "0123456789abcdef" * 4
STRANGE = [
    "",
    f"sha256:{DIGEST.upper()}",
    f"sha256:{DIGEST[:-1]}",
    f"sha256:{DIGEST}0",
    f"SHA256:{DIGEST}",
    f"md5:{DIGEST[:32]}",
    "a:b",
    "x-:b",
    "x-a:",
    "x-a:b:c",
    "a b",
    "a\0",
    "é",
    "a\n",
    "a" * 257,
    "a" * 1_000_000,
]


@pytest.mark.parametrize("id_", [f"sha256:{DIGEST}", DIGEST, "x-app:1.2_3~4-5", "words", "a" * 256])
def test_ids(id_: str) -> None:
    check_document_id(id_)


@pytest.mark.parametrize("id_", STRANGE)
def test_no_ids(id_: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_document_id(id_)

    assert caught.value.code is Code.INVALID_PARAMETERS


def test_a_claim_names_a_hash() -> None:
    assert check_claim({"version": 1, "sha256Hash": DIGEST, "more": None}) == DIGEST


@pytest.mark.parametrize("hash_", [*STRANGE, None, 1, [], {}])
def test_a_claim_without_a_hash(hash_: object) -> None:
    with pytest.raises(RefusedError) as caught:
        check_claim({"version": 1, "sha256Hash": hash_})

    assert caught.value.code is Code.BAD_REQUEST


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_a_claim_of_another_version(version: object) -> None:
    with pytest.raises(RefusedError) as caught:
        check_claim({"version": version, "sha256Hash": DIGEST})

    assert caught.value.code is Code.BAD_REQUEST
    assert caught.value.errors[0]["message"] == "Unsupported persisted query version"


@pytest.mark.parametrize("claim", ["", [], 1, "1"])
def test_a_claim_that_is_no_object(claim: object) -> None:
    with pytest.raises(RefusedError) as caught:
        check_claim(claim)

    assert caught.value.code is Code.INVALID_PARAMETERS
