"""Client: the one way to Redis, bounded in time and connections, guarded by a breaker, watched."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError
from datasources.observer import Observer, StoreCall, ignore
from datasources.records import StoreStatusRecord
from datasources.redis.scripts import Script
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

Argument = str | bytes | int

STATUS_TIMEOUT_SECONDS = 1.0


class RedisStore:
    """Never asks twice: a command whose answer was lost may have been carried out."""

    def __init__(self, settings: RedisSettings, observer: Observer) -> None:
        self.settings = settings
        self._observer = observer
        self._breaker = Breaker("redis")
        # One timeout around the whole call (below) replaces the driver's own per read and write.
        self._options: dict[str, Any] = {
            "socket_timeout": None,
            "socket_connect_timeout": settings.timeout_seconds,
            "retry": Retry(NoBackoff(), 0),
            "client_name": "pricing-gateway",
            "driver_info": None,
            "legacy_responses": False,
            "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        }
        self._pool = BlockingConnectionPool.from_url(
            settings.url, max_connections=settings.pool_max_size, timeout=None, **self._options
        )
        self._redis = Redis(connection_pool=self._pool)
        self._command: Callable[..., Awaitable[Any]] = self._redis.execute_command

    @classmethod
    async def open(cls, settings: RedisSettings, observer: Observer = ignore) -> Self:
        """Connects with the first call, so that a Redis that is down stops nobody's start."""
        return cls(settings, observer)

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.disconnect()

    async def execute(self, scope: Scope, command: str, *arguments: Argument) -> Any:
        """The answer in the driver's plain shape: bytes, integers, lists of them."""
        return await self._guard(scope, command, (command, *arguments))

    async def run(
        self, scope: Scope, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Any:
        """Runs ``script`` as one step; its text travels only to a Redis that does not know it."""
        rest = (len(keys), *keys, *arguments)
        statement = f"EVALSHA {script.name}"
        try:
            return await self._guard(scope, statement, ("EVALSHA", script.digest, *rest))
        except NoScriptError:
            return await self._guard(scope, f"EVAL {script.name}", ("EVAL", script.text, *rest))

    async def wait(self, scope: Scope, seconds: float, command: str, *arguments: Argument) -> Any:
        """A command that Redis itself answers only when there is something, or after ``seconds``.

        Goes past the breaker and the observer: how long it takes says nothing of Redis.
        """
        longest = min(seconds + self.settings.timeout_seconds, scope.remaining_seconds())
        try:
            async with asyncio.timeout(longest):
                return await self._command(command, *arguments)
        except TimeoutError:
            raise self._unavailable("did not answer in time") from None
        except (RedisError, OSError) as error:
            raise self._unavailable(_reason(error)) from error

    async def listen(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        """What is published on ``channel``, over a connection of its own, until that is lost.

        ``None`` says that listening began, maybe anew: what was published before did not arrive.
        """
        try:
            async with (
                Redis.from_url(self.settings.url, **self._options) as redis,
                redis.pubsub() as subscription,
            ):
                await subscription.subscribe(channel)
                async for message in subscription.listen():
                    if message["type"] == "subscribe":
                        yield None
                    elif message["type"] == "message":
                        yield message["data"]
        except (RedisError, OSError) as error:
            raise self._unavailable(_reason(error)) from error

    async def status(self) -> StoreStatusRecord:
        """Asks past the breaker, so that it tells what is, and never raises."""
        version, message = None, None
        began = perf_counter()
        try:
            async with asyncio.timeout(min(STATUS_TIMEOUT_SECONDS, self.settings.timeout_seconds)):
                about: dict[str, Any] = await self._redis.info("server")
                version = str(about.get("redis_version", "")) or None
        except TimeoutError:
            message = "did not answer in time"
        except (RedisError, OSError) as error:
            message = _reason(error)
        latency_ms = None if message else (perf_counter() - began) * 1000
        in_use = len(self._pool._in_use_connections)
        return StoreStatusRecord(
            name="redis",
            available=message is None,
            latency_ms=latency_ms,
            version=version,
            breaker=self._breaker.state,
            pool_size=in_use + sum(each.is_connected for each in self._pool._available_connections),
            pool_in_use=in_use,
            message=message,
        )

    async def _guard(self, scope: Scope, statement: str, command: tuple[Argument, ...]) -> Any:
        remaining = scope.remaining_seconds()
        if remaining < 2 * self.settings.timeout_seconds:  # of a wait for a probe, and of the call
            # The reader's own haste is no failure of Redis and must not open the breaker.
            try:
                async with asyncio.timeout(remaining):
                    return await self._ask(statement, command)
            except TimeoutError:
                raise self._unavailable("did not answer before the deadline") from None
        return await self._ask(statement, command)

    async def _ask(self, statement: str, command: tuple[Argument, ...]) -> Any:
        async with self._breaker.guard(self.settings.timeout_seconds):
            began = perf_counter()
            answer: Any = None
            try:
                async with asyncio.timeout(self.settings.timeout_seconds):
                    answer = await self._command(*command)
            except NoScriptError:
                raise
            except TimeoutError:
                raise self._unavailable("did not answer in time") from None
            except (RedisError, OSError) as error:
                raise self._unavailable(_reason(error)) from error
            finally:
                seconds = perf_counter() - began
                self._observer(StoreCall("redis", statement, seconds, _rows(answer)))
            return answer

    def _unavailable(self, reason: str) -> StoreUnavailableError:
        return StoreUnavailableError("redis", reason, self._breaker.open_seconds)


def _reason(error: Exception) -> str:
    return "cannot be reached" if isinstance(error, NoConnectionError | OSError) else "refused"


def _rows(answer: object) -> int:
    if isinstance(answer, list):
        return sum(item is not None for item in answer)
    return int(answer is not None)
