"""Customers: registered once per key, changed as last seen, deleted with all that is theirs."""

from uuid import uuid4

import pytest

from resolvers import global_id
from resolvers.viewer import Role
from tests.mutation.desk import (
    ANALYST,
    CREATE,
    DELETE,
    RECORD,
    SERVICE,
    UPDATE,
    USER,
    Desk,
    Writer,
    calculation_input,
    customer,
)

USER_ID = global_id.encode("User", USER)
NOBODY = global_id.encode("Customer", uuid4())
LONG_AGO = "2020-01-01T00:00:00Z"


def wish(**changes: object) -> dict[str, object]:
    return {
        "idempotencyKey": uuid4().hex,
        "companyName": "Cobalt",
        "userId": USER_ID,
        **changes,
    }


async def test_a_customer_is_made_with_its_event(desk: Desk) -> None:
    made = (await desk.ask(CREATE, input=wish(tier="PREMIUM"))).payload

    assert made["userErrors"] == []
    found = made["customer"]
    assert (found["companyName"], found["tier"]) == ("Cobalt", "PREMIUM")
    key = global_id.decode_uuid("Customer", found["id"])
    row = await desk.rows("SELECT * FROM customers WHERE id = $1", key)
    assert [(each["company_name"], each["tier"], each["user_id"]) for each in row] == [
        ("Cobalt", "premium", USER)
    ]
    assert await desk.events("customer_changed", "customer_id", str(key)) == [
        {"customer_id": str(key)}
    ]


async def test_the_same_key_and_input_bring_the_first_result_even_after_a_change(
    desk: Desk,
) -> None:
    given = wish()
    first = (await desk.ask(CREATE, input=given)).payload["customer"]
    changed = await desk.ask(
        UPDATE,
        input={
            "id": first["id"],
            "expectedUpdatedAt": first["updatedAt"],
            "companyName": "Cobalt Works",
        },
    )
    assert changed.payload["customer"]["companyName"] == "Cobalt Works"

    again = (await desk.ask(CREATE, input=given)).payload

    assert again == {"customer": first, "userErrors": []}


async def test_the_same_key_with_another_input_is_refused(desk: Desk) -> None:
    given = wish()
    await desk.ask(CREATE, input=given)

    refused = await desk.ask(CREATE, input={**given, "companyName": "Other"})

    assert refused.payload["customer"] is None
    assert refused.problems() == [("KEY_REUSED", "idempotencyKey")]


async def test_the_same_key_of_another_caller_is_another_key(desk: Desk) -> None:
    given = wish()
    first = (await desk.ask(CREATE, input=given)).payload["customer"]
    other = Writer(frozenset({Role.ADMIN}), name="other")

    second = (await desk.ask(CREATE, other, input=given)).payload["customer"]

    assert first["id"] != second["id"]


async def test_a_key_may_be_used_anew_after_24_hours(desk: Desk) -> None:
    given = wish()
    first = (await desk.ask(CREATE, input=given)).payload["customer"]
    await desk.rows(
        "UPDATE idempotency_keys SET created_at = now() - interval '24 hours' WHERE key = $1",
        given["idempotencyKey"],
    )

    second = (await desk.ask(CREATE, input={**given, "companyName": "Other"})).payload

    assert second["userErrors"] == []
    assert second["customer"]["id"] != first["id"]


async def test_expired_keys_are_taken_away_by_others(desk: Desk) -> None:
    given = wish()
    await desk.ask(CREATE, input=given)
    await desk.rows(
        "UPDATE idempotency_keys SET created_at = now() - interval '9 days' WHERE key = $1",
        given["idempotencyKey"],
    )

    await desk.ask(CREATE, input=wish())

    count = "SELECT count(*) FROM idempotency_keys WHERE key = $1"
    assert await desk.value(count, given["idempotencyKey"]) == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"companyName": ""}, ("INVALID_TEXT", "companyName")),
        ({"companyName": "  "}, ("INVALID_TEXT", "companyName")),
        ({"companyName": "x" * 201}, ("INVALID_TEXT", "companyName")),
        ({"companyName": "a\nb"}, ("INVALID_TEXT", "companyName")),
        ({"idempotencyKey": ""}, ("INVALID_TEXT", "idempotencyKey")),
        ({"idempotencyKey": "k" * 201}, ("INVALID_TEXT", "idempotencyKey")),
        ({"userId": global_id.encode("User", uuid4())}, ("UNKNOWN_USER", "userId")),
        ({"userId": None}, ("UNKNOWN_USER", "userId")),
    ],
)
async def test_a_bad_wish_makes_nothing(
    desk: Desk, changes: dict[str, object], problem: tuple[str, str]
) -> None:
    before = await desk.value("SELECT count(*) FROM customers")

    refused = await desk.ask(CREATE, input=wish(**changes))

    assert refused.problems() == [problem]
    assert refused.payload["customer"] is None
    assert await desk.value("SELECT count(*) FROM customers") == before


async def test_a_damaged_id_is_an_error_of_the_field(desk: Desk) -> None:
    for text, given in (
        (CREATE, wish(userId="garbage")),
        (UPDATE, {"id": USER_ID, "expectedUpdatedAt": LONG_AGO, "companyName": "x"}),
        (DELETE, {"id": "garbage"}),
    ):
        assert (await desk.ask(text, input=given)).codes() == ["INVALID_ID"]


async def test_a_customer_registers_its_own_account_at_the_standard_tier_alone(desk: Desk) -> None:
    own = customer(user_id=USER)
    made = (await desk.ask(CREATE, own, input=wish(userId=None))).payload
    assert made["customer"]["tier"] == "STANDARD"

    high = await desk.ask(CREATE, own, input=wish(tier="ENTERPRISE"))
    assert high.problems() == [("NOT_ALLOWED", "tier")]
    others = await desk.ask(CREATE, customer(user_id=uuid4()), input=wish())
    assert others.problems() == [("NOT_ALLOWED", "userId")]


async def test_a_change_is_seen_at_once_by_who_had_read_before(desk: Desk) -> None:
    id_, _ = await desk.make_customer()
    read = "query ($id: ID!) { customer(id: $id) { id companyName updatedAt } }"
    before = (await desk.ask(read, id=id_)).data["customer"]

    changed = await desk.ask(
        UPDATE,
        input={"id": id_, "expectedUpdatedAt": before["updatedAt"], "companyName": "Newer"},
    )

    after = (await desk.ask(read, id=id_)).data["customer"]
    assert after["companyName"] == changed.payload["customer"]["companyName"] == "Newer"
    assert after["updatedAt"] > before["updatedAt"]


async def test_what_somebody_else_changed_is_not_overwritten(desk: Desk) -> None:
    id_, key = await desk.make_customer()
    seen = (await desk.ask("query ($id: ID!) { customer(id: $id) { updatedAt } }", id=id_)).data
    given = {"id": id_, "expectedUpdatedAt": seen["customer"]["updatedAt"]}
    first = await desk.ask(UPDATE, input={**given, "tier": "PREMIUM"})
    assert first.problems() == []

    second = await desk.ask(UPDATE, input={**given, "companyName": "Lost"})

    assert second.problems() == [("STALE", "expectedUpdatedAt")]
    assert second.payload["customer"] == first.payload["customer"]
    name = "SELECT company_name FROM customers WHERE id = $1"
    assert await desk.value(name, key) == "Borealis"


@pytest.mark.parametrize("text", [UPDATE, DELETE])
async def test_customers_of_others_are_unknown(desk: Desk, text: str) -> None:
    id_, key = await desk.make_customer()
    theirs = {"id": id_}
    nobodys = {"id": NOBODY}
    if text == UPDATE:
        extra = {"expectedUpdatedAt": LONG_AGO, "companyName": "Stolen"}
        theirs, nobodys = theirs | extra, nobodys | extra

    for given in (theirs, nobodys):
        refused = await desk.ask(text, customer(uuid4()), input=given)
        assert refused.problems() == [("UNKNOWN_CUSTOMER", "id")]
        assert refused.payload["customer"] is None

    analyst_too = Writer(frozenset({Role.ANALYST, Role.CUSTOMER}), frozenset({uuid4()}))
    assert (await desk.ask(text, analyst_too, input=theirs)).problems() == [
        ("UNKNOWN_CUSTOMER", "id")
    ]
    name = "SELECT company_name FROM customers WHERE id = $1"
    assert await desk.value(name, key) == "Borealis"


async def test_an_update_changes_something_within_its_rights(desk: Desk) -> None:
    id_, key = await desk.make_customer()
    given = {"id": id_, "expectedUpdatedAt": LONG_AGO}
    nothing = await desk.ask(UPDATE, input=given)
    assert nothing.problems() == [("NOTHING_TO_CHANGE", "")]
    higher = await desk.ask(UPDATE, customer(key), input={**given, "tier": "ENTERPRISE"})
    assert higher.problems() == [("NOT_ALLOWED", "tier")]


async def test_deleting_takes_what_is_theirs_and_says_so(desk: Desk) -> None:
    id_, key = await desk.make_customer()
    for _ in range(3):
        assert (await desk.ask(RECORD, input=calculation_input(id_))).problems() == []
    others = await desk.value("SELECT count(*) FROM pricing_calculations") - 3
    lists = "query ($id: ID!) { customer(id: $id) { id calculations { totalCount } } }"
    before = (await desk.ask(lists, id=id_)).data["customer"]
    assert before["calculations"]["totalCount"] == 3

    gone = await desk.ask(DELETE, customer(key), input={"id": id_})

    assert gone.payload == {
        "customer": {"id": id_, "companyName": "Borealis"},
        "deletedCalculationCount": 3,
        "deletedComponentCount": 12,
        "userErrors": [],
    }
    assert (await desk.ask(lists, id=id_)).data["customer"] is None
    assert await desk.value("SELECT count(*) FROM pricing_calculations") == others
    assert await desk.value("SELECT count(*) FROM users WHERE id = $1", USER) == 1
    (told,) = await desk.events("customer_deleted", "customer_id", str(key))
    ((material, process, _),) = told.pop("buckets")
    assert (material, process) == ("aluminum_6061", "cnc_milling")
    assert told == {"customer_id": str(key), "calculation_count": 3}
    again = await desk.ask(DELETE, input={"id": id_})
    assert again.problems() == [("UNKNOWN_CUSTOMER", "id")]


async def test_analysts_change_no_customer(desk: Desk) -> None:
    for text, given in ((CREATE, wish()), (DELETE, {"id": NOBODY})):
        refused = await desk.ask(text, ANALYST, input=given)
        assert refused.codes()[0] == "GRAPHQL_VALIDATION_FAILED"
        assert refused.calls == ()
    assert (await desk.ask(DELETE, SERVICE, input={"id": NOBODY})).problems() == [
        ("UNKNOWN_CUSTOMER", "id")
    ]
