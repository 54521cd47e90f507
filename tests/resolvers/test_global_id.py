"""Global ids: one text per object, and nothing else is an id."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import InvalidIdError
from resolvers.global_id import decode, decode_uuid, encode, encode_all

KEY = UUID("7d3f0f66-6a3a-4d0e-9a3c-0b6a5b1f2c3d")


@given(key=st.text(min_size=1))
def test_an_id_gives_its_type_and_key_back(key: str) -> None:
    assert decode(encode("Material", key)) == ("Material", key)


@given(key=st.uuids())
def test_a_uuid_comes_back(key: UUID) -> None:
    assert decode_uuid("Customer", encode("Customer", key)) == key


@given(text=st.text())
def test_any_text_is_an_id_or_refused(text: str) -> None:
    try:
        found = decode(text)
    except InvalidIdError:
        return
    assert encode(*found) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "Q3VzdG9tZXI", "Customer:1", str(KEY), "\0", "é", f"{encode('Customer', KEY)}=", " "],
)
def test_garbage_is_refused_with_advice(text: str) -> None:
    with pytest.raises(InvalidIdError, match="pass one exactly as a field id returned it"):
        decode(text)


@pytest.mark.parametrize("key", ["1", f"{{{KEY}}}", str(KEY).upper(), KEY.hex, f"urn:uuid:{KEY}"])
def test_a_key_that_is_not_written_as_a_uuid_is_refused(key: str) -> None:
    with pytest.raises(InvalidIdError):
        decode_uuid("Customer", encode("Customer", key))


def test_an_id_of_another_type_is_refused_by_both_names() -> None:
    with pytest.raises(InvalidIdError) as caught:
        decode_uuid("Customer", encode("User", KEY))
    assert str(caught.value) == "This id names a User; a Customer is wanted here."
    assert caught.value.details == {"expected": "Customer"}


@given(st.text("abcXYZ"), st.lists(st.text(max_size=5) | st.uuids() | st.integers(0, 99)))
def test_many_ids_are_those_of_each(type_name: str, keys: list[object]) -> None:
    assert encode_all(type_name, keys) == [encode(type_name, key) for key in keys]


@given(st.lists(st.uuids()))
def test_ids_of_one_length_are_those_of_each(keys: list[object]) -> None:
    assert encode_all("Customer", keys) == [encode("Customer", key) for key in keys]
