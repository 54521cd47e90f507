"""Guesses: who tries keys that nobody has is slowed down, and nobody else is."""

import pytest

from datasources.stores import Stores
from gateway.auth import api_key
from gateway.auth.guesses import Guesses
from gateway.errors import Code, RefusedError
from resolvers import key_text
from tests.databases import StoreSettings
from tests.gateway.auth.conftest import Door, Open, ask_as, refusal
from tests.gateway.auth.test_api_key import make
from tests.gateway.server import serve_schema
from tests.gateway.transport.websocket.talk import talk_to


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No guess comes back meanwhile: a busy machine may well need a second for a few of them."""
    monkeypatch.setattr(api_key, "Guesses", lambda most, _: Guesses(most, lambda: 0.0))


@pytest.mark.usefixtures("still")
async def test_who_guesses_is_turned_away_and_a_key_that_held_is_not(
    opened: Open, stores: Stores
) -> None:
    good, new = await make(stores), await make(stores)
    async with opened(key_guesses=3) as client:
        assert (await ask_as(client, good)).status_code == 200
        guesses = [await ask_as(client, key_text.make()) for _ in range(6)]
        after = [await ask_as(client, each) for each in (good, new)]

    assert [refusal(each)[:2] for each in guesses[:3]] == [(401, "UNAUTHENTICATED")] * 3
    assert refusal(guesses[-1])[:2] == (429, "TOO_MANY_ATTEMPTS")
    assert guesses[-1].headers["retry-after"] == "1"
    assert [each.status_code for each in after] == [200, 429]


def test_one_guess_comes_back_each_second_and_addresses_count_apart() -> None:
    now = 0.0
    guesses = Guesses(2, lambda: now)
    for _ in range(2):
        guesses.check("here", "a")
        guesses.note("here", "a", known=False)
    guesses.check("there", "a")
    with pytest.raises(RefusedError) as refused:
        guesses.check("here", "a")
    now = 1.0
    guesses.check("here", "a")

    assert refused.value.code is Code.TOO_MANY_ATTEMPTS


@pytest.mark.usefixtures("still")
async def test_who_guesses_over_websockets_turns_away_nobody_at_another_address(
    accounts: StoreSettings, door: Door, stores: Stores
) -> None:
    new = await make(stores)
    closings = []
    async with serve_schema(
        door.schema,
        postgres=accounts.postgres,
        mongodb=accounts.mongo,
        redis=accounts.redis,
        auth={"sources": "api-key", "key_guesses": 3},
        http={"trusted_proxies": 1},
    ) as client:
        for _ in range(4):
            headers = {"x-forwarded-for": "192.0.2.1"}
            async with talk_to(client, additional_headers=headers) as talk:
                await talk.say("connection_init", None, {"apiKey": key_text.make()})
                closings.append(await talk.closing())
        async with talk_to(client, additional_headers={"x-forwarded-for": "192.0.2.2"}) as talk:
            await talk.init(apiKey=new)

    assert [code for code, _ in closings] == [4403, 4403, 4403, 1013]
