"""Point: the short way of an operation that asks for one object by a key it gives, and for its leaves.

Most operations of most clients are this one, and what a plan needs for many objects is all in vain there.
Whatever is unusual about the answer is left to the long way, which is given what was fetched.
"""

from typing import Any

from gateway.engine.call import Question, ask_once, is_key, text_of
from gateway.engine.counting import Path
from gateway.engine.execution import Outcome, run_plan
from gateway.engine.nature import PLAIN, nature_of
from gateway.engine.plan import Point
from gateway.engine.request import Request
from gateway.engine.source import Arguments


async def run_point(request: Request, point: Point) -> Outcome:
    """As ``run_plan``, to a request whose plan is a ``point``."""
    given = _arguments(request, point)
    if given is None:
        return await run_plan(request)
    key = given.pop(point.argument)
    planned, group = point.field, point.group
    (value,) = await ask_once(point.function, request.context, [key], group.selection, given)
    shown = None if value is None else _shown(point, value)
    if shown is None and (value is not None or not planned.nullable[0]):
        question = Question(point.function, group.selection, given)
        question.known[key] = value
        return await run_plan(request, {(group.question, text_of(given)): question})
    (root,) = request.plan.roots[0].build(1, [shown])
    return Outcome(root, (), _counts(point, shown))


def _arguments(request: Request, point: Point) -> Arguments | None:
    """With the key among them; ``None`` where they are unusual."""
    try:
        read = request.plan.arguments[point.field.selected].read
        given = point.convert(read(request.variables))
        key = given[point.argument]
        hash(key)
    except Exception:
        return None
    return given if is_key(key) else None


def _shown(point: Point, record: Any) -> dict[str, Any] | None:
    """The object, or ``None`` where it or one of its leaves is unusual."""
    if nature_of(record) != PLAIN:
        return None
    shown: dict[str, Any] = {}
    try:
        for key, read, plain, show in point.leaves:
            value = read(record)
            shown[key] = value if type(value) in plain else show(value)
    except Exception:
        return None
    return shown


def _counts(point: Point, shown: dict[str, Any] | None) -> dict[Path, int]:
    """As gateway/engine/counting.py counts them."""
    name = point.field.selected.response_key
    if shown is None:
        return {(name,): 0}
    counts: dict[Path, int] = {(name,): 1}
    for key in point.paid:
        counts[name, key] = 0 if shown[key] is None else 1
    return counts
