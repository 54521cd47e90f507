"""Arguments: how a field's arguments are read, worked out once for each use of it.

What the operation's text says is coerced while the operation is compiled, and variables are looked up. Where
that is not all (a variable inside a list or an object, a value that whoever gets it could change), and for
whatever is wrong, graphql-core reads them each time.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgumentMap,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    VariableValues,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution import get_argument_values

from gateway.engine.variables import NO_VARIABLES


class _Step(NamedTuple):
    """One argument: the value of ``variable``, or ``value``, which is ``Undefined`` where there is none."""

    name: str
    variable: str | None
    value: Any
    nullable: bool
    required: bool


class ArgumentReader:
    """Of one use of a field."""

    __slots__ = ("_definition", "_node", "_steps")

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node
        try:
            self._steps: list[_Step] | None = list(_steps(definition, node))
        except Exception:  # it is raised again, and reported, where they are read
            self._steps = None

    @property
    def variable(self) -> str | None:
        """The variable that is all that the field is given, where it takes one argument alone."""
        steps = self._steps or ()
        return steps[0].variable if len(steps) == 1 else None

    def read(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced arguments; raises what is wrong with them."""
        if self._steps is None:
            return self._read_all(variables)
        coerced: dict[str, Any] = {}
        given = variables.coerced
        for name, variable, value, nullable, required in self._steps:
            if variable is not None:
                found = given.get(variable, Undefined)
                if found is None and not nullable:
                    return self._read_all(variables)
                if found is not Undefined:
                    coerced[name] = found
                    continue
                if required:
                    return self._read_all(variables)
            if value is not Undefined:
                coerced[name] = value
        return coerced

    def _read_all(self, variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(self._definition, self._node, variables)


class _UnknownError(Exception):
    """What cannot be worked out before the request is known."""


def _steps(definition: GraphQLField, node: FieldNode) -> Iterator[_Step]:
    written = {each.name.value: each.value for each in node.arguments or ()}
    if any(_holds_variable_inside(value) for value in written.values()):
        raise _UnknownError
    looked_up = {
        key: value.name.value for key, value in written.items() if isinstance(value, VariableNode)
    }
    arguments = definition.args.items()
    fixed = {key: each for key, each in arguments if key not in looked_up}
    defaults = {
        key: each for key, each in arguments if key in looked_up and not is_required_argument(each)
    }
    values = _values(definition, fixed, node)
    for each in values.values():
        hash(each)  # what has none could be changed by whoever is given it
    values |= _values(definition, defaults, FieldNode(name=node.name, arguments=()))
    for key, argument in arguments:
        name = argument.out_name or key
        value = values.get(name, Undefined)
        nullable = not is_non_null_type(argument.type)
        yield _Step(name, looked_up.get(key), value, nullable, is_required_argument(argument))


def _values(
    definition: GraphQLField, arguments: GraphQLArgumentMap, node: FieldNode
) -> dict[str, Any]:
    """What ``node`` says of some of the field's arguments, without any variables."""
    if not arguments:
        return {}
    return get_argument_values(GraphQLField(definition.type, args=arguments), node, NO_VARIABLES)


def _holds_variable_inside(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_holds_variable, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_holds_variable(each.value) for each in value.fields)
    return False


def _holds_variable(value: ValueNode) -> bool:
    return isinstance(value, VariableNode) or _holds_variable_inside(value)
