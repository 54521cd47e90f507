"""Document cache: one look at a text, within bounds, and never the wrong answer."""

from unittest.mock import patch

import pytest
from graphql import GraphQLSchema

from gateway.errors import Code, RefusedError
from gateway.pipeline import document_cache
from gateway.pipeline.document_cache import DocumentCache, DocumentSettings
from resolvers.viewer import Role


def refusal(cache: DocumentCache, text: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        cache.find(text)
    return caught.value


def aliases(count: int) -> str:
    """A document of about 1,500 bytes of memory for each alias."""
    return "{" + " ".join(f"a{number}: name" for number in range(count)) + "}"


def test_a_text_is_parsed_and_validated_once(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings())

    first = cache.find("{ name }")

    assert cache.find("{ name }") is first
    assert cache.find("{ name  }") is not first


def test_a_refused_text_is_remembered_too(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings())
    first = refusal(cache, "{ nme }")

    with patch.object(document_cache, "parse", side_effect=AssertionError("parsed again")):
        again = refusal(cache, "{ nme }")

    assert again is not first
    assert (again.code, again.errors) == (Code.GRAPHQL_VALIDATION_FAILED, first.errors)


def test_the_least_recently_used_document_leaves_first(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(cache_entries=2))
    a, b = cache.find("{ a: name }"), cache.find("{ b: name }")
    assert cache.find("{ a: name }") is a

    cache.find("{ c: name }")

    assert cache.find("{ a: name }") is a
    assert cache.find("{ b: name }") is not b


def test_garbage_drives_no_document_out(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(cache_entries=8))
    good = cache.find("{ name }")

    for number in range(100):
        refusal(cache, f"{{ unknown{number} }}")

    assert cache.find("{ name }") is good


def test_bytes_are_bounded_as_well(schema: GraphQLSchema) -> None:
    settings = DocumentSettings(cache_bytes=1_048_576)
    cache = DocumentCache(schema, settings)
    small = cache.find("{ name }")
    large = cache.find(aliases(400))

    assert cache.find(aliases(400)) is large
    cache.find(aliases(401))

    assert cache.find(aliases(400)) is not large
    assert cache.find("{ name }") is not small


def test_what_is_worked_out_of_a_document_counts_with_it(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(cache_bytes=1_048_576))
    texts = [f"{{ a{number}: name }}" for number in range(6)]
    first, *others = [cache.find(text) for text in texts]

    for document in others:
        cache.growth(document)(230_000)

    assert cache.find(texts[0]) is not first
    assert [cache.find(text) for text in texts[2:]] == others[1:]


def test_a_document_that_grows_too_large_leaves_by_itself(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(cache_bytes=1_048_576))
    small, large = cache.find("{ name }"), cache.find("{ a: name }")
    grow = cache.growth(large)

    grow(200_000)
    grow(-100_000)
    grow(150_000)
    assert cache.find("{ a: name }") is large
    grow(20_000)

    assert cache.find("{ a: name }") is not large
    assert cache.find("{ name }") is small
    grow(1_000_000)  # by whoever still runs it


def test_a_document_larger_than_the_cache_is_answered_but_not_kept(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(cache_bytes=1_048_576))
    small = cache.find("{ name }")

    cache.find(aliases(1_000))

    assert cache.find("{ name }") is small


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ name }" + " " * 993, Code.DOCUMENT_TOO_LARGE),
        ("{" + "name " * 99 + "}", Code.DOCUMENT_TOO_LARGE),
        ("{ name", Code.GRAPHQL_PARSE_FAILED),
        ("{ nme }", Code.GRAPHQL_VALIDATION_FAILED),
        ('{ echo(text: "\\u{000}") }', Code.BAD_USER_INPUT),
    ],
)
def test_what_is_no_document_is_refused_with_a_code(
    schema: GraphQLSchema, text: str, code: Code
) -> None:
    cache = DocumentCache(schema, DocumentSettings(max_characters=1_000, max_tokens=100))

    assert refusal(cache, text).code is code


def test_fields_are_compared_only_so_often(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings())

    cache.find("{" + " name" * 300 + "}")
    found = refusal(cache, "{" + " name" * 400 + "}")

    assert found.code is Code.GRAPHQL_VALIDATION_FAILED
    assert found.errors[0]["message"].startswith("The document selects the same fields too often")


def test_validation_stops_at_so_many_errors(schema: GraphQLSchema) -> None:
    cache = DocumentCache(schema, DocumentSettings(max_errors=3))

    refused = refusal(cache, "{" + " ".join(f"x{number}" for number in range(50)) + "}")

    assert len(refused.errors) == 4  # the last one says that there may be more


@pytest.mark.parametrize(
    "text", ["{ __schema { types { name } } }", '{ __type(name: "Query") { name } }']
)
def test_a_schema_that_is_not_shown_cannot_be_asked_for(schema: GraphQLSchema, text: str) -> None:
    hidden = DocumentCache(schema, DocumentSettings(), shown=False)
    shown = DocumentCache(schema, DocumentSettings())

    assert refusal(hidden, text).code is Code.INTROSPECTION_DISABLED
    assert shown.holds(text)
    assert hidden.holds("{ __typename name }")


def test_a_schema_that_is_not_shown_suggests_no_names(schema: GraphQLSchema) -> None:
    hidden = DocumentCache(schema, DocumentSettings(), shown=False)
    shown = DocumentCache(schema, DocumentSettings())

    assert "Did you mean 'name'?" in refusal(shown, "{ nme }").errors[0]["message"]
    assert (
        refusal(hidden, "{ nme }").errors[0]["message"]
        == "Cannot query field 'nme' on type 'Query'."
    )


def test_the_roles_that_are_shown_the_schema_are_a_setting() -> None:
    assert DocumentSettings().shows(frozenset({Role.CUSTOMER}))
    few = DocumentSettings.model_validate({"introspection_roles": "admin, analyst"})
    assert not few.shows(frozenset({Role.CUSTOMER, Role.SERVICE}))
    assert few.shows(frozenset({Role.CUSTOMER, Role.ANALYST}))
