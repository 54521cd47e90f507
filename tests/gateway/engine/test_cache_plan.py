"""Cache plan: for how long the answers of the real graph may be kept, for whom, and under which tags."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, GraphQLObjectType, OperationDefinitionNode, parse
from graphql import validate as problems_of

from gateway.engine.cache_plan import CachePlan, compile_cache_plan
from resolvers.errors import InvalidIdError
from resolvers.global_id import decode, encode
from schema import build_schema

SCHEMA = build_schema().core
CUSTOMER = encode("Customer", "c1")
CALCULATION = encode("PricingCalculation", "p1")


def compiled(text: str) -> CachePlan:
    document = parse(text)
    assert problems_of(SCHEMA, document) == []
    [operation] = [n for n in document.definitions if isinstance(n, OperationDefinitionNode)]
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    return compile_cache_plan(SCHEMA, operation, fragments, b"digest")


def identify(global_id: str) -> str | None:
    try:
        return ":".join(decode(global_id))
    except InvalidIdError:
        return None


def tags(text: str, data: dict[str, Any], most: int = 100, **variables: Any) -> set[str]:
    found = compiled(text).tags(variables, data, identify, most)
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(
    ("text", "max_age_seconds", "private"),
    [
        ('{ material(name: "peek") { name } }', 60, False),
        ("{ materials { nodes { pricePerKg } totalCount } }", 60, False),
        ("{ customers { nodes { companyName } } }", 30, True),
        ('{ material(name: "peek") { name calculations { nodes { quantity } } } }', 30, True),
        ('{ pricingTrends(material: "peek") { averagePrice } }', 60, True),
        ("{ calculations { nodes { materialProperties { name } } } }", 30, True),
        ("query { ...F } fragment F on Query { ... { materials { nodes { id } } } }", 60, False),
        ("{ __typename materials { nodes { id } } }", 60, False),
    ],
)
def test_the_least_age_and_the_narrowest_scope_count(
    text: str, max_age_seconds: int, private: bool
) -> None:
    plan = compiled(text)

    assert (plan.max_age_seconds, plan.private) == (max_age_seconds, private)


@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { name } }",
        "{ __typename }",
        "{ materials { nodes { id } } viewer { name } }",
        "{ materials { nodes { id } } __schema { queryType { name } } }",
        '{ materials { nodes { id } } __type(name: "Query") { name } }',
        "{ logs { nodes { message } } }",
        "{ calculations { nodes { logs { nodes { message } } } } }",
        'query($with: Boolean!) { material(name: "a") { id } stores @include(if: $with) { name } }',
        '{ material(name: "peek") { freshness { ageSeconds } } }',
    ],
)
def test_what_is_true_only_now_is_not_kept(text: str) -> None:
    assert compiled(text).max_age_seconds == 0


def test_only_what_is_no_customers_own_is_public() -> None:
    """A field that shows customers' rows and is not private would show them to other customers."""
    public = {
        f"{kind.name}.{name}"
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if (hint := field.extensions.get("cacheControl"))
        and hint["maxAge"] > 0
        and hint["scope"] == "PUBLIC"
    }

    assert public == {
        "MaterialPriceChanged.material",
        "MaterialSpend.materialProperties",
        "PricingCalculation.materialProperties",
        "Query.material",
        "Query.materials",
    }


def test_an_argument_names_the_object_whether_it_is_found_or_not() -> None:
    text = "query($name: String!) { material(name: $name) { pricePerKg } }"

    assert tags(text, {"material": {"pricePerKg": "1"}}, name="peek") == {"Material:peek"}
    assert tags(text, {"material": None}, name="nothing") == {"Material:nothing"}


def test_a_global_id_names_the_object() -> None:
    text = "query($id: ID!) { calculation(id: $id) { quantity } }"

    assert tags(text, {"calculation": {"quantity": 1}}, id=CALCULATION) == {"PricingCalculation:p1"}


@pytest.mark.parametrize("name", ["a\nMaterial:b", "x" * 300, "\u2028"])
def test_a_name_that_makes_no_good_tag_is_covered_by_its_type(name: str) -> None:
    text = "query($name: String!) { material(name: $name) { pricePerKg } }"

    assert tags(text, {"material": None}, name=name) == {"Material"}


def test_a_default_of_a_variable_is_covered_by_the_type() -> None:
    text = 'query($name: String! = "peek") { material(name: $name) { pricePerKg } }'

    assert tags(text, {"material": {"pricePerKg": "1"}}) == {"Material"}


def test_a_node_is_named_by_its_id_and_nodes_by_theirs() -> None:
    text = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }"
    data = {"nodes": [{"id": CUSTOMER}, None], "node": {"id": CALCULATION}}
    gone = encode("User", "u1")

    found = tags(text, data, ids=[CUSTOMER, gone], id=CALCULATION)

    assert found == {"Customer:c1", "User:u1", "PricingCalculation:p1"}


def test_a_root_list_is_covered_by_its_type() -> None:
    text = "{ customers { nodes { companyName } edges { node { id } } } }"
    data = {"customers": {"nodes": [{"companyName": "A"}], "edges": [{"node": {"id": CUSTOMER}}]}}

    assert tags(text, data) == {"Customer"}


def test_a_list_of_a_known_object_is_the_lists_own_affair() -> None:
    text = "query($id: ID!) { customer(id: $id) { calculations { nodes { quantity } } } }"
    data = {"customer": {"calculations": {"nodes": [{"quantity": 1}]}}}

    assert tags(text, data, id=CUSTOMER) == {"Customer:c1", "Customer:c1.calculations"}


def test_a_list_of_an_object_that_nothing_names_is_covered_by_the_type() -> None:
    text = "{ customers { nodes { calculations { nodes { quantity } } } } }"
    data = {"customers": {"nodes": [{"calculations": {"nodes": [{"quantity": 1}]}}]}}

    assert tags(text, data) == {"Customer", "PricingCalculation"}


def test_ids_in_the_answer_narrow_the_tags() -> None:
    text = """
    { calculations { nodes {
      id
      mine: customer { key: id }
      materialProperties { name }
      costComponents { id totalCost }
      analytics { recordedAt }
    } } }
    """
    nodes = [
        {
            "id": CALCULATION,
            "mine": {"key": CUSTOMER},
            "materialProperties": {"name": "peek"},
            "costComponents": [{"id": encode("CostComponent", "k1"), "totalCost": "1"}],
            "analytics": None,
        }
    ]

    assert tags(text, {"calculations": {"nodes": nodes}}) == {
        "PricingCalculation",
        "Customer:c1",
        "Material",
        "PricingCalculation:p1.costComponents",
        "PricingCalculation:p1.analytics",
    }


def test_a_relation_that_leads_nowhere_is_covered_by_its_type() -> None:
    text = "query($id: ID!) { calculation(id: $id) { customer { id } } }"

    found = tags(text, {"calculation": {"customer": None}}, id=CALCULATION)

    assert found == {"PricingCalculation:p1", "Customer"}


def test_too_many_tags_give_way_to_those_of_their_types() -> None:
    text = "{ calculations { nodes { customer { id } } } }"
    nodes = [{"customer": {"id": encode("Customer", number)}} for number in range(11)]

    assert len(tags(text, {"calculations": {"nodes": nodes}}, most=12)) == 12
    assert tags(text, {"calculations": {"nodes": nodes}}, most=11) == {
        "PricingCalculation",
        "Customer",
    }


def test_what_a_condition_leaves_out_has_no_tag() -> None:
    text = """
    query($id: ID!, $with: Boolean!) {
      calculation(id: $id) { quantity customer @include(if: $with) { id } }
    }
    """

    assert tags(text, {"calculation": {"quantity": 1}}, id=CALCULATION) == {"PricingCalculation:p1"}
