"""Permission: which field is there for which role, as the rules on the fields say."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from graphql import GraphQLInterfaceType, GraphQLObjectType

from resolvers.viewer import Role
from schema import build_schema

Roles = frozenset[Role]

_HEAD = f"| Field of {{}} | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}"


def permissions() -> Mapping[str, Mapping[str, Roles]]:
    """The roles that see each field, by type and field, both in the order of the schema."""
    held = {role: build_schema(frozenset({role})).core.type_map for role in Role}
    found: dict[str, dict[str, Roles]] = {}
    for kind in build_schema().core.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or kind.name[:2] == "__":
            continue
        found[kind.name] = {}
        for field in kind.fields:
            views = {role: types.get(kind.name) for role, types in held.items()}
            found[kind.name][field] = frozenset(
                role for role, view in views.items() if field in getattr(view, "fields", ())
            )
    return found


def tables() -> str:
    """Markdown: a table for each type, a row for each run of fields that the same roles see."""
    types = sorted(permissions().items(), key=lambda item: (item[0] != "Query", item[0]))
    return "\n\n".join("\n".join(_table(name, fields)) for name, fields in types)


def _table(name: str, fields: Mapping[str, Roles]) -> Iterator[str]:
    yield _HEAD.format(name)
    for roles, names in groupby(fields, key=lambda field: fields[field]):
        yield _row(list(names), roles)


def _row(names: Sequence[str], roles: Roles) -> str:
    marks = ("yes" if role in roles else "-" for role in Role)
    return f"| {' '.join(f'`{name}`' for name in names)} | {' | '.join(marks)} |"
