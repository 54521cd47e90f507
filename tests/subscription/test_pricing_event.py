"""Pricing events: what is told of what to whom."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
import pytest

from gateway.auth.identity import Identity
from gateway.auth.refusal import unauthenticated
from gateway.pipeline import answer
from gateway.pipeline.exchange import Request, Response, Terms
from resolvers import global_id
from resolvers.viewer import Role, Viewer
from tests.mutation.desk import ADMIN, ANALYST, DELETE, SERVICE, UPDATE_MATERIAL, customer
from tests.schema.workshop import CUSTOMER, CUSTOMER_ID
from tests.subscription.house import EVENTS, House, event, item_of, recorded, result


async def set_price(house: House, material: str, price: str) -> None:
    asked = await house.desk.ask(f'{{ material(name: "{material}") {{ updatedAt }} }}')
    given = {
        "name": material,
        "pricePerKg": price,
        "expectedUpdatedAt": asked.data["material"]["updatedAt"],
    }
    assert (await house.desk.ask(UPDATE_MATERIAL, input=given)).problems() == []


def prices(told: Any) -> tuple[Decimal, Decimal]:
    return Decimal(told["oldPricePerKg"]), Decimal(told["newPricePerKg"])


async def test_a_subscriber_is_told_of_a_calculation_with_what_it_selected(house: House) -> None:
    stream = await house.subscribe()
    made = await house.record(CUSTOMER_ID, quantity=9)
    await house.tell()

    told = await event(stream)

    assert told["__typename"] == "CalculationRecorded"
    assert told["calculation"] == {"id": made, "material": "aluminum_6061", "quantity": 9}
    assert stream.cursor == told["cursor"]
    assert datetime.fromisoformat(told["occurredAt"]).tzinfo


async def test_a_price_change_is_told_with_both_prices_to_everyone(house: House) -> None:
    stranger = await house.subscribe(customer())
    await set_price(house, "steel_4140", "2.25")
    await set_price(house, "steel_4140", "1.9")
    await house.tell()

    first, second = await event(stranger), await event(stranger)

    assert prices(first) == (Decimal("1.9"), Decimal("2.25"))
    assert prices(second) == (Decimal("2.25"), Decimal("1.9"))
    assert first["material"]["name"] == "steel_4140"


@pytest.mark.parametrize("writer", [ADMIN, SERVICE, ANALYST], ids=["admin", "service", "analyst"])
async def test_the_company_is_told_of_all_calculations(house: House, writer: Any) -> None:
    stream = await house.subscribe(writer)
    made = await house.record(CUSTOMER_ID)
    await house.tell()

    assert await recorded(stream, 1) == [made]


async def test_customers_are_told_of_their_own_calculations_alone(house: House) -> None:
    other_id, other = await house.desk.make_customer()
    mine = await house.subscribe(customer(CUSTOMER))
    theirs = await house.subscribe(customer(other))
    nobodys = await house.subscribe(customer())
    first = await house.record(CUSTOMER_ID)
    second = await house.record(other_id)
    await set_price(house, "aluminum_7075", "7.1")
    await set_price(house, "aluminum_7075", "6.9")
    await house.tell()

    assert await recorded(mine, 1) == [first]
    assert await recorded(theirs, 1) == [second]
    for stream in (mine, theirs, nobodys):
        assert (await event(stream))["__typename"] == "MaterialPriceChanged"


async def test_rights_count_as_they_are_when_an_event_is_told(house: House) -> None:
    writer = customer(CUSTOMER)
    stream = await house.subscribe(writer)
    lost = await house.record(CUSTOMER_ID)
    viewer = Viewer("test:writer", "writer", frozenset({Role.CUSTOMER}))
    house.grant(writer, Identity(viewer, frozenset()))
    await house.tell()
    await set_price(house, "aluminum_7075", "7.2")
    await set_price(house, "aluminum_7075", "6.9")
    await house.tell()

    told = await event(stream)

    assert lost
    assert told["__typename"] == "MaterialPriceChanged"
    house.grant(writer, writer.identity)
    regained = await house.record(CUSTOMER_ID)
    await house.tell()
    await event(stream)
    assert await recorded(stream, 1) == [regained]


async def test_other_roles_end_the_stream_with_a_cursor_to_go_on_from(house: House) -> None:
    stream = await house.subscribe(ANALYST)
    before = stream.cursor
    await house.record(CUSTOMER_ID)
    viewer = Viewer("test:writer", "writer", frozenset({Role.CUSTOMER}))
    house.grant(ANALYST, Identity(viewer, frozenset()))
    await house.tell()

    [error] = (await result(stream))["errors"]

    assert error["extensions"] == {"code": "RIGHTS_CHANGED", "resume": before}
    assert await item_of(stream) is None


async def test_credentials_that_hold_no_longer_end_the_stream(house: House) -> None:
    stream = await house.subscribe()
    await house.record(CUSTOMER_ID)
    house.grant(ADMIN, unauthenticated("token_expired"))
    await house.tell()

    [error] = (await result(stream))["errors"]

    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await item_of(stream) is None


async def test_filters_narrow_what_is_told(house: House) -> None:
    other_id, _ = await house.desk.make_customer()
    streams = {
        "customer": await house.subscribe(customerId=other_id),
        "material": await house.subscribe(materials=["steel_4140", "aluminum_7075"]),
        "type": await house.subscribe(types=["MATERIAL_PRICE_CHANGED"]),
        "all": await house.subscribe(),
    }
    one = await house.record(CUSTOMER_ID)
    two = await house.record(other_id, material="steel_4140")
    await set_price(house, "aluminum_7075", "7.3")
    await set_price(house, "aluminum_7075", "6.9")
    await house.tell()

    assert await recorded(streams["all"], 2) == [one, two]
    assert await recorded(streams["customer"], 1) == [two]
    assert await recorded(streams["material"], 1) == [two]
    assert prices(await event(streams["material"])) == (Decimal("6.9"), Decimal("7.3"))
    assert prices(await event(streams["type"])) == (Decimal("6.9"), Decimal("7.3"))


async def test_another_ones_customer_is_watched_like_an_unknown_one(house: House) -> None:
    _, other = await house.desk.make_customer()
    unknown = global_id.encode("Customer", uuid4())
    streams = [
        await house.subscribe(customer(other), customerId=id_, types=["CALCULATION_RECORDED"])
        for id_ in (CUSTOMER_ID, unknown)
    ]
    await house.record(CUSTOMER_ID)
    await house.tell()
    witness = await house.subscribe(customer(other))
    await set_price(house, "aluminum_7075", "7.4")
    await set_price(house, "aluminum_7075", "6.9")
    await house.tell()
    await event(witness)

    for stream in streams:
        await house.subscriptions.drain(0)
        assert await item_of(stream) is None


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"customerId": "nonsense"}, "INVALID_ID"),
        ({"customerId": global_id.encode("Material", "steel_4140")}, "INVALID_ID"),
        ({"materials": ["unobtainium"]}, "UNKNOWN_MATERIAL"),
        ({"materials": [f"m_{n}" for n in range(101)]}, "INVALID_RANGE"),
        ({"after": "garbage"}, "INVALID_CURSOR"),
        ({"types": ["NOTHING"]}, "BAD_USER_INPUT"),
    ],
)
async def test_what_cannot_be_watched_is_refused_with_its_path(
    house: House, variables: dict[str, Any], code: str
) -> None:
    refused = await house.ask(**variables)

    assert isinstance(refused, Response)
    [error] = refused.errors
    assert error["extensions"]["code"] == code
    if code != "BAD_USER_INPUT":
        assert error["path"] == ["pricingEvents"]
    assert len(house.subscriptions) == 0


async def test_queries_and_mutations_are_answered_as_elsewhere(house: House) -> None:
    answered = await house.ask(text='{ material(name: "steel_4140") { name } }')

    assert isinstance(answered, Response)
    assert orjson.loads(answered.body)["data"] == {"material": {"name": "steel_4140"}}


async def test_an_answer_in_one_piece_names_the_ways_that_stream(house: House) -> None:
    await house.subscribe()  # so that the writer is known
    refused = await answer(Request(EVENTS, terms=Terms(house.shown(ADMIN))), house.parts)

    assert refused.refused == "OPERATION_RESOLUTION_FAILURE"
    message = refused.errors[0]["message"]
    assert "WebSocket" in message
    assert "text/event-stream" in message


async def test_an_object_that_is_gone_is_null_and_the_event_stands(house: House) -> None:
    gone_id, _ = await house.desk.make_customer()
    stream = await house.subscribe(customerId=gone_id)
    await house.record(gone_id)
    answer = await house.desk.ask(DELETE, input={"id": gone_id})
    assert answer.problems() == []
    await house.tell()

    assert (await event(stream))["calculation"] is None


async def test_a_client_holds_no_more_subscriptions_than_it_may(house: House) -> None:
    limited = house.limited(per_client=2)
    first, _ = await limited.subscribe(), await limited.subscribe()

    refused = await limited.ask()

    assert isinstance(refused, Response)
    assert refused.errors[0]["extensions"] == {"code": "SUBSCRIPTION_LIMIT", "limit": 2}
    await first.close()
    await limited.subscribe()
    await limited.close()
