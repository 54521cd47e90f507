"""Connect: the choice between the two drivers, and the options that both are opened with."""

from datetime import UTC
from decimal import Decimal
from typing import Any

from bson import Decimal128
from bson.codec_options import TypeRegistry
from pymongo.monitoring import ConnectionPoolListener

from datasources.errors import DatasourceError
from datasources.mongo.driver import Driver
from datasources.mongo.pool import PoolGauge
from datasources.mongo.settings import MongoSettings

_SERVER_SELECTION_MS = 1000
_CONNECT_MS = 1000


class MotorMissingError(DatasourceError):
    """The setting asks for Motor, and Motor is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The MongoDB driver is set to motor, which is not installed: install the extra with "
            "pip install 'pricing-gateway[motor]', or set the driver to pymongo (the default)."
        )


def open_driver(settings: MongoSettings, pool: PoolGauge) -> Driver:
    """The driver that ``settings`` names; connects with the first call, not here."""
    if settings.driver == "motor":
        try:
            from datasources.mongo.motor_driver import MotorDriver
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "motor":
                raise
            raise MotorMissingError from None
        return MotorDriver(settings, client_options(settings, pool))
    from datasources.mongo.pymongo_driver import PyMongoDriver

    return PyMongoDriver(settings, client_options(settings, pool), pool)


def client_options(settings: MongoSettings, pool: ConnectionPoolListener) -> dict[str, Any]:
    """Both drivers take the same options; a server that is down answers within a second."""
    return {
        "tz_aware": True,
        "tzinfo": UTC,
        "uuidRepresentation": "standard",
        "type_registry": TypeRegistry(fallback_encoder=_encode),
        "serverSelectionTimeoutMS": _SERVER_SELECTION_MS,
        "connectTimeoutMS": _CONNECT_MS,
        "socketTimeoutMS": int(settings.timeout_seconds * 1000),
        "maxPoolSize": settings.pool_max_size,
        "appname": "pricing-gateway",
        "event_listeners": [pool],
    }


def _encode(value: Any) -> Any:
    return Decimal128(value) if isinstance(value, Decimal) else value
