"""Plan compiler: makes the plan of an operation whose fields are merged."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from graphql import (
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from gateway.engine.arguments import ArgumentReader
from gateway.engine.leaf import Leaf
from gateway.engine.plan import Block, FieldPlan, Group, Plan, Way
from gateway.engine.point_compiler import point_of
from gateway.engine.row import builder, extractor
from gateway.engine.source import FoldPlan, Source, source_of
from gateway.engine.tree import Decided, Fragments, SelectedField, compile_tree


def compile_plan(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Fragments,
    decided: Decided,
    *,
    folds: bool = False,
) -> Plan:
    """The plan of a valid operation; ``folds`` lets fields say how they are fetched as text.

    Raises ``RecursionError`` where fragments lead deeper than this process can follow.
    """
    fields = compile_tree(schema, operation, fragments, decided)
    compiler = _Compiler(schema, folds)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    if operation.operation is OperationType.MUTATION:
        roots = tuple(
            compiler.block(root, [each], None, 0, place) for place, each in enumerate(fields)
        )
    else:
        roots = (compiler.block(root, fields, None, 0),)
    return Plan(
        operation,
        fragments,
        roots,
        tuple(compiler.outer),
        compiler.size,
        compiler.arguments,
        point_of(roots, compiler.arguments),
    )


class _Compiler:
    def __init__(self, schema: GraphQLSchema, folds: bool) -> None:
        self.schema = schema
        self.folds = folds
        self.outer: list[int | None] = []
        self.groups: dict[tuple[int, int], Group] = {}
        self.questions: dict[Any, list[tuple[Any, int]]] = {}
        self.count = self.size = 0
        self.leaves: dict[GraphQLLeafType, Leaf] = {}
        self.fetched: dict[SelectedField, FieldPlan] = {}
        self.arguments: dict[SelectedField, ArgumentReader] = {}

    def block(
        self,
        kind: GraphQLObjectType,
        selected: Iterable[SelectedField],
        outer: int | None,
        level: int,
        first: int = 0,
    ) -> Block:
        """``outer`` is the step that the objects come from; ``first`` the place of the first field."""
        reads: dict[str, int] = {}
        fields = tuple(
            self.field(each, place, reads, outer, level)
            for place, each in enumerate(selected, first)
        )
        entries = tuple(
            (each.selected.response_key, kind.name if each.way == "constant" else None)
            for each in fields
        )
        columns = tuple(each for each in fields if each.way != "constant")
        keys = tuple(reads)
        return Block(kind, fields, columns, keys, extractor(keys), builder(entries))

    def field(
        self,
        selected: SelectedField,
        place: int,
        reads: dict[str, int],
        outer: int | None,
        level: int,
    ) -> FieldPlan:
        source, way = source_of(selected.definition), _way(selected)
        read = None
        if source is not None and way in ("batch", "column") and source.key is not None:
            read = reads.setdefault(source.key, len(reads))
        if not (self.folds and way == "batch"):
            return self.made(selected, source, way, place, read, outer, level)
        known = self.fetched.get(selected)
        if known is not None:
            return replace(known, place=place, read=read)
        made = self.made(selected, source, way, place, read, outer, level)
        self.fetched[selected] = made
        return made

    def made(
        self,
        selected: SelectedField,
        source: Source | None,
        way: Way,
        place: int,
        read: int | None,
        outer: int | None,
        level: int,
    ) -> FieldPlan:
        self.size += 1
        self.arguments[selected] = ArgumentReader(selected.definition, selected.nodes[0])
        step = group = selection = None
        below, depth = outer, level
        if way in ("batch", "change", "resolver"):
            step = below = len(self.outer)
            self.outer.append(outer)
            is_read = way == "resolver" and selected.definition.resolve is None
            depth = level if is_read else level + 1
        if source is not None and way in ("batch", "change"):
            selection = source.select(selected)
        if source is not None and way == "batch":
            assert step is not None
            group = self.group(source, selection, depth, step)
        plan = None
        if self.folds and source is not None and way == "batch" and source.fold is not None:
            plan = source.fold(selected)
        holes = self.holes(selected, plan, step, depth) if plan is not None else ()
        named = get_named_type(selected.definition.type)
        return FieldPlan(
            selected,
            place,
            way,
            _nullable(selected.definition.type),
            source,
            read,
            self.leaf(named) if is_leaf_type(named) else None,
            self.block(selected.type, selected.fields, below, depth) if selected.type else None,
            {
                name: self.block(self.object(name), fields, below, depth)
                for name, fields in selected.by_type.items()
            },
            step,
            group,
            selection,
            plan,
            holes,
            is_paid=bool(named.extensions.get("cost", {}).get("weight")),
        )

    def holes(
        self, around: SelectedField, plan: FoldPlan, step: int | None, level: int
    ) -> tuple[FieldPlan, ...]:
        """The innermost first: those that a hole has itself are compiled already, and not once more for
        each field around them."""
        found = [
            replace(self.field(each, number, {}, step, level), between=_between(around, each) or ())
            for number, each in reversed([*enumerate(plan.holes)])
        ]
        return tuple(reversed(found))

    def group(self, source: Source, selection: Any, level: int, step: int) -> Group:
        question = self.question(source, selection)
        group = self.groups.get((question, level))
        if group is None:
            group = Group(question, source.function, selection, [])
            self.groups[question, level] = group
        group.steps.append(step)
        return group

    def question(self, source: Source, selection: Any) -> int:
        """Selections are compared, for they may have no hash."""
        asked = self.questions.setdefault(source.function, [])
        for known, number in asked:
            if known == selection:
                return number
        self.count += 1
        asked.append((selection, self.count))
        return self.count

    def object(self, name: str) -> GraphQLObjectType:
        kind = self.schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        return kind

    def leaf(self, kind: Any) -> Leaf:
        found = self.leaves.get(kind)
        if found is None:
            found = self.leaves[kind] = Leaf(kind)
        return found


def _between(outer: SelectedField, hole: SelectedField) -> tuple[str, ...] | None:
    """The response keys between a field and a hole below it, which may be a copy of what is selected."""
    for each in outer.fields:
        if each is hole or each.nodes is hole.nodes:
            return ()
        below = _between(each, hole)
        if below is not None:
            return (each.response_key, *below)
    return None


def _way(selected: SelectedField) -> Way:
    if selected.name == "__typename":
        return "constant"
    source = source_of(selected.definition)
    return source.kind if source else "resolver"


def _nullable(kind: GraphQLOutputType) -> tuple[bool, ...]:
    found: list[bool] = []
    current: Any = kind
    while True:
        found.append(not is_non_null_type(current))
        if is_non_null_type(current):
            current = current.of_type
        if not is_list_type(current):
            return tuple(found)
        current = current.of_type
