"""Caching: what is kept of an operation's answer, for whom, and what the client is told of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.redis import response_watch
from datasources.redis.client import RedisStore
from datasources.redis.rate_limit import RateLimit
from datasources.redis.response_cache import ResponseCache
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.response_watch import LEASE_SECONDS
from datasources.redis.settings import RedisSettings
from gateway.errors import Code
from gateway.pipeline import answer
from gateway.pipeline.exchange import Request
from gateway.pipeline.flight import Flights
from gateway.pipeline.meter import Meter
from gateway.pipeline.quota import RateLimitSettings
from gateway.telemetry.audit import AuditTrail
from tests.datasources.redis.test_response_cache import is_quiet
from tests.gateway.pipeline import shop as shop_module
from tests.gateway.pipeline.shop import ADMIN, HINTS, PRICE, Shop, body, customer, status, until


@pytest.fixture
async def open_shop(store_urls: StoreUrls) -> AsyncIterator[Callable[..., Any]]:
    prefix, opened = f"test-{uuid4().hex}", []

    async def open_one(**fields: Any) -> Shop:
        settings = RedisSettings(url=store_urls.redis, key_prefix=prefix, timeout_seconds=5)
        redis = await RedisStore.open(settings)
        shop = Shop(ResponseCache(redis, ResponseCacheSettings(**fields)))
        opened.append((redis, shop.cache))
        return shop

    yield open_one
    for redis, cache in opened:
        await cache.close()
        await redis.close()


@pytest.fixture
async def shop(open_shop: Callable[..., Any]) -> Shop:
    made: Shop = await open_shop()
    return made


async def test_an_answer_is_made_once_and_says_where_it_came_from(shop: Shop) -> None:
    first = await shop.ask(PRICE, n="peek")
    second = await shop.ask(PRICE, n="peek")

    assert body(first)["data"] == body(second)["data"] == {"material": {"price": 1}}
    assert (status(first), status(second)) == ("miss", "hit")
    assert body(first)["extensions"]["cache"]["ageSeconds"] == 0
    assert 0 <= body(second)["extensions"]["cache"]["ageSeconds"] < 60


async def test_other_variables_other_names_and_other_texts_are_other_answers(shop: Shop) -> None:
    named = "query A($n: String!) { material(name: $n) { price } }"
    await shop.ask(PRICE, n="peek")

    others = [await shop.ask(PRICE, n="abs"), await shop.ask(named, n="peek")]

    assert [status(each) for each in others] == ["miss", "miss"]


async def test_gateways_that_read_the_same_text_differently_share_nothing(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older and a newer version side by side, one of which knows another default."""
    text, statuses = shop_module.SDL, []
    for default in ("peek", "abs", "peek"):
        changed = text.replace("name: String!", f'name: String! = "{default}"')
        monkeypatch.setattr(shop_module, "SDL", changed)
        shop: Shop = await open_shop()
        statuses.append(status(await shop.ask("{ material { price } }")))
        await until(partial(is_quiet, shop.cache))

    assert statuses == ["miss", "miss", "hit"]


async def test_variables_that_the_operation_does_not_know_make_no_difference(shop: Shop) -> None:
    await shop.ask(PRICE, n="peek")

    assert status(await shop.ask(PRICE, n="peek", unknown=[1, {"b": 1, "a": 2}])) == "hit"


async def test_a_customers_rows_are_never_given_to_another(shop: Shop) -> None:
    """The same text, the same role: only whose rows they may see tells the two apart."""
    one, two = UUID(int=1), UUID(int=2)
    text = "{ mine { id } }"
    viewers = [customer(one), customer(two), customer(one, two), customer(), ADMIN]

    for _ in range(2):
        given = [body(await shop.ask(text, who))["data"]["mine"] for who in viewers]
        assert [[row["id"] for row in rows] for rows in given] == [
            [str(one)],
            [str(two)],
            [str(one), str(two)],
            [],
            ["every"],
        ]
    assert shop.asked == len(viewers)


async def test_those_who_see_the_same_rows_share_an_answer(shop: Shop) -> None:
    first = await shop.ask("{ mine { price } }", customer(UUID(int=1), name="Ann"))
    second = await shop.ask("{ mine { price } }", customer(UUID(int=1), name="Ben"))

    assert (status(first), status(second)) == ("miss", "hit")


async def test_what_is_nobodys_own_is_shared_by_all_customers_but_not_by_roles(shop: Shop) -> None:
    statuses = [
        status(await shop.ask(PRICE, who, n="peek"))
        for who in (customer(UUID(int=1)), customer(UUID(int=2)), ADMIN, ADMIN)
    ]

    assert statuses == ["miss", "hit", "miss", "hit"]


@pytest.mark.parametrize(
    "text",
    [
        "mutation { touch }",
        "{ now }",
        "{ now mine { price } }",
        "{ mine { price } __schema { queryType { name } } }",
    ],
)
async def test_what_may_not_be_kept_says_nothing_and_is_made_each_time(
    shop: Shop, text: str
) -> None:
    for _ in range(2):
        response = await shop.ask(text)
        assert "extensions" not in body(response)
        assert (response.cache_control, response.etag) == (None, None)


async def test_an_answer_with_errors_is_not_kept(shop: Shop) -> None:
    for asked in (1, 2):
        response = await shop.ask("{ failing }")
        assert body(response)["errors"][0]["extensions"]["code"] == "INVALID_ID"
        assert response.cache_control is None
        assert status(response) == "miss"
        assert shop.asked == asked


async def test_a_refused_operation_is_not_kept_and_holds_up_nobody(shop: Shop) -> None:
    refused = await shop.ask(PRICE, n=None)

    assert refused.refused is Code.BAD_USER_INPUT
    assert body(refused).keys() == {"errors"}
    assert status(await shop.ask(PRICE, n="peek")) == "miss"


async def test_a_bump_ends_the_answers_that_carry_the_tag(shop: Shop) -> None:
    for name in ("peek", "abs"):
        await shop.ask(PRICE, n=name)

    await shop.bump("Material:peek", "Customer")

    assert status(await shop.ask(PRICE, n="peek")) == "miss"
    assert status(await shop.ask(PRICE, n="abs")) == "hit"


async def test_an_answer_under_way_during_a_bump_is_given_but_not_kept(shop: Shop) -> None:
    shop.gate.clear()
    slow = asyncio.create_task(shop.ask(PRICE, n="peek"))
    await until(lambda: shop.asked)

    await shop.bump("Material:peek")
    shop.gate.set()
    await slow

    assert status(await shop.ask(PRICE, n="peek")) == "miss"


async def test_many_who_ask_at_once_are_answered_by_one_execution(shop: Shop) -> None:
    shop.gate.clear()
    asking = [asyncio.create_task(shop.ask(PRICE, n="peek")) for _ in range(20)]
    await until(lambda: shop.asked)
    shop.gate.set()

    statuses = sorted(status(each) for each in await asyncio.gather(*asking))

    assert (shop.asked, statuses) == (1, ["hit"] * 19 + ["miss"])


async def test_when_the_first_of_many_leaves_another_one_goes_on(shop: Shop) -> None:
    shop.gate.clear()
    first = asyncio.create_task(shop.ask(PRICE, n="peek"))
    await until(lambda: shop.asked)
    others = [asyncio.create_task(shop.ask(PRICE, n="peek")) for _ in range(5)]
    await asyncio.sleep(0)

    first.cancel()
    shop.gate.set()

    assert sorted(status(each) for each in await asyncio.gather(*others)) == ["hit"] * 4 + ["miss"]
    assert shop.asked == 2


async def test_an_answer_too_large_is_given_and_not_kept(open_shop: Callable[..., Any]) -> None:
    shop = await open_shop(entry_max_bytes=1_024)
    text = "{ " + " ".join(f'a{n}: material(name: "x") {{ price }}' for n in range(25)) + " }"
    text = text.replace("a0:", "a" * 1_000 + ":")

    statuses = [status(await shop.ask(text)) for _ in range(2)]

    assert statuses == ["miss", "miss"]


async def open_stale(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> Any:
    """A shop whose kept price of peek has just passed its age."""
    monkeypatch.setitem(HINTS["material"], "maxAge", 1)
    shop = await open_shop(**settings)
    await shop.ask(PRICE, n="peek")
    await until(lambda: is_quiet(shop.cache))  # Redis counts from when it was told
    await asyncio.sleep(1.01)
    return shop


@pytest.mark.parametrize("lease_seconds", [LEASE_SECONDS, 0])
async def test_a_stale_answer_is_given_while_it_is_made_anew(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, lease_seconds: float
) -> None:
    """Also where this process may not give out answers of its own, as when it was idle or slow."""
    monkeypatch.setattr(response_watch, "LEASE_SECONDS", lease_seconds)
    shop = await open_stale(open_shop, monkeypatch, stale_while_revalidate_seconds=60)
    shop.gate.clear()

    stale = [await shop.ask(PRICE, n="peek") for _ in range(3)]
    shop.gate.set()
    await until(lambda: is_quiet(shop.cache))
    fresh = await shop.ask(PRICE, n="peek")

    assert [status(each) for each in stale] == ["stale"] * 3
    assert {each.cache_control for each in stale} == {None}
    assert {body(each)["data"]["material"]["price"] for each in stale} == {1}
    assert body(fresh)["data"]["material"]["price"] == 2
    assert (shop.asked, status(fresh)) == (2, "hit")


async def test_a_stale_answer_stands_in_for_a_store_that_is_down(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_stale(open_shop, monkeypatch, stale_if_error_seconds=60)
    shop.down = True

    stale = await shop.ask(PRICE, n="peek")
    never_kept = await shop.ask(PRICE, n="abs")
    await shop.bump("Material:peek")
    bumped = await shop.ask(PRICE, n="peek")

    assert (status(stale), stale.errors, body(stale)["data"]["material"]) == (
        "stale",
        (),
        {"price": 1},
    )
    for response in (never_kept, bumped):
        assert [error["extensions"]["code"] for error in response.errors] == ["STORE_UNAVAILABLE"]


async def test_a_stale_answer_stands_in_for_what_several_shared_in_vain(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for the ticket in vain runs the operation together; all of them get the old answer."""
    shop = await open_stale(open_shop, monkeypatch, stale_if_error_seconds=60)
    shop.down = True
    shop.gate.clear()
    parts = shop.parts(flights=Flights(), cost_shown=True)
    request = Request(PRICE, variables={"n": "peek"})

    asked = [asyncio.create_task(answer(request, parts)) for _ in range(3)]
    await until(lambda: shop.asked == 2)
    shop.gate.set()
    stale = await asyncio.gather(*asked)

    assert parts.flights is not None
    assert parts.flights.joined == 1
    for response in stale:
        assert (status(response), response.errors) == ("stale", ())
        assert body(response)["data"] == {"material": {"price": 1}}
        assert body(response)["extensions"]["cost"]["actualQueryCost"] == 0


async def test_who_goes_away_in_any_turn_leaves_the_right_to_make_an_answer_to_others(
    open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while Redis is asked for an older answer, when the operation itself has ended already."""
    shop = await open_stale(open_shop, monkeypatch, stale_if_error_seconds=60, local_bytes=0)
    shop.down = True
    parts = shop.parts(audit=AuditTrail())
    turns, task = 0, None
    async with asyncio.timeout(20):  # one that waits for who never gives up needs more turns
        while task is None or task.cancelled():
            turns += 1
            task = asyncio.create_task(answer(Request(PRICE, variables={"n": "peek"}), parts))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await until(lambda: is_quiet(shop.cache))
    shop.down = False

    statuses = [status(await shop.ask(PRICE, n="peek")) for _ in range(2)]

    assert status(task.result()) == "stale"
    assert statuses == ["miss", "hit"]
    assert parts.audit is not None
    assert parts.audit.waiting == turns


async def test_an_answer_says_how_long_it_may_be_kept_and_by_whom(shop: Shop) -> None:
    public = await shop.ask(PRICE, n="peek", safe=True)
    private = await shop.ask("{ mine { price } }", safe=True)
    again = await shop.ask(PRICE, n="peek", safe=True)

    assert public.cache_control == "max-age=60, public"
    assert private.cache_control == "max-age=60, private"
    assert again.cache_control is not None
    assert re.fullmatch(r"max-age=[1-5]\d, public", again.cache_control)
    assert public.etag == again.etag
    assert public.etag is not None
    assert public.etag.startswith('W/"')
    assert public.etag != private.etag


async def test_without_redis_every_operation_runs() -> None:
    redis = await RedisStore.open(RedisSettings(url="redis://127.0.0.1:1"))
    shop = Shop(ResponseCache(redis, ResponseCacheSettings()))

    statuses = [status(await shop.ask(PRICE, n="peek")) for _ in range(5)]

    assert (statuses, shop.asked) == (["miss"] * 5, 5)
    await shop.cache.close()
    await redis.close()


async def test_a_cache_that_is_off_says_nothing(shop: Shop) -> None:
    request = Request(PRICE, variables={"n": "peek"})

    response = await answer(request, shop.parts(responses=None))

    assert "extensions" not in body(response)
    assert response.cache_control is None


async def test_a_kept_answer_costs_nothing_and_counts_as_no_request(shop: Shop) -> None:
    given = {"mode": "enforce", "admin_requests": "1+0.001/s"}
    limits = RateLimitSettings.model_validate(given)
    parts = shop.parts(meter=Meter(RateLimit(shop.cache._redis), limits))

    for expected in ("miss", "hit", "hit", "hit"):
        response = await answer(Request(PRICE, variables={"n": "peek"}), parts)
        assert status(response) == expected
    refused = await answer(Request(PRICE, variables={"n": "abs"}), parts)

    assert refused.refused is Code.RATE_LIMITED
    assert status(await shop.ask(PRICE, n="abs")) == "miss"  # nobody waits for who was refused
    assert parts.meter is not None
    await parts.meter.drain()
