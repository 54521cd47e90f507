"""MaterialSpend: a customer's calculations added up per material, the greatest sum first."""

import pytest

from tests.datasources.mongo.documents import DAY, NOON, analytics
from tests.schema.workshop import CUSTOMER, CUSTOMER_ID, Workshop

QUESTION = """
query ($id: ID!, $days: Int! = 90) {
  customer(id: $id) {
    spendByMaterial(days: $days) { material totalPrice count materialProperties { category } }
  }
}
"""


async def test_the_greatest_sum_comes_first_and_a_lost_material_has_no_properties(
    workshop: Workshop,
) -> None:
    documents = [
        analytics(customer_id=CUSTOMER, material="steel_4140", total_price="10.01"),
        analytics(customer_id=CUSTOMER, material="steel_4140", total_price="10.01"),
        analytics(customer_id=CUSTOMER, material="unobtainium", total_price="20.01"),
        analytics(customer_id=CUSTOMER, material="aluminum_6061", timestamp=NOON - 90 * DAY),
        analytics(material="steel_4140"),
    ]

    async with workshop.keeping("pricing_analytics", *documents):
        data = await workshop.data(QUESTION, id=CUSTOMER_ID)
        older = await workshop.data(QUESTION, id=CUSTOMER_ID, days=91)

    assert data["customer"]["spendByMaterial"] == [
        {
            "material": "steel_4140",
            "totalPrice": "20.02",
            "count": 2,
            "materialProperties": {"category": "steel"},
        },
        {"material": "unobtainium", "totalPrice": "20.01", "count": 1, "materialProperties": None},
    ]
    assert older["customer"]["spendByMaterial"][0]["material"] == "aluminum_6061"


async def test_a_customer_that_had_nothing_priced_has_an_empty_list(workshop: Workshop) -> None:
    data = await workshop.data(QUESTION, id=CUSTOMER_ID, days=1)

    assert data["customer"]["spendByMaterial"] == []


@pytest.mark.parametrize("days", [0, 10_000])
async def test_days_out_of_bounds_leave_the_customer(workshop: Workshop, days: int) -> None:
    answer = await workshop.ask(QUESTION, id=CUSTOMER_ID, days=days)

    assert answer.data == {"customer": {"spendByMaterial": None}}
    assert [error["message"] for error in answer.errors] == [
        f"days must be from 1 to 3660, not {days}."
    ]
