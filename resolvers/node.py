"""Node: any object of the graph by its global id; one call per type, whatever the number of ids."""

from asyncio import gather
from collections.abc import Container, Mapping, Sequence
from functools import partial
from typing import Any

from resolvers import (
    cost_component,
    customer,
    log_entry,
    material,
    pricing_calculation,
    user,
)
from resolvers.batch import BatchFunction, Selection, Slots
from resolvers.context import Context
from resolvers.errors import InvalidIdError, InvalidPageError
from resolvers.global_id import decode, decode_uuid
from resolvers.point import by_parsed_keys

NodeRecord = Mapping[str, Any]
_Identity = tuple[str, object]

_BY_UUID: Mapping[str, BatchFunction] = {
    "Customer": customer.by_ids,
    "User": user.by_ids,
    "PricingCalculation": pricing_calculation.by_ids,
    "CostComponent": cost_component.by_ids,
}
_BY_TEXT: Mapping[str, BatchFunction] = {
    "Material": material.by_names,
    "LogEntry": log_entry.by_ids,
}
_READERS = {**_BY_UUID, **_BY_TEXT}


async def by_global_ids(
    context: Context, keys: Sequence[str], selection: Selection
) -> Slots[NodeRecord | None]:
    """Records that name their type under ``__typename``; null for an id whose object is gone.

    ``selection`` knows the types that the viewer's schema holds: the id of any other is treated as
    that of a type that never was, and no store is asked.
    """
    return await by_parsed_keys(
        keys, partial(_parse, selection.types), partial(_read, context, selection)
    )


async def lists_by_global_ids(
    context: Context, keys: Sequence[bool], selection: Selection, *, ids: Sequence[str]
) -> Slots[Slots[NodeRecord | None]]:
    most = context.limits.max_page_size
    if len(ids) > most:
        raise InvalidPageError(
            f"ids must hold at most {most} ids, not {len(ids)}. Ask for them in parts.",
            argument="ids",
            value=len(ids),
            maximum=most,
        )
    nodes = await by_global_ids(context, ids, selection)
    return [nodes for _ in keys]


def _parse(held: Container[str], global_id: str) -> _Identity:
    type_name, key = decode(global_id)
    if type_name in held:
        return type_name, decode_uuid(type_name, global_id) if type_name in _BY_UUID else key
    raise InvalidIdError(
        f"No type of this graph called {type_name[:40]} has ids. Ids are opaque: pass one exactly "
        "as a field id returned it."
    )


async def _read(
    context: Context, selection: Selection, identities: Sequence[_Identity]
) -> Slots[NodeRecord | None]:
    groups: dict[str, list[object]] = {}
    for type_name, key in identities:
        groups.setdefault(type_name, []).append(key)
    slots = await gather(
        *(_of_type(context, name, keys, selection.on(name)) for name, keys in groups.items())
    )
    found = {
        (name, key): slot
        for (name, keys), group in zip(groups.items(), slots, strict=True)
        for key, slot in zip(keys, group, strict=True)
    }
    return [found[identity] for identity in identities]


async def _of_type(
    context: Context, type_name: str, keys: Sequence[object], selection: Selection
) -> Slots[NodeRecord | None]:
    """A failure is that of this type's ids alone."""
    try:
        slots = await _READERS[type_name](context, keys, selection)
    except Exception as error:
        return [error for _ in keys]
    return [
        slot if slot is None or isinstance(slot, Exception) else {**slot, "__typename": type_name}
        for slot in slots
    ]
