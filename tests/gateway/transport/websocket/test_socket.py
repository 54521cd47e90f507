"""Socket: what the request for one shows, by the origin of the page that asks."""

import pytest

from gateway.auth.credentials import NOTHING, Credentials
from gateway.errors import Code, RefusedError
from gateway.transport.settings import HttpSettings
from gateway.transport.websocket.socket import shake_hands

APP = "https://app.example"
SHOWN = {"host": "gateway.example", "cookie": "session=s3cret"}
COOKIE = Credentials(session="s3cret")


@pytest.mark.parametrize(
    ("origin", "listed", "expected"),
    [
        (None, "", COOKIE),
        ("https://gateway.example", "", COOKIE),
        (APP, APP, COOKIE),
        (APP, "*", NOTHING),
        ("null", "*", NOTHING),
    ],
)
def test_the_cookie_counts_where_the_page_may_be_trusted(
    origin: str | None, listed: str, expected: Credentials
) -> None:
    headers = SHOWN | ({"origin": origin} if origin else {})
    settings = HttpSettings.model_validate({"cors_origins": listed})

    assert shake_hands(headers, "::1", settings, "session").credentials == expected


@pytest.mark.parametrize("origin", [APP, "null", "https://gateway.example.evil", ""])
def test_other_pages_are_refused(origin: str) -> None:
    with pytest.raises(RefusedError) as refused:
        shake_hands(SHOWN | {"origin": origin}, "::1", HttpSettings(), "session")

    assert refused.value.code is Code.CSRF_PREVENTED


def test_credentials_that_cannot_be_read_may_still_be_made_up_for() -> None:
    shaken = shake_hands({"authorization": "Basic x"}, "::1", HttpSettings(), "session")

    assert isinstance(shaken.credentials, RefusedError)
