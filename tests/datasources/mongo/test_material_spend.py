"""Material spend: sums per customer and material, kept to a scope's customers."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.material_spend import MaterialSpendRepository
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import DAY, NOON, analytics

_ACME, _OTHER = uuid4(), uuid4()
_SINCE, _UNTIL = NOON - DAY, NOON + DAY


async def _stored(store: Store) -> MaterialSpendRepository:
    await insert_many(
        store.mongo,
        within(),
        PRICING_ANALYTICS,
        [
            analytics(customer_id=customer, material=material, total_price=price, timestamp=time)
            for customer, material, price, time in (
                (_ACME, "steel_4140", "0.1", _SINCE),
                (_ACME, "steel_4140", "0.2", NOON),
                (_ACME, "pom", "7", NOON),
                (_ACME, "abs", "7.00", NOON),
                (_ACME, "pom", "1000", _UNTIL),
                (_ACME, "pom", "1000", _SINCE - timedelta(milliseconds=1)),
                (_OTHER, "pom", "5", NOON),
            )
        ],
    )
    store.calls.clear()
    return MaterialSpendRepository(store.mongo)


async def test_the_highest_total_comes_first_then_the_material(store: Store) -> None:
    repository = await _stored(store)
    found = await repository.by_customers(within(), [_ACME, _OTHER, uuid4()], _SINCE, _UNTIL)
    assert found == {
        _ACME: [
            {"material": "abs", "total_price": Decimal("7"), "count": 1},
            {"material": "pom", "total_price": Decimal("7"), "count": 1},
            {"material": "steel_4140", "total_price": Decimal("0.3"), "count": 2},
        ],
        _OTHER: [{"material": "pom", "total_price": Decimal("5"), "count": 1}],
    }
    assert len(store.calls) == 1


async def test_a_scope_sees_only_its_customers_spend(store: Store) -> None:
    repository = await _stored(store)
    only_acme = within()._replace(customer_ids=frozenset({_ACME}))
    found = await repository.by_customers(only_acme, [_OTHER, _ACME], _SINCE, _UNTIL)
    assert set(found) == {_ACME}
    store.calls.clear()
    nobody = within()._replace(customer_ids=frozenset[UUID]())
    assert await repository.by_customers(nobody, [_OTHER, _ACME], _SINCE, _UNTIL) == {}
    assert store.calls == []


async def test_the_index_range_of_the_customers_is_read(store: Store) -> None:
    repository = await _stored(store)
    _, [profile] = await store.profiled(
        lambda: repository.by_customers(within(), [_ACME], _SINCE, _UNTIL)
    )
    assert profile["planSummary"] == "IXSCAN { customer_id: 1, timestamp: 1 }"
    assert profile["docsExamined"] == 4
