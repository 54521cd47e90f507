"""Users: by id."""

from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists

from datasources.merging import Mergeable, merged
from datasources.postgres.engine import Postgres
from datasources.postgres.identity import identity_clauses, read_identified
from datasources.postgres.restriction import restriction_clauses
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
    def by_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> Coroutine[Any, Any, dict[UUID, UserRecord]]:
        return read_identified(self._postgres, USERS_READ, scope, ids, columns)
