"""Process: what each way of making parts costs in time and material, and what it can be used on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """``job_cm3`` is the part volume of a typical job, whatever the number of its parts.

    ``hours`` and ``setups`` are those of a typical job, ``hourly_rate`` and ``setup_price`` are in
    whole money, ``stock_percent`` is the material bought for 100 of material in the part.
    """

    name: str
    quantity: tuple[int, int]
    job_cm3: float
    stock_percent: int
    hours: float
    hourly_rate: int
    setups: tuple[int, int]
    setup_price: int
    work: str
    setup: str


MILLING = Process(
    "cnc_milling", (1, 250), 5_200, 160, 9.0, 78, (1, 4), 120,
    "Milling on 3 and 5 axes", "Fixtures and program of the mill",
)  # fmt: skip
TURNING = Process(
    "cnc_turning", (5, 800), 4_600, 140, 7.5, 68, (1, 3), 95,
    "Turning from bar", "Jaws and program of the lathe",
)  # fmt: skip
SHEET_METAL = Process(
    "sheet_metal", (10, 1_000), 5_600, 120, 7.0, 62, (1, 3), 80,
    "Laser cutting and bending", "Cutting plan and bending tools",
)  # fmt: skip
INJECTION_MOLDING = Process(
    "injection_molding", (500, 5_000), 30_000, 104, 8.0, 58, (1, 2), 420,
    "Injection molding", "Mounting and warming the mold",
)  # fmt: skip
DIE_CASTING = Process(
    "die_casting", (300, 3_000), 9_000, 108, 8.5, 64, (1, 2), 380,
    "Die casting and trimming", "Mounting and warming the die",
)  # fmt: skip
LASER_SINTERING = Process(
    "3d_printing_sls", (1, 150), 2_400, 130, 6.0, 49, (1, 2), 60,
    "Laser sintering", "Nesting and powder change",
)  # fmt: skip

_MACHINED = (MILLING, MILLING, MILLING, TURNING, TURNING)
_ROLLED = (*_MACHINED, SHEET_METAL, SHEET_METAL)
_CAST = (DIE_CASTING, DIE_CASTING, DIE_CASTING, MILLING)
_MOLDED = (INJECTION_MOLDING, INJECTION_MOLDING, INJECTION_MOLDING, MILLING, TURNING)

_BY_CATEGORY = {
    "aluminum": _ROLLED,
    "copper_alloy": _ROLLED,
    "magnesium": _CAST,
    "nickel_alloy": _MACHINED,
    "plastic": _MOLDED,
    "stainless_steel": _ROLLED,
    "steel": _ROLLED,
    "titanium": _MACHINED,
    "tool_steel": _MACHINED,
    "zinc": _CAST,
}
_BY_MATERIAL: Mapping[str, tuple[Process, ...]] = {
    "acrylic": (MILLING,),
    "aluminum_356": _MACHINED,
    "aluminum_a380": _CAST,
    "bronze_c93200": (TURNING, TURNING, MILLING),
    "nylon_12": (LASER_SINTERING,),
    "steel_12l14": (TURNING,),
    "uhmw_pe": (MILLING, TURNING),
}
# Shares of the orders; a material that is not named here has a share of 1.
_POPULARITY = {
    "abs": 4.0,
    "acetal_copolymer": 3.0,
    "aluminum_5052": 4.0,
    "aluminum_6061": 12.0,
    "aluminum_7075": 4.0,
    "aluminum_a380": 3.0,
    "brass_c36000": 3.0,
    "nylon_12": 4.0,
    "steel_1018": 5.0,
    "steel_4140": 5.0,
    "stainless_304": 7.0,
    "stainless_316l": 5.0,
    "titanium_6al_4v": 3.0,
    "peek": 1.5,
    "polycarbonate": 3.0,
}


def processes(material: str, category: str) -> tuple[Process, ...]:
    """The ways of making parts of a material, each as often as it is used."""
    return _BY_MATERIAL.get(material, _BY_CATEGORY[category])


def popularity(material: str) -> float:
    return _POPULARITY.get(material, 1.0)
