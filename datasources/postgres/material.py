"""Materials: by name and page by page. They belong to no customer."""

from collections.abc import Sequence

from sqlalchemy import Text

from datasources.keyset import Keyset
from datasources.postgres.condition import NOTHING, Conditions, among, collect, names_of, storable
from datasources.postgres.engine import Postgres
from datasources.postgres.keyset import walk_of, walk_parameters
from datasources.postgres.statement import value
from datasources.postgres.subject import Subject
from datasources.postgres.tables import MATERIALS
from datasources.records import MaterialRecord
from datasources.scope import Scope

_CLAUSES = {
    "names": among(MATERIALS.c.name, "names"),
    "category": MATERIALS.c.category == value("category", Text()),
}
_MATERIALS = Subject(MATERIALS, MATERIALS.c.keys(), _CLAUSES)
_ALL = frozenset(MATERIALS.c.keys())


class MaterialRepository:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def by_names(self, scope: Scope, names: Sequence[str]) -> dict[str, MaterialRecord]:
        asked = collect([("names", names_of(names))])
        if not (asked.names and asked.possible):
            return {}
        rows = await self._postgres.fetch(
            scope, _MATERIALS.list(_ALL, asked.names), asked.parameters
        )
        return {row["name"]: row for row in rows}

    async def page(
        self, scope: Scope, keyset: Keyset, category: str | None
    ) -> list[MaterialRecord]:
        asked = _asked(category)
        if not asked.possible:
            return []
        statement = _MATERIALS.page(_ALL, asked.names, walk_of(keyset))
        parameters = {**asked.parameters, **walk_parameters(keyset)}
        return await self._postgres.fetch(scope, statement, parameters)

    async def count(self, scope: Scope, category: str | None) -> int:
        asked = _asked(category)
        if not asked.possible:
            return 0
        rows = await self._postgres.fetch(scope, _MATERIALS.count(asked.names), asked.parameters)
        return int(rows[0]["count"])


def _asked(category: str | None) -> Conditions:
    return collect([("category", category if category is None or storable(category) else NOTHING)])
