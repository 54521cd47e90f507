"""Point: the short way of an operation that asks for one object by a key it gives, and for its leaves.

Most operations of most clients are this one, and what a plan needs for many objects is all in vain there.
Whatever is unusual about the answer is left to the long way, which is given what was fetched.
"""

from typing import Any, NamedTuple

from gateway.engine.call import Question, is_key, text_of
from gateway.engine.counting import Path
from gateway.engine.nature import PLAIN, natures_of
from gateway.engine.plan import Block, FieldPlan, Plan
from gateway.engine.request import Request
from gateway.engine.resolving import compute


class Point(NamedTuple):
    """``counts`` is ``None`` where the long way must be taken; ``known`` are its first questions then."""

    known: dict[tuple[int, str], Question]
    data: dict[str, Any] | None = None
    counts: dict[Path, int] | None = None


async def read_point(plan: Plan, request: Request) -> Point | None:
    """``None`` where the operation is of another kind; nothing was fetched then."""
    planned = _field_of(plan)
    if planned is None:
        return None
    source, group, block = planned.source, planned.group, planned.block
    assert source is not None
    assert group is not None
    assert block is not None
    assert source.argument is not None
    try:
        given = dict(request.arguments_of(planned.selected))
        key = given.pop(source.argument)
        if not is_key(key):
            return None
        hash(key)
    except Exception:
        return None
    question = Question(group.function, group.selection, given)
    (value,) = await question.ask_once(request.context, [key])
    question.known[key] = value
    shown: dict[str, Any] | None = None
    if value is not None:
        shown = None if natures_of([value]) != PLAIN else _shown(block, value)
    if shown is None and (value is not None or not planned.nullable[0]):
        return Point({(group.question, text_of(given)): question})
    name = planned.selected.response_key
    (root,) = plan.roots[0].build(1, [shown])
    return Point({}, root, _counts(planned, name, shown))


def _field_of(plan: Plan) -> FieldPlan | None:
    """The one field that fetches, where it returns one object of leaves."""
    roots = plan.roots
    if len(roots) != 1 or len(roots[0].columns) != 1:
        return None
    planned = roots[0].columns[0]
    block, source = planned.block, planned.source
    if (
        planned.way != "batch"
        or block is None
        or source is None
        or source.argument is None
        or planned.fold is not None
        or planned.group is None
        or len(planned.nullable) != 1
        or block.kind.is_type_of is not None
    ):
        return None
    for each in block.columns:
        if each.leaf is None or len(each.nullable) != 1 or each.way not in ("column", "computed"):
            return None
    return planned


def _shown(block: Block, record: Any) -> dict[str, Any] | None:
    """The object, or ``None`` where one of its leaves is unusual."""
    records = [record]
    try:
        read = block.extract(records)
    except Exception:
        return None
    columns = []
    for each in block.columns:
        if each.way == "computed":
            values = compute(each, records)
        else:
            assert each.read is not None
            values = read[each.read]
        assert each.leaf is not None
        column = each.leaf.single(values, nullable=each.nullable[0])
        if column is None:
            return None
        columns.append(column)
    (built,) = block.build(1, *columns)
    return built


def _counts(planned: FieldPlan, name: str, shown: dict[str, Any] | None) -> dict[Path, int]:
    """As gateway/engine/counting.py counts them."""
    counts: dict[Path, int] = {(name,): 0 if shown is None else 1}
    if shown is not None and planned.block is not None:
        for each in planned.block.columns:
            if each.is_paid:
                key = each.selected.response_key
                counts[name, key] = 0 if shown[key] is None else 1
    return counts
