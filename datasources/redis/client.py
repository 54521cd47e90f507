"""Client: the one way to Redis, bounded in time and connections, guarded by a breaker, watched."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as LateError
from redis.maint_notifications import MaintNotificationsConfig

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError
from datasources.observer import Observer, StoreCall, ignore
from datasources.records import StoreStatusRecord
from datasources.redis.line import Lines
from datasources.redis.mail import Argument, Mail
from datasources.redis.scripts import Script
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

STATUS_TIMEOUT_SECONDS = 1.0

_Send = Callable[..., Awaitable[Any]]


class RedisStore:
    """Never asks twice: a command whose answer was lost may have been carried out."""

    def __init__(self, settings: RedisSettings, observer: Observer) -> None:
        self.settings = settings
        self._observer = observer
        self.breaker = Breaker("redis")
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
        self._pool: Lines = Lines.from_url(
            settings.url, max_connections=settings.pool_max_size, **self._options
        )
        self._mail = Mail(self._pool, settings.timeout_seconds)
        self._redis = Redis(connection_pool=self._pool)
        self._command: _Send = self._redis.execute_command

    @classmethod
    async def open(cls, settings: RedisSettings, observer: Observer = ignore) -> Self:
        """Connects with the first call, so that a Redis that is down stops nobody's start."""
        return cls(settings, observer)

    async def close(self) -> None:
        await self._mail.close()
        await self._redis.aclose()
        await self._pool.disconnect()

    async def execute(self, scope: Scope, command: str, *arguments: Argument) -> Any:
        """The answer in the driver's plain shape: bytes, integers, lists of them."""
        return await self._guard(scope, command, self._alone, (command, *arguments))

    async def read(self, scope: Scope, command: str, *arguments: Argument) -> list[Any]:
        """The same of a command that reads what an operation asked for, which the observer counts."""
        found: list[Any] = await self._guard(
            scope, command, self._mail.send, (command, *arguments), _rows
        )
        return found

    async def run(
        self,
        scope: Scope,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        now: bool = False,
    ) -> Any:
        """Runs ``script`` as one step, in one write with what others run in this turn of the loop.

        Its text travels only to a Redis that does not know it. ``now`` does not wait for the turn's end.
        """
        rest = (len(keys), *keys, *arguments)
        together = self._mail.send_now if now else self._mail.send
        try:
            short = ("EVALSHA", script.digest, *rest)
            return await self._guard(scope, f"EVALSHA {script.name}", together, short)
        except NoScriptError:
            long = ("EVAL", script.text, *rest)
            return await self._guard(scope, f"EVAL {script.name}", together, long)

    def post(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> None:
        """The same for work that nobody waits for: returns at once, and is not done where Redis is away.

        Goes past the observer: it is no call of the operation after which it comes.
        """
        if self.breaker.state != "closed":
            return
        rest = (len(keys), *keys, *arguments)

        def again(answer: asyncio.Future[Any]) -> None:
            if not answer.cancelled() and isinstance(answer.exception(), NoScriptError):
                self._mail.send("EVAL", script.text, *rest).add_done_callback(_forget)

        self._mail.linger("EVALSHA", script.digest, *rest).add_done_callback(again)

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
        latency_ms = None if message else round((perf_counter() - began) * 1000, 2)
        in_use = len(self._pool._in_use_connections) + self._mail.in_use
        idle = self._pool._available_connections
        return StoreStatusRecord(
            name="redis",
            available=message is None,
            latency_ms=latency_ms,
            version=version,
            breaker=self.breaker.state,
            pool_size=len(self._pool._in_use_connections)
            + self._mail.size
            + sum(each.is_connected for each in idle),
            pool_in_use=in_use,
            message=message,
        )

    async def _alone(self, *command: Argument) -> Any:
        async with asyncio.timeout(self.settings.timeout_seconds):
            return await self._command(*command)

    async def _guard(
        self,
        scope: Scope,
        statement: str,
        send: _Send,
        command: tuple[Argument, ...],
        rows: Callable[[Any], int] | None = None,
    ) -> Any:
        remaining = scope.remaining_seconds()
        if remaining < 2 * self.settings.timeout_seconds:  # of a wait for a probe, and of the call
            # The reader's own haste is no failure of Redis and must not open the breaker.
            try:
                async with asyncio.timeout(remaining):
                    return await self._ask(statement, send, command, rows)
            except TimeoutError:
                raise self._unavailable("did not answer before the deadline") from None
        return await self._ask(statement, send, command, rows)

    async def _ask(
        self,
        statement: str,
        send: _Send,
        command: tuple[Argument, ...],
        rows: Callable[[Any], int] | None,
    ) -> Any:
        with self.breaker.guard() or await self.breaker.wait(self.settings.timeout_seconds):
            began = perf_counter()
            answer: Any = None
            try:
                answer = await send(*command)
            except NoScriptError:
                raise
            except TimeoutError:
                raise self._unavailable("did not answer in time") from None
            except (RedisError, OSError) as error:
                raise self._unavailable(_reason(error)) from error
            finally:
                seconds = perf_counter() - began
                found = rows(answer) if rows and answer is not None else 0
                self._observer(StoreCall("redis", statement, seconds, found))
            return answer

    def _unavailable(self, reason: str) -> StoreUnavailableError:
        return StoreUnavailableError("redis", reason, self.breaker.open_seconds)


def _forget(answer: asyncio.Future[Any]) -> None:
    """Looks at the outcome, so that nobody warns that it was never looked at."""
    if not answer.cancelled():
        answer.exception()


def _reason(error: Exception) -> str:
    if isinstance(error, LateError):  # the driver's own, to connect
        return "did not answer in time"
    return "cannot be reached" if isinstance(error, NoConnectionError | OSError) else "refused"


def _rows(answer: Sequence[object]) -> int:
    return sum(item is not None for item in answer)
