"""Point compiler: knows the operations that ask for one object by a key they give, and for its leaves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from types import NoneType
from typing import Any

from gateway.engine.arguments import ArgumentReader
from gateway.engine.plan import Block, Point, PointLeaf
from gateway.engine.tree import SelectedField

_TEXT = frozenset({str})


def point_of(
    roots: Sequence[Block], arguments: Mapping[SelectedField, ArgumentReader]
) -> Point | None:
    """``None`` where the operation asks for anything else, or for more."""
    if len(roots) != 1 or len(roots[0].fields) != 1:
        return None
    (planned,) = roots[0].fields
    block, source, group = planned.block, planned.source, planned.group
    if (
        planned.way != "batch"
        or block is None
        or source is None
        or source.argument is None
        or group is None
        or planned.fold is not None
        or len(planned.nullable) != 1
        or block.kind.is_type_of is not None
    ):
        return None
    for each in block.columns:
        if each.leaf is None or len(each.nullable) != 1 or each.way not in ("column", "computed"):
            return None
    paid = tuple(each.selected.response_key for each in block.columns if each.is_paid)
    leaves = tuple(_leaves(block))
    path = (planned.selected.response_key,)
    return Point(
        planned,
        group.function,
        group,
        source.argument,
        source.convert,
        arguments[planned.selected].variable if source.renames else None,
        leaves,
        paid,
        {path: 1},
        {path: 0},
    )


def _leaves(block: Block) -> Iterator[PointLeaf]:
    for each in block.fields:
        key, source = each.selected.response_key, each.source
        if each.way == "constant":
            yield PointLeaf(key, _always(block.kind.name), _TEXT, str)
            continue
        read: Any = None
        if each.read is not None:
            read = itemgetter(block.reads[each.read])
        elif source is not None:
            read = source.function
        assert read is not None
        assert each.leaf is not None
        plain = each.leaf.plain | {NoneType} if each.nullable[0] else each.leaf.plain
        yield PointLeaf(key, read, plain, each.leaf.quick)


def _always(name: str) -> Callable[[Any], str]:
    return lambda record: name
