"""Fields: how a field says where its value lives, once, for every executor.

``column`` reads the parent's record, ``computed`` derives from it, ``batched`` binds a batch function.
What a field reads of its parent is declared here, and only that is fetched.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry

from datasources.fold import Identity
from resolvers.batch import EMPTY, BatchFunction
from resolvers.context import Context
from resolvers.fold import Foldable
from resolvers.loader import loader
from schema.rule import FREE, RULE, Rule
from schema.selection import COLUMNS, SEPARATE, selection_of

CHANGE = "change"  # metadata key: the function of a root field that changes something
WATCH = "watch"  # metadata key: the function that says what a subscription's root field watches
WRITTEN = (
    "written"  # metadata key: what a store that writes JSON writes in a computed field's place
)
EVERY = "every"  # metadata key: the same for many records at once
COMPUTED = "computed"  # metadata key: the function that derives a value from the parent's record

Load = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """A field's binding: its keys come from the parent's ``key`` column or from ``argument``.

    ``fold`` says how a store can write the field as JSON.
    """

    function: BatchFunction
    key: str | None
    argument: str | None
    whole: bool
    fold: Foldable | None = field(default=None, compare=False)


def column(*names: str, description: str, rule: Rule = FREE) -> Any:
    """A value of the parent's record; ``names`` only where the columns are not called as the field."""
    metadata: dict[str, Any] = {RULE: rule}
    if names:
        metadata[COLUMNS] = names
    return strawberry.field(
        description=description, metadata=metadata, directives=rule.directives()
    )


def computed(
    resolver: Callable[..., Any],
    *,
    reads: tuple[str, ...],
    description: str,
    rule: Rule = FREE,
    every: Callable[[Sequence[Any]], list[Any]] | None = None,
    fold: Identity | None = None,
) -> Any:
    """A value derived from columns of the parent's record: ``resolver(record)`` does no I/O.

    ``every(records)`` derives it of many at once, where that is faster; it may raise for any of them.
    ``fold`` is what a store that writes JSON can write instead; without it Python fills the value in.
    """

    def resolve(root: Any) -> Any:
        return resolver(root)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={
            COLUMNS: reads,
            COMPUTED: resolver,
            EVERY: every,
            WRITTEN: fold,
            RULE: rule,
        },
        directives=rule.directives(),
    )


def batched(
    function: BatchFunction,
    *,
    description: str,
    key: str | None = None,
    argument: str | None = None,
    whole: bool = False,
    rule: Rule = FREE,
    fold: Foldable | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """A field that a batch function answers for all parents at once.

    ``function(context, keys, selection, *, arguments...)`` is given the ``key`` column of every
    parent, or the value of ``argument`` at the root; a root field with neither has the one key
    ``True``. Its keyword-only parameters become the field's arguments. A parent whose key is null
    has a null field. ``whole`` says that the function answers the same whatever is selected, so
    that uses with different selections share one call. ``fold`` declares the same relation to stores that
    write JSON.
    """
    spec = BatchSpec(function, key, argument, whole, fold)
    parameters = [
        parameter.replace(default=strawberry.UNSET) if parameter.default is None else parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    if argument is not None:
        key_parameter = inspect.Parameter(
            argument,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=function.__annotations__["keys"].__metadata__[0],
        )
        parameters.insert(0, key_parameter)

    def resolve(root: Any, info: strawberry.Info[Context, None], **given: Any) -> Any:
        value = given.pop(argument) if argument else root[key] if key else True
        return None if value is None else _bind(spec, info, given)(value)

    _dress(resolve, function, parameters)
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecation_reason,
        metadata={COLUMNS: (key,) if key else (), SEPARATE: spec, RULE: rule},
        directives=rule.directives(),
    )


def changing(
    function: Callable[..., Awaitable[Any]], *, description: str, rule: Rule = FREE
) -> Any:
    """A root field that changes something: ``function(context, selection, *, arguments...)``.

    It is called once for every use, one use after the other, also where two ask for the same.
    """
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]

    async def resolve(root: Any, info: strawberry.Info[Context, None], **given: Any) -> Any:
        return await function(info.context, selection_of(info._raw_info), **given)

    _dress(resolve, function, parameters)
    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={COLUMNS: (), CHANGE: function, RULE: rule},
        directives=rule.directives(),
    )


def _bind(spec: BatchSpec, info: strawberry.Info[Context, None], given: Mapping[str, Any]) -> Load:
    """This use's loader: found by its syntax nodes, or else by what it asks, so that aliases share."""
    context, raw = info.context, info._raw_info
    use = (spec, *map(id, raw.field_nodes))
    load = context.loaders.get(use)
    if load is None:
        arguments = stated(given)
        selection = EMPTY if spec.whole else selection_of(raw)
        question = (spec, repr(sorted(arguments.items())), selection)
        load = context.loaders.get(question)
        if load is None:
            load = loader(context, spec.function, selection, arguments)
            context.loaders[question] = load
        context.loaders[use] = load
    return load


def stated(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a client gave or that have a default."""
    return {name: value for name, value in given.items() if value is not strawberry.UNSET}


def _dress(
    resolve: Callable[..., Any], function: Callable[..., Any], parameters: list[inspect.Parameter]
) -> None:
    """Gives ``resolve`` the signature that Strawberry reads the field's arguments from."""
    own = list(inspect.signature(resolve).parameters.values())[:2]
    signature = inspect.Signature([*own, *parameters])
    resolve.__signature__ = signature  # type: ignore[attr-defined]
    resolve.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    resolve.__module__ = function.__module__
