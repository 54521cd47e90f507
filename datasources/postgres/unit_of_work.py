"""Unit of work: a change is one statement, so that its rows, its events and its key are one transaction.

A thing that is made under an idempotency key is made once: the key's row is claimed first, and every
other row of the statement hangs on the claim. Whoever comes second waits for the first, then claims nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom
from typing import Any

import asyncpg

from datasources.errors import KeyReusedError
from datasources.event import Event
from datasources.postgres.engine import Postgres
from datasources.postgres.funnel import Row
from datasources.postgres.silence import unavailable
from datasources.postgres.statement import Parameters, Statement, written
from datasources.scope import Scope

_PAUSES_SECONDS = (0.01, 0.04, 0.16)  # at most, before each further attempt
_RANDOM = SystemRandom()
_ROLLED_BACK = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

_CLAIM = """INSERT INTO idempotency_keys AS kept (viewer_id, key, request_hash, response)
    VALUES (:claim_viewer_id, :claim_key, :claim_request_hash, :claim_response)
    ON CONFLICT (viewer_id, key) DO UPDATE SET request_hash = excluded.request_hash,
        response = excluded.response, created_at = excluded.created_at
    WHERE kept.created_at <= now() - interval '24 hours'
    RETURNING key"""
# Each claim takes two expired keys away, so that they never pile up.
_SWEEP = """DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys
    WHERE created_at <= now() - interval '25 hours'
        AND (viewer_id, key) <> (:claim_viewer_id, :claim_key)
    ORDER BY created_at LIMIT 2 FOR UPDATE SKIP LOCKED))"""
_EVENT = """INSERT INTO outbox (id, kind, payload)
    SELECT :event_id::uuid, :event_kind::text, :event_payload::jsonb FROM claimed"""


@dataclass(frozen=True, slots=True)
class Claim:
    """``key`` is the caller's own word for the request whose digest of 32 bytes is ``request_hash``."""

    viewer_id: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What there is before a claim: ``response`` is what was made under the key, ``now`` the store's time."""

    now: datetime
    response: Mapping[str, Any] | None
    row: Row


class UnitOfWork:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def commit(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        """Sends a change; again only where the store says that it rolled it back for others' sake."""
        for longest_seconds in _PAUSES_SECONDS:
            try:
                return await self._postgres.write(scope, statement, parameters)
            except _ROLLED_BACK:
                await asyncio.sleep(longest_seconds * _RANDOM.random())
        try:
            return await self._postgres.write(scope, statement, parameters)
        except _ROLLED_BACK as error:
            raise unavailable("has too many writers at the same rows") from error

    async def look(
        self, scope: Scope, statement: Statement, claim: Claim, parameters: Parameters
    ) -> Look:
        """Raises :class:`KeyReusedError` where the key stands for something else."""
        given = {**parameters, "claim_viewer_id": claim.viewer_id, "claim_key": claim.key}
        (row,) = await self._postgres.fetch(scope, statement, given)
        if row["request_hash"] not in (None, claim.request_hash):
            raise KeyReusedError(claim.key)
        return Look(row["now"], row["response"], row)

    async def make(
        self,
        scope: Scope,
        statement: Statement,
        claim: Claim,
        response: Mapping[str, Any],
        event: Event,
        parameters: Parameters,
    ) -> bool:
        """Whether it was made now; if not, somebody else made it under the same key."""
        given = {
            **parameters,
            "claim_viewer_id": claim.viewer_id,
            "claim_key": claim.key,
            "claim_request_hash": claim.request_hash,
            "claim_response": response,
            "event_id": event.id,
            "event_kind": event.kind,
            "event_payload": event.payload,
        }
        (row,) = await self.commit(scope, statement, given)
        return bool(row["made"])


def looking(columns: str, joins: str) -> Statement:
    """What is kept under a key, and ``columns`` of ``joins``, in one row."""
    return written(
        f"""SELECT clock_timestamp() AS now, kept.request_hash, kept.response, {columns}
        FROM (SELECT) AS one LEFT JOIN idempotency_keys AS kept ON kept.viewer_id = :claim_viewer_id
            AND kept.key = :claim_key AND kept.created_at > now() - interval '24 hours'
        {joins}"""  # noqa: S608 - own words
    )


def making(**inserts: str) -> Statement:
    """Rows that are inserted from ``claimed``, which has one row where the key was free and else none."""
    rows = ", ".join(f"{name} AS ({sql})" for name, sql in inserts.items())
    return written(
        f"""WITH claimed AS ({_CLAIM}), swept AS ({_SWEEP}), {rows}, told AS ({_EVENT})
        SELECT EXISTS (SELECT FROM claimed) AS made"""  # noqa: S608 - own words
    )
