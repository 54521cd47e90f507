"""Password: checked against its argon2 hash in a thread, as long for nobody as for somebody."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_LENGTH = 1_024
_AT_ONCE = 2  # each check takes 64 MiB and a core


class Passwords:
    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def match(self, hashed: str | None, password: str) -> bool:
        """Whether ``password`` is the one of ``hashed``; ``None`` is nobody's and matches nothing."""
        async with self._slots:
            return await asyncio.to_thread(_match, hashed, password)


def hash_password(password: str) -> str:
    return PasswordHasher().hash(password)


def _match(hashed: str | None, password: str) -> bool:
    try:
        return _verify(hashed or _nobody(), password) and hashed is not None
    except InvalidHashError:  # an account that has no password
        _verify(_nobody(), password)
        return False


def _verify(hashed: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except VerificationError:
        return False


@cache
def _nobody() -> str:
    """A hash that takes as long to check as any other."""
    return hash_password("")
