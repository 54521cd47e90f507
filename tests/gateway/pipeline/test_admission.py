"""Admission: the first one too many is told when to come back, and analysts before the others."""

from time import monotonic
from typing import Any

import pytest

from gateway.auth.identity import anonymous
from gateway.errors import Code, RefusedError
from gateway.pipeline.admission import admit, release
from gateway.pipeline.concurrency import Concurrency, ConcurrencySettings
from gateway.pipeline.exchange import Exchange, Parts, Request, Terms
from resolvers.viewer import Role, Viewer
from tests.gateway.pipeline.edge import edge


class Door:
    """One process, and the exchanges that are inside it."""

    def __init__(self, **settings: Any) -> None:
        nothing: Any = None
        self.concurrency = Concurrency(ConcurrencySettings(**settings))
        self.parts = Parts(nothing, nothing, nothing, nothing, 5, 32, concurrency=self.concurrency)

    def knock(self, *roles: Role, id: str) -> Exchange:  # noqa: A002
        exchange = Exchange(Request("{ name }"), self.parts, monotonic(), monotonic() + 5)
        exchange.viewer = Viewer(id, "Somebody", frozenset(roles))
        return exchange

    def enter(self, *roles: Role, id: str) -> Exchange:  # noqa: A002
        exchange = self.knock(*roles, id=id)
        admit(exchange)
        return exchange

    def refusal(self, *roles: Role, id: str) -> tuple[Code, object]:  # noqa: A002
        exchange = self.knock(*roles, id=id)
        with pytest.raises(RefusedError) as caught:
            admit(exchange)
        release(exchange)
        extensions = caught.value.errors[0]["extensions"]
        assert extensions["retryAfterSeconds"] == exchange.retry_after_seconds
        return caught.value.code, extensions["limit"]


def test_a_client_has_its_own_limit_and_hurts_nobody_else() -> None:
    door = Door(per_client=2, per_process=10)
    first = door.enter(Role.CUSTOMER, id="a")
    door.enter(Role.CUSTOMER, id="a")

    assert door.refusal(Role.CUSTOMER, id="a") == (Code.CONCURRENCY_LIMIT, 2)
    door.enter(Role.CUSTOMER, id="b")

    release(first)
    door.enter(Role.CUSTOMER, id="a")


def test_strangers_do_not_share_the_limit_of_one() -> None:
    parts = edge(concurrency=Concurrency(ConcurrencySettings(per_client=1)))

    def knock(address: str) -> None:
        request = Request(terms=Terms(client_address=address))
        exchange = Exchange(request, parts, monotonic(), monotonic() + 5)
        exchange.viewer = anonymous(Role.CUSTOMER).viewer
        admit(exchange)

    knock("192.0.2.1")
    knock("192.0.2.2")
    with pytest.raises(RefusedError):
        knock("192.0.2.1")


def test_the_process_has_a_limit() -> None:
    door = Door(per_client=10, per_process=3)
    for i in range(3):
        door.enter(Role.CUSTOMER, id=f"client {i}")

    assert door.refusal(
        Role.SERVICE,
        id="late",
    ) == (Code.OVERLOADED, 3)


@pytest.mark.parametrize("first", [Role.CUSTOMER, Role.SERVICE, Role.ADMIN])
def test_analysts_are_turned_away_while_others_still_get_in(first: Role) -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.7)
    for i in range(7):
        door.enter(first, id=f"client {i}")

    assert door.refusal(Role.ANALYST, id="analyst") == (Code.OVERLOADED, 7)
    for i in range(3):
        door.enter(first, id=f"other {i}")
    assert door.refusal(first, id="late") == (Code.OVERLOADED, 10)


def test_analysts_alone_leave_room_for_others() -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.7)
    for _ in range(7):
        door.enter(Role.ANALYST, id="analyst")

    assert door.refusal(Role.ANALYST, id="another") == (Code.OVERLOADED, 7)
    door.enter(Role.CUSTOMER, id="customer")


def test_an_analyst_with_another_role_is_served_as_that() -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.1)
    door.enter(Role.ANALYST, id="analyst")

    door.enter(Role.ANALYST, Role.ADMIN, id="both")


def test_every_place_is_given_back_once() -> None:
    door = Door(per_client=5, per_process=5)
    inside = [door.enter(Role.CUSTOMER, id="a") for _ in range(5)]

    for exchange in [*inside, *inside]:
        release(exchange)

    assert (door.concurrency.running, door.concurrency.running_of("a")) == (0, 0)
    assert not door.concurrency._of
