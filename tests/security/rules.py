"""Rules: what the declarations on the fields say of each role, worked out without building its schema."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
)

from resolvers.viewer import Role
from schema import build_schema
from schema.rule import FREE, RULE, Rule

FULL = build_schema().core


class Step(NamedTuple):
    """One field on the way from a root to a type."""

    type_name: str
    field_name: str

    @property
    def field(self) -> GraphQLField:
        return fields_of(self.type_name)[self.field_name]


Path = tuple[Step, ...]


def fields_of(type_name: str) -> Mapping[str, GraphQLField]:
    kind = FULL.type_map[type_name]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    fields: Mapping[str, GraphQLField] = kind.fields
    return fields


def every_field() -> Iterator[Step]:
    for name, kind in FULL.type_map.items():
        if is_output(kind):
            yield from (Step(name, field) for field in fields_of(name))


def is_output(kind: GraphQLNamedType) -> bool:
    is_composite = isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    return is_composite and not kind.name.startswith("__")


def declared(field: GraphQLField) -> frozenset[Role]:
    rule: Rule = field.extensions["strawberry-definition"].metadata.get(RULE, FREE)
    return rule.roles


def paths(roles: frozenset[Role]) -> Mapping[str, Path]:
    """The shortest way to each type through fields that one of ``roles`` may see."""
    found: dict[str, Path] = {root.name: () for root in _roots()}
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        for field_name, field in fields_of(name).items():
            kind = get_named_type(field.type)
            if declared(field) & roles and is_composite_type(kind) and kind.name not in found:
                found[kind.name] = (*found[name], Step(name, field_name))
                waiting.append(kind.name)
        for told in _told(name):
            found[told] = found[name]
            waiting.append(told)
    return found


def _told(type_name: str) -> list[str]:
    """The types of events, which only the interface of all events leads to."""
    kind = FULL.type_map[type_name]
    if type_name != "PricingEvent" or not isinstance(kind, GraphQLInterfaceType):
        return []
    return [each.name for each in FULL.get_possible_types(kind)]


def _roots() -> list[GraphQLObjectType]:
    roots = (FULL.query_type, FULL.mutation_type, FULL.subscription_type)
    return [root for root in roots if root is not None]


EVERYBODY = frozenset(Role)
PATHS = paths(EVERYBODY)
PATHS_OF = {role: paths(frozenset({role})) for role in Role}


def may_see(role: Role, step: Step) -> bool:
    return step.type_name in PATHS_OF[role] and role in declared(step.field)
