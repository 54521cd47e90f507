"""Connection: one asyncpg connection, told how this gateway reads values."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from datasources.postgres.settings import PostgresSettings

if TYPE_CHECKING:
    _Plain = asyncpg.Connection[asyncpg.Record]
    _Prepared = asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]
else:  # the class takes its parameter in the stubs alone
    _Plain = asyncpg.Connection

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # Compiling a statement takes longer than any statement of the gateway runs.
    "jit": "off",
}
_LONGEST_LIMIT = 2_147_483_647  # milliseconds
_JSONB_VERSION = b"\x01"
_SHORT = 2_000  # characters; up to here asyncpg keeps as many statements as the settings say
_LONGEST_KEPT = 65_536
_MOST_KEPT = 524_288  # PostgreSQL takes 35 bytes a character, and as much again for a plan it keeps


class Connection(_Plain):
    """Keeps long statements prepared as well, those used last, for as long as all of them are not too long.

    Clients write what folded statements consist of, in as many ways as there are names and orders of fields.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.keeps = True
        self.kept: OrderedDict[str, _Prepared] = OrderedDict()
        self.kept_characters = 0

    def answer(
        self, query: str, arguments: Sequence[object], seconds: float | None = None
    ) -> Coroutine[Any, Any, list[asyncpg.Record]]:
        """The rows of a statement, which is prepared or is from now on, where it is kept.

        Raises ``TimeoutError`` once the ``seconds`` are over, where they are given.
        """
        if self.keeps and _SHORT < len(query) <= _LONGEST_KEPT:
            return self._answer_kept(query, arguments, seconds)
        return self.fetch(query, *arguments, timeout=seconds)  # asyncpg keeps it, or nobody does

    async def _answer_kept(
        self, query: str, arguments: Sequence[object], seconds: float | None
    ) -> list[asyncpg.Record]:
        async with asyncio.timeout(seconds):
            try:
                statement = self.kept.get(query) or await self._keep(query)
                self.kept.move_to_end(query)
                return await statement.fetch(*arguments)
            except (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError):
                self._forget(query)
                return await self.fetch(query, *arguments)

    async def _keep(self, query: str) -> "_Prepared":
        statement = await self.prepare(query)
        self.kept[query] = statement
        self.kept_characters += len(query)
        while self.kept_characters > _MOST_KEPT:
            self._forget(next(iter(self.kept)))
        return statement

    def _forget(self, query: str) -> None:
        """The server is told before the next statement is prepared."""
        if self.kept.pop(query, None) is not None:
            self.kept_characters -= len(query)


async def connect(
    settings: PostgresSettings, name: str = "pricing-gateway", *, patient: bool = False
) -> Connection:
    """``name`` is what the server's own views show of the connection; ``patient``, it takes any time.

    Otherwise the server itself ends a statement that takes longer than a call may: one that waits for a lock
    when its gateway is killed would else wait on, and be carried out.
    """
    limit = 0 if patient else min(ceil(settings.timeout_seconds * 1000), _LONGEST_LIMIT)
    connection = await asyncpg.connect(
        settings.url,
        connection_class=Connection,
        timeout=settings.connect_timeout_seconds,
        statement_cache_size=settings.statement_cache_size,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=_SHORT,
        server_settings={
            **_SERVER_SETTINGS,
            "application_name": name,
            "statement_timeout": str(limit),
        },
    )
    connection.keeps = settings.statement_cache_size > 0
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
