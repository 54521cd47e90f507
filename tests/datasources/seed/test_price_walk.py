"""Price walk: prices that move like a market's and end at the catalogue's."""

from datasources.seed.fixed import decimal
from datasources.seed.identity import Identity
from datasources.seed.material import materials
from datasources.seed.plan import DAYS
from datasources.seed.price_walk import PriceWalk, price_walks

WALKS = price_walks(Identity(42), materials())


def test_a_seed_has_one_history() -> None:
    assert price_walks(Identity(42), materials()) == WALKS
    assert price_walks(Identity(43), materials()) != WALKS


def test_every_material_ends_at_the_price_of_the_catalogue() -> None:
    for material in materials():
        walk = WALKS[material.name]
        assert len(walk.prices) == len(walk.labor_shares) == len(walk.trends) == DAYS + 1
        assert decimal(walk.prices[-1]) == material.price_per_kg
        assert walk.labor_shares[-1] == 1


def test_prices_move_by_whole_cents_and_by_little_a_day() -> None:
    for walk in WALKS.values():
        assert len(set(walk.prices)) >= 10
        assert all(price > 0 and price % 100 == 0 for price in walk.prices)
        for before, after in zip(walk.prices, walk.prices[1:], strict=False):
            assert abs(after - before) <= 0.10 * before + 100


def test_trends_say_where_the_fortnight_went() -> None:
    for walk in WALKS.values():
        for day in range(14, DAYS + 1):
            assert walk.trends[day] == expected_trend(walk, day)
    assert {walk.trends[-1] for walk in WALKS.values()} == {"rising", "stable", "falling"}


def expected_trend(walk: PriceWalk, day: int) -> str:
    now, before = walk.prices[day], walk.prices[day - 14]
    if 98 * before <= 100 * now <= 102 * before:
        return "stable"
    return "rising" if now > before else "falling"
