"""Connection: one asyncpg connection, told how this gateway reads values."""

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from datasources.postgres.settings import PostgresSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:  # the class takes its parameter in the stubs alone
    Connection = asyncpg.Connection

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # Compiling a statement takes longer than any statement of the gateway runs.
    "jit": "off",
}
_JSONB_VERSION = b"\x01"
_LONGEST_KEPT = (
    65_536  # a folded statement has a few hundred characters for each relation and field
)


async def connect(settings: PostgresSettings, name: str = "pricing-gateway") -> Connection:
    """``name`` is what the server's own views show of the connection."""
    connection = await asyncpg.connect(
        settings.url,
        timeout=settings.connect_timeout_seconds,
        statement_cache_size=settings.statement_cache_size,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=_LONGEST_KEPT,
        server_settings={**_SERVER_SETTINGS, "application_name": name},
    )
    try:
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=_encode_jsonb,
            decoder=_decode_jsonb,
            format="binary",
        )
        # Folded JSON is read as this type, which no column has: as the bytes that it is sent on as.
        await connection.set_type_codec(
            "bpchar", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
        )
    except BaseException:
        connection.terminate()
        raise
    return connection


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + orjson.dumps(value)


def _decode_jsonb(value: bytes) -> Any:
    return orjson.loads(memoryview(value)[len(_JSONB_VERSION) :])
