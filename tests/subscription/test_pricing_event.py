"""Pricing events: what is told of whom to whom."""

from tests.schema.workshop import CUSTOMER_ID
from tests.subscription.house import House, event


async def test_a_subscriber_is_told_of_a_calculation_with_what_it_selected(house: House) -> None:
    stream = await house.subscribe()
    made = await house.record(CUSTOMER_ID, quantity=9)
    await house.tell()
    told = await event(stream)
    assert told["__typename"] == "CalculationRecorded"
    assert told["calculation"] == {"id": made, "material": "aluminum_6061", "quantity": 9}
    assert stream.cursor == told["cursor"]
