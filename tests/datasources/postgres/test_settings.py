"""Settings: what they refuse, and that they keep the password to themselves."""

import pytest
from pydantic import ValidationError

from datasources.postgres.settings import PostgresSettings

URL = "postgresql://gateway:secret@127.0.0.1:5432/pricing"


def test_the_defaults() -> None:
    settings = PostgresSettings(url=URL)
    assert settings.model_dump(exclude={"url"}) == {
        "pool_min_size": 2,
        "pool_max_size": 10,
        "timeout_seconds": 5.0,
        "connect_timeout_seconds": 3.0,
        "statement_cache_size": 1024,
    }


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(PostgresSettings(url=URL))


@pytest.mark.parametrize("url", ["", "pricing", "mysql://host/pricing", "postgresql://host"])
def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is not a PostgreSQL connection string"):
        PostgresSettings(url=url)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pool_max_size": 0},
        {"pool_min_size": 3, "pool_max_size": 2},
        {"timeout_seconds": 0},
        {"connect_timeout_seconds": -1},
        {"unknown": 1},
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PostgresSettings.model_validate({"url": URL, **wrong})
