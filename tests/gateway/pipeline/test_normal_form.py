"""Normal form: the same for texts that GraphQL reads alike, different for all others."""

import pytest
from graphql import GraphQLSyntaxError
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.normal_form import NormalForm, normal_form

TOKENS = ["query", "A", "(", "$a", ":", "[Int!]", "=", "[1, 2]", ")", "{", "a", "(", "b", ":", "$a"]
TOKENS += [
    ",",
    "c",
    ":",
    '"x # y , "',
    "d",
    ":",
    "1.5e3",
    ")",
    "@skip",
    "(",
    "if",
    ":",
    "true",
    ")",
]
TOKENS += ["...", "F", "}", "fragment", "F", "on", "Query", "{", "b", "}"]
IGNORED = st.lists(
    st.sampled_from([" ", "\t", "\n", "\r\n", ",", "# a { comment\n", "\ufeff"]), min_size=1
).map("".join)


def form(text: str) -> NormalForm:
    found = normal_form(text, 1_000)
    assert found is not None
    return found


@given(st.lists(IGNORED, min_size=len(TOKENS), max_size=len(TOKENS)))
def test_what_graphql_ignores_makes_no_difference(gaps: list[str]) -> None:
    text = "".join(gap + token for gap, token in zip(gaps, TOKENS, strict=True))

    assert form(text) == form(" ".join(TOKENS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ a }", "{ b }"),
        ("{ a b }", "{ ab }"),
        ("{ a }", "{ a: a }"),
        ('{ a(b: "c d") }', '{ a(b: "c  d") }'),
        ('{ a(b: "1") }', "{ a(b: 1) }"),
        ("{ a(b: c) }", '{ a(b: "c") }'),
        ("{ a(b: 1.0) }", "{ a(b: 1) }"),
        ('{ a(b: "x", c: "y") }', '{ a(b: "x\\nStringy") }'),
        ("query A { a }", "query B { a }"),
    ],
)
def test_other_tokens_are_another_document(one: str, other: str) -> None:
    assert form(one).digest != form(other).digest


def test_escapes_in_strings_make_no_difference() -> None:
    assert form('{ a(b: "\\u0041") }') == form('{ a(b: "A") }')


def test_it_names_the_operations_and_nothing_else() -> None:
    text = "query A { query B { mutation } } mutation C { a } query { b } fragment D on query { a }"

    assert form(text).names == ("A", "C")


def test_too_many_tokens_and_too_strange_ones() -> None:
    assert normal_form("{ a }", 3) is not None
    assert normal_form("{ a }", 2) is None
    assert normal_form("{" * 5_000, 10_000) is not None
    for text in ("{ a\0 }", "{ é }", '"', "{ a(b: 00) }"):
        with pytest.raises(GraphQLSyntaxError):
            normal_form(text, 10)
