"""Call: asks a batch function for keys, each once, and gives every use its slots.

What a function raises is the error of each of its keys; so is an answer of the wrong length.
"""

from asyncio import CancelledError, current_task
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, NamedTuple

from gateway.engine.column import Column
from gateway.engine.source import Arguments

Slots = list[Any]

MOST_KEYS = 5_000  # of one call; more are asked for in parts, one after the other


class Ask(NamedTuple):
    """One use of a field that waits for its values: ``keys`` are those to ask for, without nulls and errors
    in ``each``, the keys that the rows have."""

    column: Column
    each: list[Any]
    keys: list[Any]
    arguments: Arguments

    def values(self, slots: Slots) -> list[Any]:
        """A value for each key; where the key is null or an error, so is the value."""
        if len(slots) == len(self.each):
            return slots
        rest = iter(slots)
        return [next(rest) if is_key(key) else key for key in self.each]


class Question:
    """What is asked of one function with one selection and the same arguments, and what is known of it."""

    def __init__(self, function: Any, selection: Any, arguments: Arguments) -> None:
        self.function = function
        self.selection = selection
        self.arguments = arguments
        self.known: dict[Any, Any] = {}

    async def ask(self, context: Any, asks: Sequence[Ask]) -> list[Slots]:
        """The slots of each ask, in the order of its keys."""
        try:
            wanted = dict.fromkeys(key for ask in asks for key in ask.keys)
        except TypeError:  # keys that have no hash cannot be told apart
            return [await self._in_parts(context, ask.keys) for ask in asks]
        missing = [key for key in wanted if key not in self.known] if self.known else list(wanted)
        slots = await self._in_parts(context, missing) if missing else []
        if len(asks) == 1 and not self.known and len(missing) == len(asks[0].keys):
            self.known = dict(zip(missing, slots, strict=True))
            return [slots]
        self.known.update(zip(missing, slots, strict=True))
        return [[self.known[key] for key in ask.keys] for ask in asks]

    def count(self, asks: Sequence[Ask]) -> int:
        """How many keys are to be asked for."""
        keys = [key for ask in asks for key in ask.keys]
        try:
            return len(set(keys) - self.known.keys())
        except TypeError:
            return len(keys)

    async def _in_parts(self, context: Any, keys: list[Any]) -> Slots:
        if len(keys) <= MOST_KEYS:
            return await self._ask_once(context, keys)
        slots: Slots = []
        for start in range(0, len(keys), MOST_KEYS):
            slots += await self._ask_once(context, keys[start : start + MOST_KEYS])
        return slots

    def _ask_once(self, context: Any, keys: list[Any]) -> Awaitable[Slots]:
        return ask_once(self.function, context, keys, self.selection, self.arguments)


# Questions by their number and the text of their arguments.
Known = dict[tuple[int, str], Question]


async def ask_once(
    function: Any, context: Any, keys: list[Any], selection: Any, arguments: Arguments
) -> Slots:
    """A slot for each key, by one call."""
    try:
        return checked(function, await function(context, keys, selection, **arguments), len(keys))
    except Exception as error:
        return [error] * len(keys)
    except CancelledError:
        return [cut_short(function)] * len(keys)


def checked(function: Any, slots: Iterable[Any], number: int) -> Slots:
    """What ``function`` answered, which must be as many slots."""
    found = list(slots)
    if len(found) != number:
        name = getattr(function, "__qualname__", repr(function))
        raise RuntimeError(f"{name} answered {number} keys with {len(found)} slots")
    return found


def text_of(arguments: Arguments) -> str:
    """The same text for the same arguments."""
    return repr(sorted(arguments.items()))


def is_key(value: Any) -> bool:
    return value is not None and not isinstance(value, Exception)


def cut_short(function: Any) -> Exception:
    """The error of work that was cancelled by itself; where the run is what is cancelled, it stays so."""
    task = current_task()
    if task is None or task.cancelling():
        raise CancelledError
    return RuntimeError(f"{getattr(function, '__qualname__', 'a resolver')} was cancelled")


def distinct(keys: Iterable[Any]) -> tuple[list[Any], list[int] | None]:
    """Each key once, and for each of ``keys`` where it stands among those; ``None`` where nothing changes.

    Keys without a hash stay as they are.
    """
    listed = list(keys)
    try:
        places = {key: place for place, key in enumerate(dict.fromkeys(listed))}
    except TypeError:
        return listed, None
    if len(places) == len(listed):
        return listed, None
    return list(places), [places[key] for key in listed]
