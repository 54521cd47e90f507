"""Material: a catalogue of known materials, each value set with its source."""

import re
from decimal import Decimal

import pytest

from datasources.seed.material import Material, materials
from datasources.seed.process import popularity, processes

BY_NAME = {material.name: material for material in materials()}


def test_the_catalogue_holds_what_it_promises() -> None:
    assert 40 <= len(materials()) == len(BY_NAME)
    assert list(BY_NAME) == sorted(BY_NAME)
    assert {material.category for material in materials()} == {
        "aluminum",
        "copper_alloy",
        "magnesium",
        "nickel_alloy",
        "plastic",
        "stainless_steel",
        "steel",
        "titanium",
        "tool_steel",
        "zinc",
    }


@pytest.mark.parametrize("material", materials(), ids=lambda material: material.name)
def test_values_are_physical(material: Material) -> None:
    assert re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", material.name)
    assert len(material.source) > 10
    assert Decimal("0.9") <= material.density_g_per_cm3 <= Decimal(9)
    assert Decimal("0.1") <= material.thermal_conductivity_w_per_m_k <= Decimal(400)
    assert Decimal(1) <= material.price_per_kg <= Decimal(100)
    if material.tensile_strength_mpa and material.yield_strength_mpa:
        assert material.yield_strength_mpa <= material.tensile_strength_mpa <= 1500
    if material.hardness_hb is not None:
        assert 50 <= material.hardness_hb <= 400
    if material.machinability_percent is not None:
        assert "machinability" in material.source
        assert 10 <= material.machinability_percent <= 200


@pytest.mark.parametrize(
    ("name", "density", "melting_point"),
    [
        ("aluminum_6061", "2.70", "582"),
        ("titanium_6al_4v", "4.43", "1604"),
        ("copper_c11000", "8.89", "1065"),
        ("zinc_zamak_3", "6.60", "381"),
        ("peek", "1.30", "343"),
        ("polycarbonate", "1.20", None),
    ],
)
def test_known_materials(name: str, density: str, melting_point: str | None) -> None:
    assert BY_NAME[name].density_g_per_cm3 == Decimal(density)
    expected = None if melting_point is None else Decimal(melting_point)
    assert BY_NAME[name].melting_point_celsius == expected


@pytest.mark.parametrize("material", materials(), ids=lambda material: material.name)
def test_every_material_can_be_worked(material: Material) -> None:
    assert processes(material.name, material.category)
    assert popularity(material.name) >= 1
