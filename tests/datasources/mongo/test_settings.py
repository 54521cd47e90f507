"""Settings: the database's name, and connection strings that no server could have."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from datasources.mongo.settings import MongoSettings


@pytest.mark.parametrize(
    ("values", "database"),
    [
        ({"url": "mongodb://localhost"}, "pricing"),
        ({"url": "mongodb://localhost/"}, "pricing"),
        ({"url": "mongodb://localhost/?w=1"}, "pricing"),
        ({"url": "mongodb://localhost/orders?w=1"}, "orders"),
        ({"url": "mongodb+srv://cluster.example.com/orders"}, "orders"),
        ({"url": "mongodb://localhost/orders", "database": "other"}, "other"),
        ({"url": "mongodb://localhost/orders", "database": None}, "orders"),
    ],
)
def test_the_database_is_named_by_the_setting_then_by_the_url(
    values: dict[str, str], database: str
) -> None:
    assert MongoSettings.model_validate(values).database == database


@pytest.mark.parametrize(
    "url", ["", "localhost:27017", "postgresql://localhost", "mongodb://", "mongodb://u:p@w@host/"]
)
def test_a_url_that_is_no_connection_string_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MongoSettings(url=url)
    assert [error["loc"] for error in caught.value.errors()] == [("url",)]


def test_the_url_is_not_shown_because_it_may_hold_a_password() -> None:
    assert "secret" not in repr(MongoSettings(url="mongodb://user:secret@localhost/"))


_OPEN = """
import asyncio, sys
{before}
from datasources.mongo.client import Mongo
from datasources.mongo.settings import MongoSettings
async def main():
    mongo = await Mongo.open(MongoSettings(url="mongodb://127.0.0.1:9/", driver="{driver}"))
    await mongo.close()
try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__, error)
print("motor" in sys.modules and sys.modules["motor"] is not None)
"""


@pytest.mark.parametrize(
    ("driver", "before", "printed"),
    [
        ("pymongo", "", ["False"]),
        ("motor", "", ["True"]),
        (
            "motor",
            "sys.modules['motor'] = None",
            [
                "MotorMissingError The MongoDB driver is set to motor, which is not installed: "
                "install the extra with pip install 'pricing-gateway[motor]', or set the driver to "
                "pymongo (the default).",
                "False",
            ],
        ),
    ],
)
def test_motor_is_imported_only_when_it_is_chosen(
    driver: str, before: str, printed: list[str]
) -> None:
    script = _OPEN.format(driver=driver, before=before)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert (done.stdout.splitlines(), done.stderr) == (printed, "")
