"""Log entries: lines that the company's applications wrote, in pages and by calculation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from bson import ObjectId

from datasources.filters import LogFilter
from datasources.keyset import Keyset
from datasources.mongo.client import Mongo
from datasources.mongo.collections import APPLICATION_LOGS, CALCULATION_INDEX
from datasources.mongo.driver import Aggregation, Document, Find
from datasources.mongo.keyset import seek, walk
from datasources.mongo.log_filter import all_of, conditions, index_for
from datasources.mongo.plain import plain
from datasources.records import Columns, LogEntryRecord, LogLevel
from datasources.scope import Scope

_FIELDS = {name: name for name in LogEntryRecord.__annotations__} | {"id": "_id"}
_LEVELS = {level.value: level for level in LogLevel}
_CALCULATION = "context.calculation_id"


class LogEntryRepository:
    """Log lines belong to no customer, so a restricted scope sees none."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_ids(
        self, scope: Scope, ids: Sequence[str], columns: Columns
    ) -> dict[str, LogEntryRecord]:
        """An id is the 24 lower-case hexadecimal digits of an ObjectId; any other text is not found."""
        object_ids = [ObjectId(text) for text in ids if _is_canonical(text)]
        if not object_ids or scope.customer_ids is not None:
            return {}
        read = Find(APPLICATION_LOGS, {"_id": {"$in": object_ids}}, _projection(columns))
        records = _records(await self._mongo.find(scope, read), columns)
        return {record["id"]: record for record in records}

    async def page(
        self, scope: Scope, keyset: Keyset, log_filter: LogFilter, columns: Columns
    ) -> list[LogEntryRecord]:
        if scope.customer_ids is not None:
            return []
        read = Find(
            APPLICATION_LOGS,
            all_of(conditions(log_filter) + _seek(keyset)),
            _projection(columns),
            tuple(walk(keyset, _FIELDS).items()),
            keyset.limit,
            index_for(log_filter),
        )
        return _records(await self._mongo.find(scope, read), columns)

    async def count(self, scope: Scope, log_filter: LogFilter) -> int:
        if scope.customer_ids is not None:
            return 0
        return await self._mongo.count(
            scope, APPLICATION_LOGS, all_of(conditions(log_filter)), index_for(log_filter)
        )

    async def page_by_calculations(
        self,
        scope: Scope,
        calculation_ids: Sequence[UUID],
        keyset: Keyset,
        log_filter: LogFilter,
        columns: Columns,
    ) -> dict[UUID, list[LogEntryRecord]]:
        """A page for each calculation; one that has no lines is left out.

        The lookup reads one index range per calculation and no more documents than the page holds,
        however many lines the calculation has.
        """
        ids = _wanted(scope, calculation_ids, log_filter)
        if not ids:
            return {}
        rest = conditions(replace(log_filter, calculation_id=None)) + _seek(keyset)
        lines = {
            "from": APPLICATION_LOGS,
            "localField": "id",
            "foreignField": _CALCULATION,
            "pipeline": [
                {"$match": all_of(rest)},
                {"$sort": walk(keyset, _FIELDS)},
                {"$limit": keyset.limit},
                {"$project": _projection(columns | {"calculation_id"})},
            ],
            "as": "line",
        }
        asked = [{"id": str(key)} for key in ids]
        pipeline: list[Document] = [{"$documents": asked}, {"$lookup": lines}, {"$unwind": "$line"}]
        documents = await self._mongo.aggregate(scope, Aggregation(None, pipeline))
        records = _records([document["line"] for document in documents], columns)
        pages: dict[UUID, list[LogEntryRecord]] = defaultdict(list)
        for document, record in zip(documents, records, strict=True):
            pages[UUID(document["id"])].append(record)
        return dict(pages)

    async def count_by_calculations(
        self, scope: Scope, ids: Sequence[UUID], log_filter: LogFilter
    ) -> dict[UUID, int]:
        """A calculation that has no lines is left out."""
        wanted = _wanted(scope, ids, log_filter)
        if not wanted:
            return {}
        owned = {_CALCULATION: {"$in": [str(key) for key in wanted]}}
        rest = conditions(replace(log_filter, calculation_id=None))
        pipeline = [
            {"$match": all_of([owned, *rest])},
            {"$group": {"_id": f"${_CALCULATION}", "count": {"$sum": 1}}},
        ]
        groups = await self._mongo.aggregate(
            scope, Aggregation(APPLICATION_LOGS, pipeline, CALCULATION_INDEX)
        )
        return {UUID(group["_id"]): group["count"] for group in groups}


def _is_canonical(text: str) -> bool:
    return ObjectId.is_valid(text) and text == text.lower()


def _wanted(scope: Scope, ids: Sequence[UUID], log_filter: LogFilter) -> list[UUID]:
    if scope.customer_ids is not None:
        return []
    only = log_filter.calculation_id
    return list(dict.fromkeys(key for key in ids if only is None or key == only))


def _seek(keyset: Keyset) -> list[Document]:
    return seek(
        replace(keyset, after=_stored(keyset.after), before=_stored(keyset.before)), _FIELDS
    )


def _stored(position: tuple[object, ...] | None) -> tuple[object, ...] | None:
    return None if position is None else (*position[:-1], ObjectId(str(position[-1])))


def _projection(columns: Columns) -> Document:
    fields = {_FIELDS[column] for column in columns if column in _FIELDS}
    return dict.fromkeys(sorted(fields | {"_id", "timestamp"}), 1)


def _records(documents: list[Document], columns: Columns) -> list[LogEntryRecord]:
    """The documents themselves, renamed."""
    absent = columns & {"trace_id", "span_id"}
    for document in documents:
        document["id"] = str(document.pop("_id"))
        for column in absent:
            document.setdefault(column, None)
        if "level" in document:
            document["level"] = _LEVELS[document["level"]]
        if "context" in columns:
            document["context"] = plain(document.get("context", {}))
    return cast(list[LogEntryRecord], documents)
