"""Users: by id."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists

from datasources.merging import Mergeable, merged
from datasources.postgres.condition import collect
from datasources.postgres.engine import Postgres
from datasources.postgres.identity import by_id, identified, identity_clauses
from datasources.postgres.restriction import restriction, restriction_clauses
from datasources.postgres.subject import Subject
from datasources.postgres.tables import CUSTOMERS, USERS
from datasources.records import Columns, UserRecord
from datasources.scope import Scope

_CLAUSES = {
    **identity_clauses(USERS.c.id),
    **{
        name: exists().where(CUSTOMERS.c.user_id == USERS.c.id, clause)
        for name, clause in restriction_clauses(CUSTOMERS.c.id).items()
    },
}
USERS_READ = Subject(USERS, UserRecord.__annotations__, _CLAUSES)


class UserRepository(Mergeable):
    """A restricted scope sees the users of its customers."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @merged
    async def by_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> dict[UUID, UserRecord]:
        if not ids:
            return {}
        asked = collect([identified(ids), *restriction(scope)])
        statement = USERS_READ.list(columns, asked.names)
        rows = await self._postgres.fetch(scope, statement, asked.parameters)
        return by_id(ids, rows)
