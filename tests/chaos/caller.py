"""Caller: sends operations to either gateway, again and again until there is an answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

import httpx

_TRANSIENT = frozenset(
    {"DEADLINE_EXCEEDED", "OVERLOADED", "CONCURRENCY_LIMIT", "STORE_UNAVAILABLE"}
)
_ANSWER_SECONDS = 6
_PATIENCE_SECONDS = 60  # well beyond what any fault takes to be over


@dataclass(frozen=True, slots=True)
class Reply:
    """``tries`` before it were not answered, so that nobody knows what became of them."""

    payload: dict[str, Any]
    tries: int

    def problems(self) -> set[str]:
        return {each["code"] for each in self.payload["userErrors"]}


class UnansweredError(Exception):
    """Given up: it may be done, or not."""


class Caller:
    """``retries`` counts what was sent again; ``strange`` holds answers that should not be."""

    def __init__(self, client: httpx.AsyncClient, urls: tuple[str, ...], random: Random) -> None:
        self.retries = 0
        self.strange: list[Any] = []
        self._client = client
        self._urls = urls
        self._random = random

    async def change(self, mutation: str, given: dict[str, Any], *, patient: bool) -> Reply:
        """Raises :class:`UnansweredError`, after the first failure where it is not ``patient``."""
        until, tries = monotonic() + _PATIENCE_SECONDS, 0
        while True:
            data = await self.ask(mutation, input=given)
            if data is not None:
                (payload,) = data.values()
                if payload is not None:
                    return Reply(payload, tries)
            if not patient:
                raise UnansweredError
            assert monotonic() < until, f"nobody answers {mutation}"
            tries += 1
            self.retries += 1
            await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def ask(self, query: str, **variables: Any) -> dict[str, Any] | None:
        """What one of the gateways answers; none where it gives no answer now."""
        return await self._ask(self._random.choice(self._urls), query, variables)

    async def ask_all(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """What each of the gateways answers once it is well, as it is to be soon."""
        return [await self._answered(url, query, variables) for url in self._urls]

    async def _answered(self, url: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        until = monotonic() + _PATIENCE_SECONDS
        while not (answer := await self._ask(url, query, variables)):
            assert monotonic() < until, f"{url} does not answer {query}"
            assert self.strange == []
            await asyncio.sleep(0.05)
        return answer

    async def _ask(
        self, url: str, query: str, variables: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        body = {"query": query, "variables": variables}
        try:
            response = await self._client.post(f"{url}/graphql", json=body, timeout=_ANSWER_SECONDS)
            answer = response.json()
        except (httpx.TransportError, ValueError):
            return None
        codes = {each["extensions"]["code"] for each in answer.get("errors", ())}
        if codes - _TRANSIENT:
            self.strange.append(answer["errors"])
        return None if codes else answer["data"]
