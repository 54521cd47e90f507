"""Aftermath: a change stands when Redis is away, and each field of a document is a change of its own."""

from uuid import uuid4

from resolvers import global_id
from tests.databases import StoreSettings
from tests.mutation.desk import CREATE, REFRESH, UPDATE_MATERIAL, USER, Desk, open_desk

NOWHERE = "redis://127.0.0.1:1"
READ = '{ material(name: "aluminum_6061") { name updatedAt hardnessHb } }'


def away(written: StoreSettings) -> StoreSettings:
    redis = written.redis.model_copy(update={"url": NOWHERE, "timeout_seconds": 0.2})
    return StoreSettings(written.postgres, written.mongo, redis)


async def test_a_change_stands_when_redis_is_away_and_a_refresh_mends_what_it_kept(
    written: StoreSettings, desk: Desk
) -> None:
    async with open_desk(away(written)) as apart:
        before = (await apart.ask(READ)).data["material"]
        given = {"name": "aluminum_6061", "expectedUpdatedAt": before["updatedAt"]}

        changed = await apart.ask(UPDATE_MATERIAL, input={**given, "hardnessHb": "150"})

        assert changed.problems() == []
        assert (await apart.ask(READ)).data["material"]["hardnessHb"] == "150.000"

    refreshed = await desk.ask(REFRESH, input={"name": "aluminum_6061"})
    assert refreshed.problems() == []
    assert (await desk.ask(READ)).data["material"]["hardnessHb"] == "150.000"


async def test_a_refresh_without_redis_says_so(written: StoreSettings) -> None:
    async with open_desk(away(written)) as desk:
        refused = await desk.ask(REFRESH, input={"name": "aluminum_6061"})

    assert refused.codes() == ["STORE_UNAVAILABLE"]
    assert refused.errors[0]["extensions"]["store"] == "redis"


async def test_fields_of_one_document_stand_or_fall_alone(desk: Desk) -> None:
    document = """mutation ($good: CreateCustomerInput!, $bad: CreateCustomerInput!) {
      first: createCustomer(input: $good) { customer { companyName } userErrors { code } }
      second: createCustomer(input: $bad) { customer { companyName } userErrors { code } }
      third: createCustomer(input: $good) { customer { companyName } userErrors { code } }
    }"""
    good = {
        "idempotencyKey": uuid4().hex,
        "companyName": "Delta",
        "userId": global_id.encode("User", USER),
    }

    answer = await desk.ask(document, good=good, bad={**good, "companyName": ""})

    made = {"customer": {"companyName": "Delta"}, "userErrors": []}
    refused = {"customer": None, "userErrors": [{"code": "INVALID_TEXT"}]}
    assert answer.data == {"first": made, "second": refused, "third": made}
    count = "SELECT count(*) FROM idempotency_keys WHERE key = $1"
    assert await desk.value(count, good["idempotencyKey"]) == 1


async def test_a_failing_write_is_a_null_field_with_its_store(written: StoreSettings) -> None:
    nowhere = written.postgres.model_copy(
        update={"url": "postgresql://nobody@127.0.0.1:1/none", "timeout_seconds": 0.5}
    )
    async with open_desk(written, nowhere) as desk:
        given = {"idempotencyKey": uuid4().hex, "companyName": "Echo"}
        refused = await desk.ask(CREATE, input={**given, "userId": global_id.encode("User", USER)})

    assert refused.data == {"createCustomer": None}
    assert refused.codes() == ["STORE_UNAVAILABLE"]
