"""Point reads: each good id is read once, each bad one fails alone."""

from collections.abc import Sequence
from uuid import UUID

from resolvers.batch import Slots
from resolvers.errors import InvalidIdError
from resolvers.global_id import encode
from resolvers.point import by_global_ids

A, B = UUID(int=1), UUID(int=2)


class Reader:
    """A batch function that remembers what it was asked for, and knows only ``A``."""

    def __init__(self) -> None:
        self.asked: list[list[UUID]] = []

    async def __call__(self, keys: Sequence[UUID]) -> Slots[str | None]:
        self.asked.append(list(keys))
        return ["found" if key == A else None for key in keys]


async def test_good_ids_are_read_in_one_call_and_bad_ones_fail_alone() -> None:
    reader = Reader()
    ids = [encode("User", A), "garbage", encode("User", B), encode("User", A)]
    found = await by_global_ids("User", ids, reader)
    assert reader.asked == [[A, B]]
    assert found[0] == found[3] == "found"
    assert isinstance(found[1], InvalidIdError)
    assert found[2] is None


async def test_without_a_good_id_nothing_is_read() -> None:
    reader = Reader()
    (slot,) = await by_global_ids("User", [encode("Customer", A)], reader)
    assert isinstance(slot, InvalidIdError)
    assert reader.asked == []
