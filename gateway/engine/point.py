"""Point: the short way of an operation that asks for one object by a key it gives, and for its leaves.

Most operations of most clients are this one, and what a plan needs for many objects is all in vain there.
Whatever is unusual about the answer is left to the long way, which is given what was fetched.
"""

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from graphql import VariableValues

from gateway.engine.call import Question, checked, cut_short, is_key, text_of
from gateway.engine.counting import Counts
from gateway.engine.execution import Outcome, run_plan
from gateway.engine.nature import PLAIN, nature_of
from gateway.engine.plan import Plan, Point
from gateway.engine.request import Request
from gateway.engine.source import Arguments


async def run_point(
    point: Point, context: Any, key: Any, given: Arguments, request_of: Callable[[], Request]
) -> Outcome:
    """As ``run_plan``, to a plan that is a ``point``, with its ``key`` and the other arguments.

    ``request_of`` makes what the long way needs.
    """
    planned, group, function = point.field, point.group, point.function
    try:
        found = await function(context, [key], group.selection, **given)
        value = checked(function, found, 1)[0]
    except Exception as error:
        value = error
    except CancelledError:
        value = cut_short(function)
    shown = None if value is None else _shown(point, value)
    if shown is None and (value is not None or not planned.nullable[0]):
        question = Question(function, group.selection, given)
        question.known[key] = value
        return await run_plan(request_of(), {(group.question, text_of(given)): question})
    return Outcome({planned.selected.response_key: shown}, (), _counts(point, shown))


def arguments_of(plan: Plan, point: Point, variables: VariableValues) -> Arguments | None:
    """What the point's field is given, with the key; ``None`` where that is unusual."""
    try:
        given = point.convert(plan.arguments[point.field.selected].read(variables))
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


def _counts(point: Point, shown: dict[str, Any] | None) -> Counts:
    """As gateway/engine/counting.py counts them."""
    if shown is None:
        return point.nothing
    if not point.paid:
        return point.one
    name = point.field.selected.response_key
    return {**point.one, **{(name, key): 0 if shown[key] is None else 1 for key in point.paid}}
