"""Aggregates: sums, means and totals of a restricted reader are made of its own rows, to the last digit."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers import global_id
from tests.security.ownership import Calculation, Ownership
from tests.security.world import World, customer, days_of_data

with_stores = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Draw = Callable[[st.SearchStrategy[list[UUID]]], list[UUID]]


def some_customers(ownership: Ownership) -> st.SearchStrategy[list[UUID]]:
    return st.lists(st.sampled_from(ownership.customer_ids), max_size=50, unique=True)


def mean(prices: Sequence[Decimal]) -> Decimal:
    """``round`` of a Fraction is exact and rounds half to even."""
    return Decimal(round(sum(map(Fraction, prices)) * 10_000 / len(prices))).scaleb(-4)


def months(rows: Sequence[Calculation]) -> dict[datetime, dict[str, object]]:
    found: dict[datetime, list[Calculation]] = defaultdict(list)
    for row in rows:
        start = row.created_at.astimezone(UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        found[start].append(row)
    return {
        start: {
            "count": len(held),
            "averagePrice": str(mean([row.total_price for row in held])),
            "minPrice": str(min(row.total_price for row in held)),
            "maxPrice": str(max(row.total_price for row in held)),
            "averageUnitPrice": str(mean([row.price_per_unit for row in held])),
        }
        for start, held in found.items()
    }


TRENDS = "bucketStart count averagePrice minPrice maxPrice averageUnitPrice"


@with_stores
@given(data=st.data())
async def test_trends_are_made_of_own_calculations_alone(
    world: World, ownership: Ownership, data: st.DataObject
) -> None:
    reader = customer("some", data.draw(some_customers(ownership)))
    own = ownership.own(reader.customer_ids or frozenset())
    material = data.draw(
        st.sampled_from(sorted({row.material for row in own} or {"aluminum_6061"}))
    )

    answer = await world.ask(
        reader,
        f"""query ($material: String!, $days: Int!) {{
              pricingTrends(material: $material, days: $days, interval: MONTH) {{ {TRENDS} }}
              material(name: $material) {{ trends(days: $days, interval: MONTH) {{ {TRENDS} }} }} }}""",
        material=material,
        days=days_of_data(),
    )

    assert answer.errors == []
    assert answer.data["material"]["trends"] == answer.data["pricingTrends"]
    found = {
        datetime.fromisoformat(bucket.pop("bucketStart")): bucket
        for bucket in answer.data["pricingTrends"]
        if bucket["count"]
    }
    assert found == months([row for row in own if row.material == material])


@with_stores
@given(data=st.data())
async def test_spend_and_totals_are_those_of_own_calculations(
    world: World, ownership: Ownership, data: st.DataObject
) -> None:
    reader = customer("some", data.draw(some_customers(ownership)))
    own = ownership.own(reader.customer_ids or frozenset())

    answer = await world.ask(
        reader,
        """query ($days: Int!) {
             customers(first: 100) { totalCount nodes {
               id calculations { totalCount }
               spendByMaterial(days: $days) { material totalPrice count } } }
             calculations { totalCount }
             materials(first: 100) { nodes { name calculations { totalCount } } } }""",
        days=days_of_data(),
    )

    assert answer.errors == []
    assert answer.data["calculations"]["totalCount"] == len(own)
    assert answer.data["customers"]["totalCount"] == len(reader.customer_ids or ())
    for node in answer.data["customers"]["nodes"]:
        rows = [row for row in own if global_id.encode("Customer", row.customer_id) == node["id"]]
        assert node["calculations"]["totalCount"] == len(rows)
        spent = {each["material"]: each for each in node["spendByMaterial"]}
        assert spent.keys() == {row.material for row in rows}
        for material, each in spent.items():
            prices = [row.total_price for row in rows if row.material == material]
            assert (Decimal(each["totalPrice"]), each["count"]) == (sum(prices), len(prices))
    for material in answer.data["materials"]["nodes"]:
        held = [row for row in own if row.material == material["name"]]
        assert material["calculations"]["totalCount"] == len(held)


@with_stores
@given(data=st.data(), order=st.sampled_from(["CREATED_AT", "TOTAL_PRICE", "QUANTITY"]))
async def test_pages_of_several_customers_tile_own_calculations_in_order(
    world: World, ownership: Ownership, data: st.DataObject, order: str
) -> None:
    reader = customer("some", data.draw(some_customers(ownership)))
    own = ownership.own(reader.customer_ids or frozenset())
    column = order.lower()
    backward = data.draw(st.booleans())
    size, cursor = ("last", "before") if backward else ("first", "after")
    at: str | None = None
    walked: list[str] = []
    while True:
        answer = await world.ask(
            reader,
            f"""query ($at: String) {{
                  calculations({size}: 40, {cursor}: $at, orderBy: {{field: {order}, direction: DESC}}) {{
                    nodes {{ id }} pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }} }} }}""",
            at=at,
        )
        page = answer.data["calculations"]
        ids = [node["id"] for node in page["nodes"]]
        walked = ids + walked if backward else walked + ids
        if not page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]:
            break
        at = page["pageInfo"]["startCursor" if backward else "endCursor"]

    rows = sorted(own, key=lambda row: (getattr(row, column), row.id), reverse=True)
    assert walked == [global_id.encode("PricingCalculation", row.id) for row in rows]
