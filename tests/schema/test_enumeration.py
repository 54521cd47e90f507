"""Enumeration: a value without its meaning does not get into the graph."""

from enum import StrEnum

import pytest

from schema.enumeration import enumeration


class Season(StrEnum):
    SUMMER = "summer"
    WINTER = "winter"


@pytest.mark.parametrize(
    "meanings", [{"SUMMER": "Warm."}, {"SUMMER": "Warm.", "WINTER": "Cold.", "AUTUMN": "Wet."}]
)
def test_a_value_too_few_or_too_many_is_refused(meanings: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="Season: describe every value, and only values it has"):
        enumeration(Season, "A part of the year.", **meanings)
