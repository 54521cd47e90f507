"""Admission: the first one too many is told when to come back, and analysts before the others."""

from time import monotonic
from typing import Any

import pytest

from gateway.auth.identity import anonymous
from gateway.errors import Code, RefusedError
from gateway.pipeline.admission import admit, release
from gateway.pipeline.concurrency import Concurrency, ConcurrencySettings
from gateway.pipeline.exchange import Exchange, Parts, Request
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

    async def enter(self, *roles: Role, id: str) -> Exchange:  # noqa: A002
        exchange = self.knock(*roles, id=id)
        await admit(exchange)
        return exchange

    async def refusal(self, *roles: Role, id: str) -> tuple[Code, object]:  # noqa: A002
        exchange = self.knock(*roles, id=id)
        with pytest.raises(RefusedError) as caught:
            await admit(exchange)
        await release(exchange)
        extensions = caught.value.errors[0]["extensions"]
        assert extensions["retryAfterSeconds"] == exchange.retry_after_seconds
        return caught.value.code, extensions["limit"]


async def test_a_client_has_its_own_limit_and_hurts_nobody_else() -> None:
    door = Door(per_client=2, per_process=10)
    first = await door.enter(Role.CUSTOMER, id="a")
    await door.enter(Role.CUSTOMER, id="a")

    assert await door.refusal(Role.CUSTOMER, id="a") == (Code.CONCURRENCY_LIMIT, 2)
    await door.enter(Role.CUSTOMER, id="b")

    await release(first)
    await door.enter(Role.CUSTOMER, id="a")


async def test_strangers_do_not_share_the_limit_of_one() -> None:
    parts = edge(concurrency=Concurrency(ConcurrencySettings(per_client=1)))

    async def knock(address: str) -> None:
        exchange = Exchange(Request(client_address=address), parts, monotonic(), monotonic() + 5)
        exchange.viewer = anonymous(Role.CUSTOMER).viewer
        await admit(exchange)

    await knock("192.0.2.1")
    await knock("192.0.2.2")
    with pytest.raises(RefusedError):
        await knock("192.0.2.1")


async def test_the_process_has_a_limit() -> None:
    door = Door(per_client=10, per_process=3)
    for i in range(3):
        await door.enter(Role.CUSTOMER, id=f"client {i}")

    assert await door.refusal(
        Role.SERVICE,
        id="late",
    ) == (Code.OVERLOADED, 3)


@pytest.mark.parametrize("first", [Role.CUSTOMER, Role.SERVICE, Role.ADMIN])
async def test_analysts_are_turned_away_while_others_still_get_in(first: Role) -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.7)
    for i in range(7):
        await door.enter(first, id=f"client {i}")

    assert await door.refusal(Role.ANALYST, id="analyst") == (Code.OVERLOADED, 7)
    for i in range(3):
        await door.enter(first, id=f"other {i}")
    assert await door.refusal(first, id="late") == (Code.OVERLOADED, 10)


async def test_analysts_alone_leave_room_for_others() -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.7)
    for _ in range(7):
        await door.enter(Role.ANALYST, id="analyst")

    assert await door.refusal(Role.ANALYST, id="another") == (Code.OVERLOADED, 7)
    await door.enter(Role.CUSTOMER, id="customer")


async def test_an_analyst_with_another_role_is_served_as_that() -> None:
    door = Door(per_client=100, per_process=10, analyst_share=0.1)
    await door.enter(Role.ANALYST, id="analyst")

    await door.enter(Role.ANALYST, Role.ADMIN, id="both")


async def test_every_place_is_given_back_once() -> None:
    door = Door(per_client=5, per_process=5)
    inside = [await door.enter(Role.CUSTOMER, id="a") for _ in range(5)]

    for exchange in [*inside, *inside]:
        await release(exchange)

    assert (door.concurrency.running, door.concurrency.running_of("a")) == (0, 0)
    assert not door.concurrency._of
