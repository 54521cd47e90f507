"""Runtime type: of which object type each value of a field is, as the schema's own functions say it."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    default_type_resolver,
    get_named_type,
    is_object_type,
)
from graphql.pyutils import inspect

from gateway.engine.nature import AWAITABLE, Waiting, natures_of
from gateway.engine.plan import FieldPlan

Verdicts = Generator[Waiting, list[Any], list[Any]]


def sort_by_type(field: FieldPlan, values: list[Any], info: Any) -> Verdicts:
    """For each value the name of its type, or what is wrong with it; yields where it must be awaited."""
    schema: GraphQLSchema = info.schema
    if field.block is not None:
        kind = field.block.kind
        return (yield from _checked(field, values, [kind] * len(values), info))
    abstract: Any = get_named_type(field.selected.definition.type)
    resolve = abstract.resolve_type or default_type_resolver
    names = yield from _asked(lambda value: resolve(value, info, abstract), values)
    kinds = [
        _runtime_type(schema, field, abstract, name, value)
        for name, value in zip(names, values, strict=True)
    ]
    return (yield from _checked(field, values, kinds, info))


def _asked(function: Callable[[Any], Any], values: list[Any]) -> Verdicts:
    answers: list[Any] = []
    for value in values:
        try:
            answers.append(function(value))
        except Exception as error:
            answers.append(error)
    if natures_of(answers) & AWAITABLE:
        answers = yield Waiting(answers, lists=False)
    return answers


def _checked(
    field: FieldPlan, values: list[Any], kinds: list[GraphQLObjectType | Exception], info: Any
) -> Verdicts:
    """Asks each value's type whether it is one of its own, where the type can tell."""
    verdicts: list[Any] = [kind if isinstance(kind, Exception) else kind.name for kind in kinds]
    places = [
        place
        for place, kind in enumerate(kinds)
        if not isinstance(kind, Exception) and kind.is_type_of is not None
    ]
    if not places:
        return verdicts

    def is_own(place: int) -> Any:
        kind: Any = kinds[place]
        return kind.is_type_of(values[place], info)

    answers = yield from _asked(is_own, places)
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, Exception):
            verdicts[place] = answer
        elif not answer:
            verdicts[place] = _refusal(field, partial(_disowned, kinds[place], values[place]))
    return verdicts


def _runtime_type(
    schema: GraphQLSchema, field: FieldPlan, abstract: Any, name: Any, value: Any
) -> GraphQLObjectType | Exception:
    if isinstance(name, Exception):
        return name
    kind = schema.get_type(name) if isinstance(name, str) else None
    if is_object_type(kind) and kind.name in field.blocks:
        return kind
    return _refusal(field, partial(_complaint, field, abstract, name, value, kind))


def _refusal(field: FieldPlan, complaint: Callable[[], str]) -> Exception:
    """What is wrong with a value; or with showing it, where that cannot be."""
    try:
        return GraphQLError(complaint(), list(field.selected.nodes))
    except Exception as error:
        return error


def _disowned(kind: Any, value: Any) -> str:
    return f"Expected value of type '{kind}' but got: {inspect(value)}."


def _complaint(field: FieldPlan, abstract: Any, name: Any, value: Any, kind: Any) -> str:
    place = f"{field.selected.parent}.{field.selected.name}"
    if name is None:
        return (
            f"Abstract type '{abstract}' must resolve to an Object type at runtime for field '{place}'. "
            f"Either the '{abstract}' type should provide a 'resolve_type' function or each possible "
            "type should provide an 'is_type_of' function."
        )
    if not isinstance(name, str):
        return (
            f"Abstract type '{abstract}' must resolve to an Object type at runtime for field '{place}' "
            f"with value {inspect(value)}, received '{inspect(name)}', which is not a valid Object type "
            "name."
        )
    if kind is None:
        return (
            f"Abstract type '{abstract}' was resolved to a type '{name}' that does not exist inside the "
            "schema."
        )
    if not is_object_type(kind):
        return f"Abstract type '{abstract}' was resolved to a non-object type '{name}'."
    return f"Runtime Object type '{kind}' is not a possible type for '{abstract}'."
