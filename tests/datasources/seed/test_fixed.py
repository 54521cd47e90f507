"""Fixed: whole numbers that stand for four decimal places agree with Decimal to the last digit."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from datasources.seed.fixed import SCALE, decimal, divide_half_up, fixed, multiply

AMOUNTS = st.integers(min_value=0, max_value=10**12)
PLACES = Decimal("0.0001")


@given(AMOUNTS, AMOUNTS)
def test_products_round_as_decimals_do(first: int, second: int) -> None:
    exact = decimal(first) * decimal(second)
    assert decimal(multiply(first, second)) == exact.quantize(PLACES, ROUND_HALF_EVEN)


@given(AMOUNTS, st.integers(min_value=1, max_value=10**6))
def test_prices_of_one_part_round_as_postgresql_does(total: int, quantity: int) -> None:
    exact = decimal(total) / quantity
    assert decimal(divide_half_up(total, quantity)) == exact.quantize(PLACES, ROUND_HALF_UP)


@given(AMOUNTS)
def test_values_survive_the_way_out_and_back(value: int) -> None:
    assert fixed(decimal(value)) == value
    assert decimal(value) * SCALE == value
