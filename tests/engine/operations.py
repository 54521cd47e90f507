"""Operations: random documents over a random schema, with aliases, fragments, directives and variables."""

import re
from random import Random
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

DEPTH = 4
_TYPES = {"$yes": "Boolean! = true", "$no": "Boolean!", "$x": "Int = 1", "$none": "Int"}
VARIABLES = {"no": False, "x": 2}


def operation(random: Random, schema: GraphQLSchema) -> str:
    """The text of one operation, which may break the rule that merged fields must agree."""
    return _Writer(random, schema).operation()


class _Writer:
    def __init__(self, random: Random, schema: GraphQLSchema) -> None:
        self.random = random
        self.schema = schema
        self.fragments: list[str] = []
        self.aliases = 0

    def operation(self) -> str:
        is_query = self.random.random() < 0.85
        root: Any = self.schema.query_type if is_query else self.schema.mutation_type
        selected = self.selection(root, DEPTH)
        head = "query" if is_query else "mutation"
        text = "\n".join([selected, *self.fragments])
        names = set(re.findall(r"\$\w+", text))
        used = ", ".join(f"{name}: {kind}" for name, kind in _TYPES.items() if name in names)
        return f"{head} Random{f'({used})' if used else ''} {text}"

    def selection(self, kind: Any, depth: int) -> str:
        parts = [self.part(kind, depth) for _ in range(self.random.randint(1, 4))]
        return f"{{ {' '.join(parts)} }}"

    def part(self, kind: Any, depth: int) -> str:
        chance = self.random.random()
        if chance < 0.1:
            return f"__typename{self.directive()}"
        if chance < 0.25 and depth > 1:
            return f"...{self.directive()} {self.selection(kind, depth - 1)}"
        if is_abstract_type(kind):
            possible = [*self.schema.get_possible_types(kind)]
            if chance < 0.8 and possible:
                kind = self.random.choice(possible)
                return self.fragment(kind, depth)
        if chance < 0.35 and depth > 1:
            return self.fragment(kind, depth)
        if not getattr(kind, "fields", None):
            return "__typename"
        return self.field(kind, depth)

    def fragment(self, kind: Any, depth: int) -> str:
        selected = self.selection(kind, max(1, depth - 1))
        if self.random.random() < 0.5:
            return f"... on {kind}{self.directive()} {selected}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {kind} {selected}")
        again = f" ...{name}" if self.random.random() < 0.2 else ""
        return f"...{name}{self.directive()}{again}"

    def field(self, kind: GraphQLObjectType, depth: int) -> str:
        names = [
            name
            for name, each in kind.fields.items()
            if depth > 1 or not is_composite_type(get_named_type(each.type))
        ]
        if not names:
            return "__typename"
        name = self.random.choice(names)
        field = kind.fields[name]
        returned = get_named_type(field.type)
        below = self.selection(returned, depth - 1) if is_composite_type(returned) else ""
        written = f"{name}{self.directive()} {below}"
        if (field.args and self.random.random() < 0.6) or self.random.random() < 0.3:
            self.aliases += 1
            given = [each for each in field.args if self.random.random() < 0.7]
            values = [f"{each}: {self.argument(each)}" for each in given]
            arguments = f"({', '.join(values)})" if values else ""
            return f"a{self.aliases}: {name}{arguments}{self.directive()} {below}"
        return written

    def argument(self, name: str) -> str:
        return self.random.choice(
            ("1", "13", "$x", "2") if name == "y" else ("1", "13", "$x", "$none")
        )

    def directive(self) -> str:
        if self.random.random() > 0.12:
            return ""
        value = self.random.choice(("$yes", "$no", "true", "false"))
        return f" @{self.random.choice(('skip', 'include'))}(if: {value})"
