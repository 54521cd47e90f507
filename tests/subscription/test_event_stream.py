"""Event streams: who does not become a guest leaves nothing behind."""

import pytest

from datasources.errors import StoreUnavailableError
from gateway.auth.refusal import unauthenticated
from gateway.errors import Code, RefusedError
from gateway.pipeline.exchange import Request, Terms
from gateway.pipeline.subscription import Item
from gateway.transport.event_stream import receive_guest
from gateway.transport.roster import ConnectionSettings, Roster
from tests.mutation.desk import ADMIN
from tests.subscription.house import House


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (unauthenticated("key_revoked"), Code.UNAUTHENTICATED),
        (StoreUnavailableError("postgresql", "is away", 1), Code.STORE_UNAVAILABLE),
    ],
)
async def test_a_subscriber_whose_key_ends_at_the_door_is_let_go(
    house: House, error: Exception, code: Code
) -> None:
    stream = await house.subscribe()
    request = Request(terms=Terms(house.shown(ADMIN)))
    house.grant(ADMIN, error)

    with pytest.raises(RefusedError) as refused:
        await receive_guest(
            stream, request, house.parts, Roster(ConnectionSettings(), house.doorkeeper)
        )

    assert refused.value.code is code
    assert len(house.subscriptions) == 0
    assert house.subscriptions._reader is None


async def test_an_answer_that_nobody_comes_for_ends_as_well(house: House) -> None:
    stream = await house.subscribe()
    roster = Roster(ConnectionSettings(), house.doorkeeper)
    guest = await receive_guest(
        stream, Request(terms=Terms(house.shown(ADMIN))), house.parts, roster
    )

    await guest.chunks().aclose()

    assert (roster.size, len(house.subscriptions)) == (0, 0)


async def test_few_large_results_wait_to_be_written(house: House) -> None:
    stream = await house.subscribe()
    roster = Roster(ConnectionSettings(), house.doorkeeper)
    guest = await receive_guest(
        stream, Request(terms=Terms(house.shown(ADMIN))), house.parts, roster
    )
    guest._items = [Item(b"x" * 200_000, None), Item(b"x" * 100_000, None)]

    assert guest._is_full()
    await guest.chunks().aclose()
