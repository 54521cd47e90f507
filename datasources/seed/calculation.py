"""Calculation: one priced order, its four cost components and how they add up."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp, log
from random import Random
from uuid import UUID

from datasources.seed.fixed import divide, divide_half_up, fixed, multiply
from datasources.seed.identity import Identity
from datasources.seed.material import Material, materials
from datasources.seed.part import Part, draw_part
from datasources.seed.plan import Plan
from datasources.seed.price_walk import PriceWalk, price_walks
from datasources.seed.process import Process, popularity, processes

# The newest calculation and some of its neighbours are the first customer's, in this material.
EXAMPLE_MATERIAL = "aluminum_6061"
EXAMPLE_CUSTOMER = 0
_EXAMPLES_UNTIL, _EXAMPLES_EVERY = 36, 3

_FINISHES = (
    *["as_machined"] * 5,
    *["bead_blasted"] * 2,
    *["anodized"] * 2,
    "powder_coated",
    "polished",
)
_FINISH_HOURS = {"bead_blasted": 0.6, "anodized": 1.2, "powder_coated": 1.0, "polished": 2.0}
_TOLERANCES = (*["standard"] * 6, *["precise"] * 3, "ultra_precise")
_TOLERANCE_FACTOR = {"standard": 1.0, "precise": 1.2, "ultra_precise": 1.55}
_TIMELINES = (*["standard"] * 6, *["economy"] * 2, *["express"] * 2)
_REQUIREMENTS = (
    "certificate_of_conformance",
    "material_traceability",
    "rohs",
    "first_article_inspection",
    "heat_treatment",
    "itar",
)
_REQUIREMENT_SHARES = (0.30, 0.18, 0.15, 0.10, 0.06, 0.03)
_OVERHEAD_PERCENT = 42
_RUSH_PERCENT = 135
_OPENS_SECONDS, _CLOSES_SECONDS = 6 * 3600, 18 * 3600


@dataclass(frozen=True, slots=True)
class Costs:
    """Unit cost and quantity of each component, in ten-thousandths; ``total`` is their product."""

    unit: tuple[int, int, int, int]
    quantity: tuple[int, int, int, int]
    total: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Calculation:
    number: int
    id: UUID
    customer_id: UUID
    material: Material
    process: Process
    quantity: int
    part: Part
    complexity: int  # hundredths
    finish: str
    tolerance: str
    requirements: list[str]
    timeline: str
    rush: bool
    costs: Costs
    total: int
    unit_price: int
    day: int
    created_at: datetime


class Pricing:
    """Draws and prices calculations, piece by piece; the same seed gives the same rows."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.identity = Identity(plan.seed)
        self.walks = price_walks(self.identity, materials())
        shares = (popularity(material.name) for material in materials())
        self._popularity = list(accumulate(shares))
        self._densities = {each.name: fixed(each.density_g_per_cm3) for each in materials()}
        self._processes = {each.name: processes(each.name, each.category) for each in materials()}
        self._material = {each.name: each for each in materials()}
        self._first_day = plan.first_day
        self._weekday = plan.first_day.weekday()

    def draw(self, numbers: range) -> Iterator[Calculation]:
        random = self.identity.random("calculation", numbers.start)
        for number in numbers:
            yield self._draw(number, random)

    def _draw(self, number: int, random: Random) -> Calculation:
        is_example = number < _EXAMPLES_UNTIL and number % _EXAMPLES_EVERY == 0
        customer, material = self._draw_customer(random), self._draw_material(random)
        if is_example:
            customer = EXAMPLE_CUSTOMER
        if number == 0:
            material = self._material[EXAMPLE_MATERIAL]
        ways = self._processes[material.name]
        process = ways[int(random.random() * len(ways))]
        day, created_at = self._draw_moment(number, random)
        quantity = _draw_quantity(random, process)
        volume_cm3 = process.job_cm3 * exp(random.gauss(0, 0.35)) / quantity
        part = draw_part(random, volume_cm3, self._densities[material.name])
        complexity = 100 + int(400 * random.betavariate(2, 3))
        finish = _FINISHES[int(random.random() * len(_FINISHES))]
        tolerance = _TOLERANCES[int(random.random() * len(_TOLERANCES))]
        rush = random.random() < 0.08
        requirements = [
            name
            for name, share in zip(_REQUIREMENTS, _REQUIREMENT_SHARES, strict=True)
            if random.random() < share
        ]
        hours = process.hours * (0.7 + complexity / 500) * _TOLERANCE_FACTOR[tolerance] * exp(
            random.gauss(0, 0.2)
        ) + _FINISH_HOURS.get(finish, 0.0)
        setups = random.randint(*process.setups) + len(requirements)
        costs = _price(process, self.walks[material.name], day, part, quantity, hours, setups, rush)
        total = sum(costs.total)
        return Calculation(
            number,
            self.identity.calculation(number),
            self.identity.customer(customer),
            material,
            process,
            quantity,
            part,
            complexity,
            finish,
            tolerance,
            requirements,
            "express" if rush else _TIMELINES[int(random.random() * len(_TIMELINES))],
            rush,
            costs,
            total,
            divide_half_up(total, quantity),
            day,
            created_at,
        )

    def _draw_customer(self, random: Random) -> int:
        """A few customers order hundreds of times, most of them now and then."""
        return int(self.plan.customers * random.random() ** 2)

    def _draw_material(self, random: Random) -> Material:
        share = random.random() * self._popularity[-1]
        return materials()[bisect(self._popularity, share)]

    def _draw_moment(self, number: int, random: Random) -> tuple[int, datetime]:
        """In working hours; most of a weekend's orders came in on the Friday before."""
        day = int(self.plan.position(number, random.random()))
        past_friday = (self._weekday + day) % 7 - 4
        if past_friday > 0 and day >= past_friday and random.random() < 0.7:
            day -= past_friday
        seconds = _OPENS_SECONDS + (_CLOSES_SECONDS - _OPENS_SECONDS) * random.betavariate(2, 2)
        return day, self._first_day + timedelta(days=day, milliseconds=round(seconds * 1000))


def _draw_quantity(random: Random, process: Process) -> int:
    fewest, most = process.quantity
    return round(exp(random.uniform(log(fewest), log(most))))


def _price(
    process: Process,
    walk: PriceWalk,
    day: int,
    part: Part,
    quantity: int,
    hours: float,
    setups: int,
    rush: bool,
) -> Costs:
    stock_kg = max(1, divide(part.weight * quantity * process.stock_percent, 100))
    rate = round(process.hourly_rate * 100 * walk.labor_shares[day]) * 100  # whole cents
    if rush:
        rate = divide(rate * _RUSH_PERCENT, 100)
    overhead_rate = divide(rate * _OVERHEAD_PERCENT, 100)
    hours_fixed = max(1, round(hours * 100)) * 100  # hundredths of an hour
    unit = (walk.prices[day], rate, process.setup_price * 10_000, overhead_rate)
    amount = (stock_kg, hours_fixed, setups * 10_000, hours_fixed)
    total = (
        multiply(unit[0], amount[0]),
        multiply(unit[1], amount[1]),
        multiply(unit[2], amount[2]),
        multiply(unit[3], amount[3]),
    )
    return Costs(unit, amount, total)
