"""Material changes: changed only as last seen, and every change told of."""

from collections.abc import Mapping
from datetime import datetime

from datasources.postgres.condition import storable
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import written
from datasources.postgres.tables import MATERIALS
from datasources.postgres.unit_of_work import UnitOfWork
from datasources.records import MaterialRecord
from datasources.scope import Scope

CHANGEABLE = tuple(
    column.name for column in MATERIALS.c if column.name not in ("name", "category", "updated_at")
)

_SET = ", ".join(f"{name} = coalesce(:{name}, material.{name})" for name in CHANGEABLE)
_UPDATE = written(
    f"""WITH before AS (SELECT name, price_per_kg, currency FROM materials
        WHERE name = :name AND updated_at = :expected_updated_at FOR UPDATE),
    changed AS (UPDATE materials AS material SET {_SET},
            updated_at = greatest(clock_timestamp(), material.updated_at + interval '1 microsecond')
        FROM before WHERE material.name = before.name RETURNING material.*),
    told AS (INSERT INTO outbox (kind, payload)
        SELECT CASE WHEN (before.price_per_kg, before.currency)
                = (changed.price_per_kg, changed.currency)
            THEN 'material_changed' ELSE 'material_price_changed' END,
            jsonb_build_object('material', changed.name,
                'old_price_per_kg', before.price_per_kg::text,
                'new_price_per_kg', changed.price_per_kg::text, 'currency', changed.currency)
        FROM before JOIN changed USING (name))
    SELECT * FROM changed"""  # noqa: S608 - own names
)


class MaterialChanges:
    def __init__(self, postgres: Postgres) -> None:
        self._work = UnitOfWork(postgres)

    async def update(
        self, scope: Scope, name: str, expected_updated_at: datetime, changes: Mapping[str, object]
    ) -> MaterialRecord | None:
        """The material as it is now; ``None`` where it is not as expected. ``changes`` names columns."""
        if not storable(name):
            return None
        given: dict[str, object] = dict.fromkeys(CHANGEABLE)
        given |= {"name": name, "expected_updated_at": expected_updated_at, **changes}
        rows = await self._work.commit(scope, _UPDATE, given)
        return rows[0] if rows else None
