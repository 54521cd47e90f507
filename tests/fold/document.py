"""Document: random operations over what PostgreSQL holds and what other stores know of it.

Pages are short, forwards and backwards, from good and bad cursors; relations stand under several aliases with
arguments of their own, in fragments and behind directives.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

VARIABLES = {"yes": True, "no": False}
ORDERS = {
    "customers": ("CREATED_AT", "COMPANY_NAME"),
    "calculations": ("CREATED_AT", "TOTAL_PRICE", "QUANTITY"),
}
_ROOTS = {
    "customers": 6,
    "calculations": 6,
    "customer": 2,
    "calculation": 2,
    "material": 1,
    "node": 1,
    "nodes": 1,
}
# What passes between two runs, and what is too dear for thousands of runs.
_LEFT_OUT = {"freshness", "trends", "spendByMaterial"}
_MOST_LEVELS = 4
_CUSTOMER_FILTERS = (
    "tiers: [PREMIUM, STANDARD]",
    "tiers: []",
    'search: "a"',
    'created: {from: "2026-09-01T00:00:00Z"}',
    'created: {from: "2026-09-01T00:00:00Z", to: "2026-01-01T00:00:00Z"}',
)
_CALCULATION_FILTERS = (
    'materials: ["aluminum_6061", "abs"]',
    'materials: ["aluminum_6061"]',
    'materials: ["\\u0000"]',
    "processes: [CNC_MILLING, SLS_3D_PRINTING]",
    "quantity: {min: 5, max: 500}",
    "quantity: {min: -1}",
    'created: {to: "2026-11-01T00:00:00+02:00"}',
    "specialRequirements: [ROHS]",
    "rushOrder: false",
    "rushOrder: true",
    'dimensions: {lengthMm: {max: "200"}, heightMm: {min: 1.5}}',
    'customerId: "nonsense"',
)

Cursors = Mapping[
    tuple[str, str], Sequence[str]
]  # by list and order, as "calculations", "QUANTITY"


class DocumentWriter:
    """``ids`` are global ids by type; ``cursors`` are real ones."""

    def __init__(
        self,
        random: Random,
        schema: GraphQLSchema,
        ids: Mapping[str, Sequence[str]],
        cursors: Cursors,
    ) -> None:
        self.random, self.schema, self.ids, self.cursors = random, schema, ids, cursors
        self.fragments: list[str] = []
        self.aliases = 0

    def operation(self) -> str:
        names = self.random.choices([*_ROOTS], [*_ROOTS.values()], k=self.random.choice((1, 1, 2)))
        query = self.schema.query_type
        assert query is not None
        roots = " ".join(self.field(query, name, 0) for name in names)
        text = "\n".join([f"{{ {roots} }}", *self.fragments])
        used = [f"${name}: Boolean!" for name in VARIABLES if f"${name}" in text]
        return f"query({', '.join(used)}) {text}" if used else f"query {text}"

    def selection(self, kind: GraphQLObjectType, level: int) -> str:
        names = [name for name in kind.fields if name not in _LEFT_OUT]
        if level >= _MOST_LEVELS:
            names = [name for name in names if not self.is_relation(kind, name)]
        count = min(len(names), self.random.choice((1, 2, 3, 4, 6)))
        chosen = self.random.sample(names, count)
        if "Connection" in kind.name:  # deep enough to be worth it
            chosen = list(dict.fromkeys([self.random.choice(("nodes", "edges")), *chosen]))
        if kind.name.endswith("Edge"):
            chosen = list(dict.fromkeys([*chosen, "node"]))
        parts = [self.field(kind, name, level) for name in chosen]
        if self.random.random() < 0.15:
            parts.insert(self.random.randrange(len(parts) + 1), "__typename")
        return " ".join(parts)

    def is_relation(self, kind: GraphQLObjectType, name: str) -> bool:
        source = kind.fields[name].extensions.get("source")
        return source is not None and source.kind == "batch"

    def field(self, parent: GraphQLObjectType, name: str, level: int) -> str:
        definition = parent.fields[name]
        named: Any = get_named_type(definition.type)
        arguments = self.arguments(parent, name, definition)
        alias = ""
        if definition.args or self.random.random() < 0.1:  # uses with other arguments never merge
            self.aliases += 1
            alias = f"a{self.aliases}: "
        below = ""
        if not is_leaf_type(named):
            next_level = level + self.is_relation(parent, name)
            if is_abstract_type(named):
                kinds = self.random.sample(["Customer", "PricingCalculation", "CostComponent"], 2)
                each: Any = self.schema.type_map
                parts = [
                    f"... on {kind} {{ {self.selection(each[kind], level + 1)} }}" for kind in kinds
                ]
                below = f" {{ __typename {' '.join(parts)} }}"
            else:
                below = f" {{ {self.selection(named, next_level)} }}"
        return self.wrapped(parent, f"{alias}{name}{arguments}{self.directive()}{below}")

    def directive(self) -> str:
        directives = (
            "@include(if: $yes)",
            "@skip(if: $no)",
            "@skip(if: $yes)",
            "@include(if: true)",
        )
        return f" {self.random.choice(directives)}" if self.random.random() < 0.05 else ""

    def wrapped(self, parent: GraphQLObjectType, text: str) -> str:
        chance = self.random.random()
        if chance < 0.05:
            return f"... {{ {text} }}"
        if chance < 0.1:
            return f"... on {parent.name} {{ {text} }}"
        if chance < 0.15:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {parent.name} {{ {text} }}")
            return f"...{name}"
        return text

    def arguments(self, parent: GraphQLObjectType, name: str, definition: GraphQLField) -> str:
        random, given = self.random, list[str]()
        if "id" in definition.args:
            given.append(f'id: "{self.id(str(get_named_type(definition.type)))}"')
        if "ids" in definition.args:
            listed = ", ".join(f'"{self.id("Node")}"' for _ in range(3))
            given.append(f"ids: [{listed}]")
        if "name" in definition.args:
            given.append('name: "aluminum_6061"')
        if "type" in definition.args and random.random() < 0.4:
            given.append(f"type: {random.choice(('LABOR', 'SETUP', 'null'))}")
        if "first" in definition.args:
            given += self.page(name if parent.name == "Query" else f"{parent.name}.{name}")
        return f"({', '.join(given)})" if given else ""

    def id(self, kind: str) -> str:
        if self.random.random() < 0.15:
            return self.random.choice(("nonsense", self.random.choice(self.ids["User"])))
        if kind == "Node":
            kind = self.random.choice(("Customer", "PricingCalculation", "CostComponent"))
        return self.random.choice(self.ids[kind])

    def page(self, name: str) -> list[str]:
        """Of a list by its parent's type and its field."""
        random = self.random
        size = random.choice((1, 2, 3, 5)) if random.random() < 0.95 else 0
        given = [f"{random.choice(('first', 'last'))}: {size}"]
        subject = name.rpartition(".")[2]
        if subject not in ORDERS:  # logs
            return given
        order = "CREATED_AT"
        direction = "DESC"
        if random.random() < 0.5:
            order, direction = random.choice(ORDERS[subject]), random.choice(("ASC", "DESC"))
            given.append(f"orderBy: {{field: {order}, direction: {direction}}}")
        for bound in ("after", "before"):
            if random.random() < 0.2:
                known = self.cursors.get((name, f"{order} {direction}"), ())
                good = random.random() < 0.85 and known
                given.append(f'{bound}: "{random.choice(known) if good else "garbage"}"')
        if random.random() < 0.4:
            filters = _CUSTOMER_FILTERS if subject == "customers" else _CALCULATION_FILTERS
            given.append(f"filter: {{{random.choice(filters)}}}")
        return given
