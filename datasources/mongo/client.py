"""Client: the one funnel through which every call to MongoDB goes, whichever driver makes it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from time import monotonic
from typing import Any, Self, TypeVar

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError
from datasources.mongo import statement
from datasources.mongo.connect import open_driver
from datasources.mongo.driver import Aggregation, Document, Driver, Find
from datasources.mongo.pool import PoolGauge
from datasources.mongo.settings import MongoSettings
from datasources.mongo.silence import reason_of, unavailable
from datasources.mongo.wait import Waits
from datasources.observer import Observer, StoreCall, ignore
from datasources.records import StoreStatusRecord
from datasources.scope import Scope

T = TypeVar("T")

_BUILD: Document = {"buildInfo": 1}
_STATUS_SECONDS = 1.0
_CLOSE_SECONDS = 1.0
# A call that got less than this before its operation's deadline says nothing about the store.
_FAIR_SECONDS = 1.0
# The server gives up a little before the client does, so that its word still arrives and the
# connection stays good. Less than a millisecond cannot be sent: to the server, 0 means no limit.
_SERVER_SHARE = 0.95
_SHORTEST_SECONDS = 0.002


# A call that may be left at any moment; ``None`` says that it is to be made the ordinary way.
_Quick = Callable[[int], Coroutine[Any, Any, T | None]]


class Mongo:
    """Each call is limited on both sides: the server by maxTimeMS, the driver by its own clock."""

    def __init__(
        self, settings: MongoSettings, driver: Driver, pool: PoolGauge, observer: Observer
    ) -> None:
        self.settings = settings
        self._driver = driver
        self._pool = pool
        self._observer = observer
        self.breaker = Breaker("mongodb")
        self._waits = Waits()
        self._closed = False

    @classmethod
    async def open(cls, settings: MongoSettings, observer: Observer = ignore) -> Self:
        """Ready to ask; a server that is down now is connected to when it is back."""
        pool = PoolGauge()
        return cls(settings, open_driver(settings, pool), pool, observer)

    async def close(self) -> None:
        """Takes leave of the server; from one that hangs, without a word."""
        self._closed = True
        try:
            await self._waits.within(_CLOSE_SECONDS, self._driver.close())
        except TimeoutError:
            await self._driver.close()  # the first try has given up the sessions it would end
        await self._waits.end(_CLOSE_SECONDS)

    async def find(self, scope: Scope, read: Find) -> list[Document]:
        call, quick = partial(self._driver.find, read), partial(self._driver.quick_find, read)
        return await self._ask(scope, call, len, lambda: statement.of_find(read), quick)

    async def aggregate(self, scope: Scope, read: Aggregation) -> list[Document]:
        call = partial(self._driver.aggregate, read)
        quick = partial(self._driver.quick_aggregate, read)
        return await self._ask(scope, call, len, lambda: statement.of_aggregate(read), quick)

    async def count(
        self, scope: Scope, collection: str, match: Document, hint: str | None = None
    ) -> int:
        pipeline = [{"$match": match}, {"$group": {"_id": None, "count": {"$sum": 1}}}]
        counted = await self.aggregate(scope, Aggregation(collection, pipeline, hint))
        return int(counted[0]["count"]) if counted else 0

    async def insert(self, scope: Scope, collection: str, documents: Sequence[Document]) -> int:
        """The only call that the server does not limit: an insert knows no maxTimeMS."""

        async def call(_: int) -> int:
            return await self._driver.insert(collection, documents)

        return await self._ask(scope, call, int, lambda: f"insert {collection}")

    async def command(self, scope: Scope, command: Document) -> Document:
        call = partial(self._driver.command, command)
        return await self._ask(scope, call, lambda _: 1, lambda: statement.of_command(command))

    async def status(self) -> StoreStatusRecord:
        """Asks past the breaker, so that it tells of a store that has come back."""
        version, message, started = None, None, monotonic()
        try:
            answer = await self._answer(_STATUS_SECONDS, partial(self._driver.command, _BUILD))
            version = answer["version"]
        except StoreUnavailableError as error:
            message = error.reason
        return {
            "name": "mongodb",
            "available": version is not None,
            "latency_ms": round((monotonic() - started) * 1000, 2) if version else None,
            "version": version,
            "breaker": self.breaker.state,
            "pool_size": self._pool.size,
            "pool_in_use": self._pool.in_use,
            "message": message,
        }

    async def _ask(
        self,
        scope: Scope,
        call: Callable[[int], Coroutine[Any, Any, T]],
        rows: Callable[[T], int],
        text: Callable[[], str],
        quick: _Quick[T] | None = None,
    ) -> T:
        remaining = scope.remaining_seconds()
        seconds = min(self.settings.timeout_seconds, remaining)
        if seconds < _SHORTEST_SECONDS:
            raise unavailable("was not asked: no time is left")
        try:
            with self.breaker.guard() or await self.breaker.wait(seconds):
                seconds = min(seconds, scope.remaining_seconds())  # less, where it had to wait
                fair = seconds >= min(self.settings.timeout_seconds, _FAIR_SECONDS)
                try:
                    return await self._observed(seconds, call, rows, text, quick)
                except StoreUnavailableError as error:
                    if fair:
                        raise
                    raise TimeoutError(error.reason) from None
        except TimeoutError as error:
            raise unavailable(str(error)) from None

    async def _observed(
        self,
        seconds: float,
        call: Callable[[int], Coroutine[Any, Any, T]],
        rows: Callable[[T], int],
        text: Callable[[], str],
        quick: _Quick[T] | None,
    ) -> T:
        started, count = monotonic(), 0
        try:
            answer = await self._answer(seconds, call, quick)
            count = rows(answer)
            return answer
        finally:
            if self._observer is not ignore:
                self._observer(StoreCall("mongodb", text, monotonic() - started, count))

    async def _answer(
        self,
        seconds: float,
        call: Callable[[int], Coroutine[Any, Any, T]],
        quick: _Quick[T] | None = None,
    ) -> T:
        """Turns silence of the store into StoreUnavailableError."""
        try:
            if quick is not None:
                until = monotonic() + seconds
                async with asyncio.timeout(seconds):
                    found = await quick(_server_limit(seconds))
                if found is not None:
                    return found
                seconds = max(0.0, until - monotonic())
            if self._closed:
                raise unavailable("was closed")
            return await self._waits.within(seconds, call(_server_limit(seconds)))
        except TimeoutError:
            raise unavailable("did not answer in time") from None
        except Exception as error:
            reason = reason_of(error)
            if reason is None:
                raise
            raise unavailable(reason) from error


def _server_limit(seconds: float) -> int:
    """In milliseconds."""
    return max(1, int(seconds * 1000 * _SERVER_SHARE))
