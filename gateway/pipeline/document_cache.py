"""Document cache: query texts parsed and validated once, for as long as they are remembered."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Generic, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.validation.rules import overlapping_fields_can_be_merged as overlap
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.errors import Code, RefusedError, refuse, refuse_document
from gateway.pipeline.document_id import digest_of
from gateway.pipeline.operation_plan import OperationPlan, Settled, fragments_of
from resolvers.viewer import Role

_NO_INTROSPECTION = [NoSchemaIntrospectionCustomRule]
_NUL_ESCAPE = re.compile(r"\\u(?:0000|\{0+\})")
_TOO_DEEP = "nested too deeply"  # graphql-core, of brackets in one definition
_ABORTED = (
    "Validation aborted."  # likewise, of fields and fragments that it would take long to compare
)
# Nobody is charged for a text that is not valid, so looking at one must not hold up all others: a fifth
# of what graphql-core allows, which is two seconds. Repeating one field 300 times stays below it.
overlap.MAX_COMPLEXITY_BUDGET = 100_000
_BYTES_PER_TOKEN = 500  # of the syntax tree and its tokens, as tracemalloc shows them
_LARGEST_SHARE = 4  # of what all documents may take: one that grows beyond is not remembered


def read_roles(value: object) -> object:
    """Roles as the environment names them: separated by commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class DocumentSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    max_characters: int = Field(
        100_000, ge=1_000, description="Characters of the longest query text that is read."
    )
    max_tokens: int = Field(
        15_000, ge=100, description="Tokens (names, values, punctuation) of the longest query text."
    )
    max_errors: int = Field(
        20, ge=1, description="Validation errors after which a document is looked at no further."
    )
    cache_entries: int = Field(
        1_000, ge=1, description="Documents that are remembered, parsed and validated."
    )
    cache_bytes: int = Field(
        67_108_864, ge=1_048_576, description="Bytes that remembered documents may take, estimated."
    )
    introspection_roles: Annotated[tuple[Role, ...], BeforeValidator(read_roles)] = Field(
        tuple(Role),
        description="Roles that may introspect their own view of the schema and get suggestions from it, "
        "separated by commas.",
    )

    def shows(self, roles: frozenset[Role]) -> bool:
        """Whether readers in ``roles`` may ask what the schema is."""
        return not roles.isdisjoint(self.introspection_roles)


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document and its operations by name."""

    ast: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    fragments: dict[str, FragmentDefinitionNode]
    digest: str  # SHA-256 of the text
    plans: dict[str | None, OperationPlan] = field(default_factory=dict)  # of operations that ran
    settled: dict[str | None, Settled] = field(default_factory=dict)  # by what requests call them


Outcome = TypeVar("Outcome", Document, RefusedError)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Outcome]):
    outcome: Outcome
    bytes: int


class DocumentCache:
    """Remembers what became of the query texts that were used last.

    Refused texts have a shelf of their own, so that garbage never drives a good document out.
    """

    def __init__(
        self, schema: GraphQLSchema, settings: DocumentSettings, *, shown: bool = True
    ) -> None:
        """``shown`` says whether the schema may be introspected, and its names suggested."""
        self._schema = schema
        self._shown = shown
        self._settings = settings
        self._valid = _Shelf[Document](settings.cache_entries, settings.cache_bytes)
        self._refused = _Shelf[RefusedError](
            max(1, settings.cache_entries // 8), settings.cache_bytes // 8
        )

    def find(self, text: str) -> Document:
        """The document of ``text``; raises :class:`RefusedError` where it is none."""
        document = self._valid.get(text)
        if document is not None:
            return document
        outcome = self._refused.get(text) or self._read(text)
        if isinstance(outcome, Document):
            return outcome
        raise RefusedError(outcome.code, outcome.errors)

    def growth(self, document: Document) -> Callable[[int], None]:
        """Is to be told how many bytes more, or less, is kept of what was worked out of ``document``."""
        text = document.ast.loc.source.body if document.ast.loc else ""
        return partial(self._valid.grow, text)

    def holds(self, text: str) -> bool:
        """Whether ``text`` is a document that is valid in this schema."""
        try:
            self.find(text)
        except RefusedError:
            return False
        return True

    def _read(self, text: str) -> Document | RefusedError:
        limit = self._settings.max_characters
        if len(text) > limit:
            return refuse(
                Code.DOCUMENT_TOO_LARGE,
                f"The query has {len(text)} characters; at most {limit} are read here.",
                limit=limit,
                value=len(text),
            )
        outcome = self._parse(text)
        if isinstance(outcome, Document):
            self._valid.put(text, outcome)
        else:
            self._refused.put(text, outcome)
        return outcome

    def _parse(self, text: str) -> Document | RefusedError:
        if _NUL_ESCAPE.search(text):
            return refuse(Code.BAD_USER_INPUT, "Texts here cannot hold the character U+0000.")
        try:
            ast = parse(text, max_tokens=self._settings.max_tokens)
        except GraphQLError as error:
            return self._unparsed(error)
        if not self._shown and validate(self._schema, ast, _NO_INTROSPECTION, max_errors=1):
            return refuse(
                Code.INTROSPECTION_DISABLED,
                "Your roles do not include asking what the schema is. Take it from where your queries are "
                "built, and leave __schema and __type out; __typename is always there.",
            )
        errors = validate(
            self._schema,
            ast,
            max_errors=self._settings.max_errors,
            hide_suggestions=not self._shown,
        )
        if errors and errors[-1].message == _ABORTED:
            return refuse(
                Code.GRAPHQL_VALIDATION_FAILED,
                "The document selects the same fields too often, or its fragments lead too deep, to "
                "be checked. Select each field once, and spread fewer fragments.",
            )
        if errors:
            return refuse_document(Code.GRAPHQL_VALIDATION_FAILED, errors)
        operations = {
            node.name.value if node.name else None: node
            for node in ast.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        return Document(ast, operations, fragments_of(ast), digest_of(text))

    def _unparsed(self, error: GraphQLError) -> RefusedError:
        limit = self._settings.max_tokens
        if f"more than {limit} tokens" in error.message:
            return refuse(
                Code.DOCUMENT_TOO_LARGE,
                f"The query has more than {limit} tokens, the most that is read here.",
                limit=limit,
            )
        if _TOO_DEEP in error.message:
            return refuse(
                Code.DEPTH_LIMIT,
                f"The document nests more than {MAX_NESTING_DEPTH} brackets, the most that is read "
                "here. Ask for the inner objects by their ids, or pass values as variables.",
                limit=MAX_NESTING_DEPTH,
                value=MAX_NESTING_DEPTH + 1,
            )
        return refuse_document(Code.GRAPHQL_PARSE_FAILED, [error])


class _Shelf(Generic[Outcome]):
    """Least recently used first out, bounded by entries and by estimated bytes."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.bytes = 0
        self.entries: OrderedDict[str, _Entry[Outcome]] = OrderedDict()

    def get(self, text: str) -> Outcome | None:
        entry = self.entries.get(text)
        if entry is None:
            return None
        self.entries.move_to_end(text)
        return entry.outcome

    def put(self, text: str, outcome: Outcome) -> None:
        entry = _Entry(outcome, _bytes_of(text, outcome))
        if entry.bytes > self.max_bytes:
            return
        self.entries[text] = entry
        self.bytes += entry.bytes
        self._make_room()

    def grow(self, text: str, size: int) -> None:
        """Counts ``size`` more bytes of a document, which may no longer be here."""
        entry = self.entries.get(text)
        if entry is None:
            return
        self.bytes += size
        self.entries[text] = entry = _Entry(entry.outcome, entry.bytes + size)
        if size > 0 and entry.bytes > self.max_bytes // _LARGEST_SHARE:
            self.bytes -= self.entries.pop(text).bytes
        self._make_room()

    def _make_room(self) -> None:
        while len(self.entries) > self.max_entries or self.bytes > self.max_bytes:
            self.bytes -= self.entries.popitem(last=False)[1].bytes


def _bytes_of(text: str, outcome: Document | RefusedError) -> int:
    if isinstance(outcome, RefusedError):
        return 4 * len(text) + 1_000 * len(outcome.errors)
    token = outcome.ast.loc.start_token if outcome.ast.loc else None
    tokens = 0
    while token is not None:
        tokens, token = tokens + 1, token.next
    return 4 * len(text) + _BYTES_PER_TOKEN * tokens
