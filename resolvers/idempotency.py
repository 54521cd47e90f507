"""Idempotency: what a caller asks for under one key is made once, however often it is asked for."""

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from datasources.errors import StoreUnavailableError, UnknownOutcomeError
from datasources.postgres.unit_of_work import Claim
from resolvers.context import Context
from resolvers.pricing import EXACT
from resolvers.problem import Problem, Problems

T = TypeVar("T")

MOST_KEY_CHARACTERS = 200
_MOST_ATTEMPTS = 4


def claim(context: Context, mutation: str, key: str, request: Mapping[str, Any]) -> Claim:
    """``request`` is all that the mutation was given; equal numbers are equal however they are written."""
    text = json.dumps([mutation, request], sort_keys=True, default=_plain)
    return Claim(context.viewer.id, key, blake2b(text.encode(), digest_size=32).digest())


def check_key(problems: Problems, key: str) -> None:
    problems.text(key, MOST_KEY_CHARACTERS, "idempotencyKey")


def refuse_key(problems: Problems) -> None:
    message = "This key stands for another request of yours; take a new one for each thing made."
    problems.add(Problem.KEY_REUSED, message, "idempotencyKey")


async def once(attempt: Callable[[], Awaitable[T | None]]) -> T:
    """The outcome of ``attempt``, which looks first what is kept under its key, and ``None`` loses a race.

    Where a connection was lost under a change, the next look finds out whether it was made.
    """
    for number in range(_MOST_ATTEMPTS):
        try:
            outcome = await attempt()
        except UnknownOutcomeError:
            if number == _MOST_ATTEMPTS - 1:
                raise
        else:
            if outcome is not None:
                return outcome
    raise StoreUnavailableError("postgresql", "has too many writers at the same key", 1.0)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(EXACT.plus(value).normalize(EXACT), "f")
    return str(value)
