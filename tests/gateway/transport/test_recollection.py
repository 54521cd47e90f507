"""Recollection: equal heads are read once, and whoever shows anything of itself is read each time."""

import pytest

from gateway.transport.endpoint import PATH
from gateway.transport.head import Head, Reader
from gateway.transport.message import Announced, HeaderLines
from gateway.transport.recollection import Recollection
from gateway.transport.settings import HttpSettings

JSON = ("content-type", "application/json")


class Given:
    """Headers of which ``lost`` have a name and no text."""

    def __init__(self, lines: HeaderLines, *lost: str) -> None:
        self.lines = lines
        self.names = [*dict(lines), *lost]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self.names)

    def items(self) -> HeaderLines:
        return list(self.lines)


class Counting:
    def __init__(self) -> None:
        self.read = Reader(HttpSettings(), "session")
        self.asked: list[Announced] = []
        self.recollection = Recollection(self, PATH)

    def __call__(self, announced: Announced) -> Head:
        self.asked.append(announced)
        return self.read.read(announced)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_equal_heads_are_read_once(counting: Counting) -> None:
    heads = [counting.recollection.find("POST", Given([JSON]), "192.0.2.1") for _ in range(3)]

    assert heads[0] is not None
    assert heads[0].terms.client_address == "192.0.2.1"
    assert heads[0] is heads[1] is heads[2]
    assert counting.asked == [Announced("POST", "", 8, {JSON[0]: JSON[1]}, 28, "192.0.2.1")]


@pytest.mark.parametrize(
    ("method", "given", "peer"),
    [
        ("GET", Given([JSON]), "192.0.2.1"),
        ("POST", Given([JSON]), "192.0.2.2"),
        ("POST", Given([JSON, ("accept", "a")]), "192.0.2.1"),
        ("POST", Given([JSON, JSON]), "192.0.2.1"),
    ],
)
def test_others_are_read_for_themselves(
    counting: Counting, method: str, given: Given, peer: str
) -> None:
    first = counting.recollection.find("POST", Given([JSON]), "192.0.2.1")

    assert counting.recollection.find(method, given, peer) is not first
    assert len(counting.asked) == 2


@pytest.mark.parametrize("name", ["authorization", "cookie", "x-api-key", "traceparent"])
def test_what_shows_its_sender_or_a_trace_is_kept_nowhere(counting: Counting, name: str) -> None:
    assert counting.recollection.find("POST", Given([JSON, (name, "a")]), "192.0.2.1") is None
    assert counting.recollection.find("POST", Given([JSON], name), "192.0.2.1") is None
    assert counting.asked == []


def test_what_was_lost_on_the_way_is_not_overlooked(counting: Counting) -> None:
    twice = [JSON, ("a", "1"), ("a", "2")]

    assert counting.recollection.find("POST", Given([JSON], "b"), "192.0.2.1") is None
    assert counting.recollection.find("POST", Given(twice, "b"), "192.0.2.1") is None
    assert counting.asked == []


def test_what_is_long_is_not_kept(counting: Counting) -> None:
    long = Given([JSON, ("x-long", "a" * 5_000)])

    assert counting.recollection.find("POST", long, "192.0.2.1") is not None
    assert counting.recollection.find("POST", long, "192.0.2.1") is not None
    assert len(counting.asked) == 2


def test_of_many_the_first_is_forgotten(counting: Counting) -> None:
    for number in range(257):
        counting.recollection.find("POST", Given([JSON]), f"peer {number}")
    counting.recollection.find("POST", Given([JSON]), "peer 256")
    assert len(counting.asked) == 257

    counting.recollection.find("POST", Given([JSON]), "peer 0")

    assert len(counting.asked) == 258
