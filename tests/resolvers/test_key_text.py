"""Key text: what is made can be read, nothing else can, and the roles are those that the stores know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.records import ROLES
from resolvers import key_text
from resolvers.viewer import Role


def test_what_is_made_can_be_read_and_is_never_the_same() -> None:
    made = [key_text.make() for _ in range(1_000)]
    read = [key_text.read(text) for text in made]

    assert None not in read
    assert len({each.prefix for each in read if each}) == 1_000
    assert len({each.hashed_secret for each in read if each}) == 1_000


@given(st.integers(0, 57))
def test_a_key_that_lacks_a_character_is_none(place: int) -> None:
    text = key_text.make()

    assert key_text.read(text[:place] + text[place + 1 :]) is None


@pytest.mark.parametrize("change", [str.upper, lambda text: f" {text}", lambda text: f"{text}\n"])
def test_nothing_may_stand_beside_it(change: object) -> None:
    assert callable(change)
    assert key_text.read(change(key_text.make())) is None


def test_the_stores_know_the_same_roles() -> None:
    assert set(ROLES) == {role.value for role in Role}
