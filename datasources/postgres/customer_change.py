"""Customer changes: made once per key, changed only as last seen, deleted with all that is theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from datasources.errors import MissingReferenceError
from datasources.event import Event
from datasources.postgres.engine import Postgres
from datasources.postgres.snapshot import restored, snapshot
from datasources.postgres.statement import written
from datasources.postgres.tables import CUSTOMERS
from datasources.postgres.unit_of_work import Claim, UnitOfWork, looking, making
from datasources.records import CustomerRecord
from datasources.scope import Scope

_MOST_DELETIONS = 4

_LOOK = looking("users.id AS user_id", "LEFT JOIN users ON users.id = :user_id")
_CREATE = making(
    customer="""INSERT INTO customers (id, user_id, company_name, tier, created_at, updated_at)
    SELECT :id::uuid, :user_id::uuid, :company_name::text, :tier::text,
        :created_at::timestamptz, :updated_at::timestamptz FROM claimed"""
)
_UPDATE = written(
    """WITH changed AS (
        UPDATE customers SET company_name = coalesce(:company_name, company_name),
            tier = coalesce(:tier, tier),
            updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
        WHERE id = :id AND updated_at = :expected_updated_at
        RETURNING id, user_id, company_name, tier, created_at, updated_at),
    told AS (INSERT INTO outbox (kind, payload)
        SELECT 'customer_changed', jsonb_build_object('customer_id', id) FROM changed)
    SELECT * FROM changed"""
)
_DELETE = written(
    """WITH held AS (SELECT id FROM customers WHERE id = :id FOR UPDATE),
    components AS (DELETE FROM cost_components AS component USING pricing_calculations AS owner, held
        WHERE component.calculation_id = owner.id AND owner.customer_id = held.id RETURNING 1),
    calculations AS (DELETE FROM pricing_calculations AS calculation USING held
        WHERE calculation.customer_id = held.id RETURNING calculation.id, calculation.material,
            calculation.process, (calculation.created_at AT TIME ZONE 'UTC')::date AS day),
    deleted AS (DELETE FROM customers USING held WHERE customers.id = held.id
        RETURNING customers.id, user_id, company_name, tier, created_at, updated_at),
    told AS (INSERT INTO outbox (kind, payload)
        SELECT 'customer_deleted', jsonb_build_object('customer_id', id, 'calculation_count',
            (SELECT count(*) FROM calculations), 'buckets', (SELECT coalesce(
                jsonb_agg(DISTINCT jsonb_build_array(material, process, day)), '[]')
                FROM calculations)) FROM deleted)
    SELECT *, (SELECT count(*) FROM components) AS component_count,
        ARRAY(SELECT id FROM calculations) AS calculation_ids,
        ARRAY(SELECT DISTINCT material FROM calculations) AS materials
    FROM deleted"""
)


@dataclass(frozen=True, slots=True)
class CustomerLook:
    now: datetime
    made: CustomerRecord | None
    user_is_known: bool


@dataclass(frozen=True, slots=True)
class DeletedCustomer:
    """A customer that is gone, and what went with it."""

    customer: CustomerRecord
    calculation_ids: Sequence[UUID]
    materials: Sequence[str]
    component_count: int


class CustomerChanges:
    def __init__(self, postgres: Postgres) -> None:
        self._work = UnitOfWork(postgres)

    async def look(self, scope: Scope, claim: Claim, user_id: UUID) -> CustomerLook:
        found = await self._work.look(scope, _LOOK, claim, {"user_id": user_id})
        made = None if found.response is None else _restored(found.response)
        return CustomerLook(found.now, made, found.row["user_id"] is not None)

    async def create(
        self, scope: Scope, claim: Claim, customer: CustomerRecord, event: Event
    ) -> bool:
        """Whether the customer was made now; if not, the key was taken in the meantime."""
        response = snapshot(customer)
        try:
            return await self._work.make(scope, _CREATE, claim, response, event, customer)
        except asyncpg.ForeignKeyViolationError as error:
            raise MissingReferenceError("user") from error

    async def update(
        self,
        scope: Scope,
        id: UUID,  # noqa: A002
        expected_updated_at: datetime,
        changes: Mapping[str, str | None],
    ) -> CustomerRecord | None:
        """The customer as it is now; ``None`` where it is not as expected, or not in scope."""
        if not _within(scope, id):
            return None
        given = {"id": id, "expected_updated_at": expected_updated_at, **changes}
        rows = await self._work.commit(scope, _UPDATE, given)
        return rows[0] if rows else None

    async def delete(self, scope: Scope, id: UUID) -> DeletedCustomer | None:  # noqa: A002
        """``None`` where there is no such customer in scope."""
        if not _within(scope, id):
            return None
        for _ in range(_MOST_DELETIONS - 1):
            try:
                return await self._delete(scope, id)
            except asyncpg.ForeignKeyViolationError:
                continue  # a calculation was recorded for it while the statement waited
        return await self._delete(scope, id)

    async def _delete(self, scope: Scope, id: UUID) -> DeletedCustomer | None:  # noqa: A002
        rows = await self._work.commit(scope, _DELETE, {"id": id})
        if not rows:
            return None
        row = rows[0]
        return DeletedCustomer(
            row, row["calculation_ids"], row["materials"], row["component_count"]
        )


def _within(scope: Scope, id: UUID) -> bool:  # noqa: A002
    return scope.customer_ids is None or id in scope.customer_ids


def _restored(taken: Mapping[str, object]) -> CustomerRecord:
    customer: CustomerRecord = restored(CUSTOMERS, taken)  # type: ignore[assignment]
    return customer
