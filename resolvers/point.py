"""Point reads: objects by the ids that a client gave; a bad id is a failure of its own slot alone."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from resolvers.batch import Slots
from resolvers.errors import ClientError
from resolvers.global_id import decode_uuid

Key = TypeVar("Key")
Parsed = TypeVar("Parsed", bound=Hashable)
Value = TypeVar("Value")

Read = Callable[[Sequence[Parsed]], Awaitable[Slots[Value]]]


def by_global_ids(
    type_name: str, ids: Sequence[str], read: Read[UUID, Value | None]
) -> Awaitable[Slots[Value | None]]:
    """Objects of one type whose keys are UUIDs."""
    if len(ids) == 1:  # as most operations ask for one
        try:
            return read([decode_uuid(type_name, ids[0])])
        except ClientError:
            pass  # it is told of below
    return by_parsed_keys(ids, partial(decode_uuid, type_name), read)


async def by_parsed_keys(
    keys: Sequence[Key], parse: Callable[[Key], Parsed], read: Read[Parsed, Value]
) -> Slots[Value]:
    """Reads what ``keys`` stand for in one call, each once, and none when no key is good."""
    parsed = [_attempt(parse, key) for key in keys]
    good = list(dict.fromkeys(key for key in parsed if not isinstance(key, ClientError)))
    found = dict(zip(good, await read(good), strict=True)) if good else {}
    return [key if isinstance(key, ClientError) else found[key] for key in parsed]


def _attempt(parse: Callable[[Key], Parsed], key: Key) -> Parsed | ClientError:
    try:
        return parse(key)
    except ClientError as error:
        return error
