"""Identity: ids drawn from the seed and a row's number, so that any row can name any other."""

from datetime import datetime
from hashlib import blake2b
from random import Random
from uuid import UUID


class Identity:
    """Nothing is remembered: the id of row 900,000 costs what the id of row 1 costs."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._key = str(seed).encode()[:64]

    def user(self, number: int) -> UUID:
        return self._uuids("user", number, 1)[0]

    def customer(self, number: int) -> UUID:
        return self._uuids("customer", number, 1)[0]

    def calculation(self, number: int) -> UUID:
        return self._uuids("calculation", number, 1)[0]

    def components(self, number: int) -> tuple[UUID, ...]:
        """The ids of the four components of a calculation."""
        return self._uuids("component", number, 4)

    def trace(self, number: int) -> str:
        """The trace that priced a calculation."""
        return self._digest("trace", number, 16).hex()

    def random(self, purpose: str, number: int = 0) -> Random:
        """A stream of its own for one purpose and one piece of the work."""
        return Random(f"{self._seed}:{purpose}:{number}")  # noqa: S311 - no secret hangs on it

    def _uuids(self, kind: str, number: int, count: int) -> tuple[UUID, ...]:
        digest = self._digest(kind, number, 16 * count)
        return tuple(
            UUID(bytes=digest[start : start + 16], version=4) for start in range(0, 16 * count, 16)
        )

    def _digest(self, kind: str, number: int, size: int) -> bytes:
        material = number.to_bytes(8, "big")
        return blake2b(material, digest_size=size, key=self._key, person=kind.encode()).digest()


def object_id(timestamp: datetime, random: Random) -> str:
    """An ObjectId as a server of that moment might have made it."""
    return f"{int(timestamp.timestamp()):08x}{random.getrandbits(64):016x}"
