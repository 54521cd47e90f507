"""Cache plan: for how long an operation's answer may be kept, for whom, and which writes end it.

Source: Apollo's `@cacheControl`. The answer's age is the least of its fields' hints; it is private if any
of them is. A root field without a hint may not be kept; any other without one inherits its parent.

Fields say their hint in ``extensions["cacheControl"]``: ``{"maxAge": int, "scope": "PUBLIC" | "PRIVATE"}``.
A field whose value depends on more of its reader than roles and customers has ``extensions["personal"]``.
A field with a hint is fetched by itself, so whatever it returns is tagged:

`T:key`          one object, where an argument or its `id` in the answer says which
`T:key.field`    what a field of such an object lists
`T`              whatever of the type T is in the answer otherwise

So a write to an object bumps its own tag, its type's, and those of the lists that it stands in.
The plan is compiled once per operation; conditions (`@skip`, `@include`) do not loosen it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    value_from_ast_untyped,
)

Variables = Mapping[str, Any]
Identify = Callable[[str], str | None]
Types = tuple[str, ...]

_ENTITY = "Node"  # the interface of what has a global id
_WRAPPER = "Connection"
_NAMING = frozenset({"id", "ids", "name"})
_LONGEST_TAG = 200


@dataclass(slots=True)
class _Term:
    """One response key: what it returns, how that is called in tags, and what stands below."""

    key: str
    name: str
    fetched: bool
    many: bool
    wraps: bool  # a connection, whose entries are further down
    entity: bool
    types: Types
    naming: Mapping[str, Any]  # the arguments that say which object is meant
    by_type: dict[str, list["_Term"]] = field(default_factory=dict)
    owns: bool = False  # whether a tag of a field below may begin with that of the object
    deep: bool = False  # whether anything below has a tag of its own

    def look_below(self) -> None:
        for term in (each for terms in self.by_type.values() for each in terms if each.by_type):
            self.owns |= term.fetched and (term.many or not term.entity)
            self.deep |= term.fetched or term.deep or (term.entity and not term.wraps)

    def below(self, value: Mapping[str, Any]) -> list["_Term"]:
        """The terms of the value's type; where that is not selected, of every type it may have."""
        if len(self.by_type) == 1:
            return next(iter(self.by_type.values()))
        return [term for terms in self.by_type.values() for term in terms if term.key in value]


@dataclass(frozen=True, slots=True)
class CachePlan:
    """``max_age_seconds`` of 0 forbids keeping; a ``private`` answer holds rows of some customers.

    ``shared`` says that all who see the same rows in the same roles see the same answer.
    """

    max_age_seconds: int
    private: bool
    digest: bytes = b""  # of the document and the operation's name
    variables: Types = ()
    terms: Sequence[_Term] = ()
    shared: bool = False

    def tags(
        self, variables: Variables, data: Mapping[str, Any], identify: Identify, most: int
    ) -> tuple[str, ...]:
        """The tags of the answer ``data``; ``identify`` turns a global id into `T:key`."""
        walk = _Walk(variables, identify)
        walk.fields(self.terms, data, None, covered=False)
        if len(walk.tags) <= most:
            return tuple(walk.tags)
        return tuple(sorted({name for types in walk.tags.values() for name in types}))


NOT_KEPT = CachePlan(0, private=True)


def compile_cache_plan(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    digest: bytes,
) -> CachePlan:
    """The plan of a valid operation; whatever is no plain query is not kept."""
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return NOT_KEPT
    compiler = _Compiler(schema, fragments)
    terms = compiler.terms(root, [operation.selection_set], root=True)
    if not compiler.ages:
        return NOT_KEPT
    names = tuple(each.variable.name.value for each in operation.variable_definitions or ())
    seconds, shared = max(0, min(compiler.ages)), not compiler.personal
    return CachePlan(seconds, compiler.private, digest, names, terms if seconds else (), shared)


@dataclass(slots=True)
class _Compiler:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    ages: list[int] = field(default_factory=list)
    private: bool = False
    personal: bool = False

    def terms(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], *, root: bool = False
    ) -> list[_Term]:
        found: dict[str, list[FieldNode]] = {}
        self.collect(kind, sets, found, set())
        terms = []
        for key, nodes in found.items():
            definition = kind.fields.get(nodes[0].name.value)
            if definition is not None:
                terms.append(self.term(definition, key, nodes, root=root))
            elif root and nodes[0].name.value != "__typename":
                self.forbid()
        return terms

    def term(self, definition: Any, key: str, nodes: list[FieldNode], *, root: bool) -> _Term:
        hint = definition.extensions.get("cacheControl")
        if hint:
            self.ages.append(hint["maxAge"])
            self.private |= hint["scope"] == "PRIVATE"
        elif root:
            self.forbid()
        self.personal |= bool(definition.extensions.get("personal"))
        returned = get_named_type(definition.type)
        shown = self.listed(returned)
        term = _Term(
            key=key,
            name=nodes[0].name.value,
            fetched=hint is not None,
            many=shown is not returned or _is_list(definition.type),
            wraps=shown is not returned,
            entity=self.is_entity(shown),
            types=self.names(shown),
            naming={
                each.name.value: each.value
                for each in nodes[0].arguments or ()
                if each.name.value in _NAMING
            },
        )
        sets = [node.selection_set for node in nodes if node.selection_set]
        for possible in self.possible(returned):
            term.by_type[possible.name] = self.terms(possible, sets)
        term.look_below()
        return term

    def forbid(self) -> None:
        """Of a root field that says nothing, nothing is taken for granted."""
        self.ages.append(0)
        self.personal = True

    def listed(self, kind: Any) -> Any:
        """What a connection lists; any other type is itself."""
        if is_object_type(kind) and kind.name.endswith(_WRAPPER) and "nodes" in kind.fields:
            return get_named_type(kind.fields["nodes"].type)
        return kind

    def possible(self, kind: Any) -> Sequence[GraphQLObjectType]:
        if is_object_type(kind):
            return [kind]
        return self.schema.get_possible_types(kind) if is_abstract_type(kind) else ()

    def names(self, kind: Any) -> Types:
        return tuple(sorted(each.name for each in self.possible(kind)))

    def is_entity(self, kind: Any) -> bool:
        if isinstance(kind, GraphQLInterfaceType) and kind.name == _ENTITY:
            return True
        return is_object_type(kind) and any(each.name == _ENTITY for each in kind.interfaces)

    def collect(
        self,
        kind: GraphQLObjectType,
        sets: Iterable[SelectionSetNode],
        found: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for each in sets:
            for node in each.selections:
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                    continue
                fragment: Any = node
                if isinstance(node, FragmentSpreadNode):
                    if node.name.value in spread:
                        continue
                    spread.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                if self.applies(fragment.type_condition, kind):
                    self.collect(kind, [fragment.selection_set], found, spread)

    def applies(self, condition: Any, kind: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self.schema.type_map.get(condition.name.value)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind)


@dataclass(slots=True)
class _Walk:
    """``tags`` holds with each tag the types that stand for it where there are too many."""

    variables: Variables
    identify: Identify
    tags: dict[str, Types] = field(default_factory=dict)
    known: dict[str, str | None] = field(default_factory=dict)

    def fields(
        self,
        terms: Iterable[_Term],
        value: Mapping[str, Any],
        owner: str | None,
        *,
        covered: bool,
    ) -> None:
        """``owner`` is the tag of the object that ``value`` is; ``covered`` says that its list has one."""
        for term in terms:
            if term.by_type and term.key in value:
                self.field(term, value[term.key], owner, covered=covered)

    def field(self, term: _Term, value: Any, owner: str | None, *, covered: bool) -> None:
        if not term.fetched:
            self.objects(term, value, covered=covered)
        elif named := self.named(term):
            self.tag(named, term.types)
            self.objects(term, value, covered=True, named=named[0] if len(named) == 1 else None)
        elif term.many or not term.entity:
            self.tag([f"{owner}.{term.name}"] if owner else term.types, term.types)
            self.objects(term, value, covered=True)
        elif value is None:
            self.tag(term.types, term.types)
        else:
            self.objects(term, value, covered=False)

    def objects(self, term: _Term, value: Any, *, covered: bool, named: str | None = None) -> None:
        if value is None or (covered and not term.deep):
            return
        if isinstance(value, list):
            for each in value:
                self.objects(term, each, covered=covered)
        else:
            terms, entity = term.below(value), term.entity and not term.wraps
            known = entity and named is None and (term.owns or not covered)
            owner = self.own(terms, value) if known else named
            if entity and not covered:
                self.tag([owner] if owner else term.types, term.types)
            self.fields(terms, value, owner, covered=covered and not entity)

    def named(self, term: _Term) -> list[str]:
        """The objects that the field's arguments name, if they do."""
        if not (term.naming and term.entity):
            return []
        given = {
            name: value_from_ast_untyped(node, dict(self.variables))
            for name, node in term.naming.items()
        }
        name, ids = given.get("name"), given.get("ids", [given.get("id")])
        if isinstance(name, str) and len(term.types) == 1 and not term.many:
            tags = [_plain(f"{term.types[0]}:{name}")]
        else:
            tags = [self.identified(each) for each in ids] if isinstance(ids, list) else []
        known = [tag for tag in tags if tag]
        return known if len(known) == len(tags) else []

    def own(self, terms: Iterable[_Term], value: Mapping[str, Any]) -> str | None:
        ids = [value.get(term.key) for term in terms if term.name == "id"]
        return self.identified(ids[0]) if ids else None

    def identified(self, global_id: object) -> str | None:
        if not isinstance(global_id, str):
            return None
        if global_id not in self.known:
            tag = self.identify(global_id)
            self.known[global_id] = tag and _plain(tag)
        return self.known[global_id]

    def tag(self, tags: Iterable[str], types: Types) -> None:
        for each in tags:
            self.tags[each] = types


def _plain(tag: str) -> str | None:
    """Texts of clients stand in tags, which are one line each."""
    return tag if len(tag) <= _LONGEST_TAG and tag.isprintable() else None


def _is_list(kind: Any) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
