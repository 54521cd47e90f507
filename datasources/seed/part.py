"""Part: a shape of about the wanted volume, and what it weighs; exact once its sides are rounded."""

from math import exp
from random import Random
from typing import NamedTuple

from datasources.seed.fixed import divide

_SHORTEST = 20  # tenths of a millimetre
_LONGEST = 15_000
# A tenth of a millimetre cubed times a ten-thousandth of a gram per cubic centimetre, in
# ten-thousandths of a kilogram: 1e-3 mm3 x 1e-4 g/cm3 x 1e-6 kg, over 1e-4 kg.
_WEIGHT_DIVISOR = 10**9


class Part(NamedTuple):
    """Sides in tenths of a millimetre, the weight in ten-thousandths of a kilogram."""

    length: int
    width: int
    height: int
    weight: int


def draw_part(random: Random, volume_cm3: float, density: int) -> Part:
    """``density`` is in ten-thousandths of a gram per cubic centimetre."""
    side = 100 * volume_cm3 ** (1 / 3)
    length = _within(side * exp(random.gauss(0.35, 0.3)))
    width = _within(side * exp(random.gauss(0, 0.2)))
    height = _within(volume_cm3 * 1e6 / (length * width))
    return Part(length, width, height, divide(length * width * height * density, _WEIGHT_DIVISOR))


def _within(side: float) -> int:
    return min(_LONGEST, max(_SHORTEST, round(side)))


def millimetres(side: int) -> str:
    return f"{side // 10}.{side % 10}"
