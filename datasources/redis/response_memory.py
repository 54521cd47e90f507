"""Response memory: the answers that one process keeps for itself, bounded by bytes, forgotten by tag.

It asks nobody. What it holds may be given out only while the process holds a lease, which it is given
when it has seen every bump (response_watch.py).
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

_ENTRY_BYTES = 1_000  # of an entry's objects beside its body, roughly
_TAG_BYTES = 200  # of a tag in the entry and in the index
_MOST_BUMPS = 10_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the row of bumps; the epoch of a Redis that forgot never comes again."""

    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is the data entry as JSON, read at ``moment`` or later; ``filled_at`` is monotonic."""

    body: bytes
    tags: Sequence[str]
    moment: Moment
    filled_at: float
    until: float

    @property
    def age_seconds(self) -> float:
        return max(0.0, monotonic() - self.filled_at)


NEVER = Moment("", 0)


class ResponseMemory:
    """``seen`` is the last bump that it knows of; ``trusted_until`` is the end of the lease."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._keys: dict[str, set[str]] = {}
        self._bumps: dict[str, int] = {}
        self._floor = 0
        self.bytes = 0
        self.seen = NEVER
        self.trusted_until = 0.0

    @property
    def trusted(self) -> bool:
        return monotonic() < self.trusted_until

    def look(self, key: str) -> Answer | None:
        now = monotonic()
        if now >= self.trusted_until:
            return None
        answer = self._answers.get(key)
        if answer is None:
            return None
        if now >= answer.until:
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def put(self, key: str, answer: Answer) -> None:
        """Keeps ``answer`` unless a bump that is known here came after its data was read."""
        if not self._is_current(answer) or _bytes(key, answer) > self._max_bytes:
            return
        self._drop(key)
        self._answers[key] = answer
        self.bytes += _bytes(key, answer)
        for tag in answer.tags:
            self._keys.setdefault(tag, set()).add(key)
        while self.bytes > self._max_bytes:
            self._drop(next(iter(self._answers)))

    def bump(self, moment: Moment, tags: Iterable[str]) -> None:
        """Forgets what carries ``tags``; forgets everything where a bump before this one was missed."""
        if moment.epoch != self.seen.epoch or moment.sequence > self.seen.sequence + 1:
            self.restart(moment)
            return
        if moment.sequence > self.seen.sequence:
            self.seen = moment
        for tag in tags:
            self._bumps[tag] = max(moment.sequence, self._bumps.get(tag, 0))
            for key in tuple(self._keys.get(tag, ())):
                self._drop(key)
        if len(self._bumps) > _MOST_BUMPS:
            self._floor = self.seen.sequence
            self._bumps.clear()

    def restart(self, moment: Moment) -> None:
        """Forgets everything; nothing that was read before ``moment`` is taken any more."""
        self._answers.clear()
        self._keys.clear()
        self._bumps.clear()
        self.bytes = 0
        self.trusted_until = 0.0
        self.seen, self._floor = moment, moment.sequence

    def _is_current(self, answer: Answer) -> bool:
        moment = answer.moment
        if moment.epoch != self.seen.epoch or moment.sequence < self._floor:
            return False
        return all(self._bumps.get(tag, 0) <= moment.sequence for tag in answer.tags)

    def _drop(self, key: str) -> None:
        answer = self._answers.pop(key, None)
        if answer is None:
            return
        self.bytes -= _bytes(key, answer)
        for tag in answer.tags:
            keys = self._keys[tag]
            keys.discard(key)
            if not keys:
                del self._keys[tag]


def _bytes(key: str, answer: Answer) -> int:
    return _ENTRY_BYTES + len(key) + len(answer.body) + _TAG_BYTES * len(answer.tags)
