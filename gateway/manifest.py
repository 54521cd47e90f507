"""Manifest: documents that a client's build lists, read and checked before any of them is registered.

Source: Apollo's persisted query manifest, version 1; the `persistConfig` file of the Relay compiler.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema

from datasources.redis.document import TrustedDocument
from gateway.errors import RefusedError
from gateway.pipeline.document_cache import DocumentCache, DocumentSettings
from gateway.pipeline.document_id import MAX_CHARACTERS, SHA256, digest_of, is_document_id
from gateway.pipeline.normal_form import normal_form

APOLLO_FORMAT = "apollo-persisted-query-manifest"
MAX_BYTES = 67_108_864

_SUFFIXES = (".graphql", ".gql")
_MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where; lines count within the document."""

    file: str
    message: str
    document: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        document = f" {self.document}:" if self.document else ""
        at = f" line {self.line}, column {self.column}:" if self.line is not None else ""
        return f"{self.file}:{document}{at} {self.message}"


@dataclass(frozen=True, slots=True)
class _Entry:
    file: str
    id: str
    text: str
    name: str = ""

    def finding(self, message: str, line: int | None = None, column: int | None = None) -> Finding:
        document = f"{self.name} ({self.id[:80]})" if self.name else self.id[:80]
        return Finding(self.file, message, document, line, column)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``documents`` may be registered only where there are no ``findings``."""

    documents: Sequence[TrustedDocument]
    findings: Sequence[Finding]


def read_manifest(
    paths: Iterable[Path], schema: GraphQLSchema, settings: DocumentSettings
) -> Manifest:
    """The documents of all files, and everything that is wrong with any of them."""
    check = _Check(schema, settings.model_copy(update={"max_errors": _MAX_ERRORS}))
    for path in paths:
        for entry in _entries(path):
            if isinstance(entry, Finding):
                check.findings.append(entry)
            else:
                check.add(entry)
    return Manifest(tuple(check.documents.values()), tuple(check.findings))


@dataclass(slots=True)
class _Check:
    schema: GraphQLSchema
    settings: DocumentSettings
    documents: dict[str, TrustedDocument] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, tuple[str, str]] = field(default_factory=dict)  # by id: the file, the text
    cache: DocumentCache = field(init=False)

    def __post_init__(self) -> None:
        self.cache = DocumentCache(self.schema, self.settings)

    def add(self, entry: _Entry) -> None:
        before = self.files.setdefault(entry.id, (entry.file, entry.text))
        if before[1] != entry.text:
            self.findings.append(entry.finding(f"the id has another text in {before[0]}."))
            return
        found = list(self._problems(entry))
        self.findings += found
        if not found and entry.id not in self.documents:
            form = normal_form(entry.text, self.settings.max_tokens)
            assert form is not None
            digest = digest_of(entry.text)
            self.documents[entry.id] = TrustedDocument(
                entry.id, entry.text, digest, form.digest, form.names
            )

    def _problems(self, entry: _Entry) -> Iterator[Finding]:
        if not is_document_id(entry.id):
            yield entry.finding(
                "the id must be sha256: and 64 lower-case hexadecimal digits, or letters, digits and "
                f"-._~, or x-NAME:NAME; at most {MAX_CHARACTERS} characters."
            )
        elif entry.id.startswith(SHA256) and entry.id != SHA256 + digest_of(entry.text):
            yield entry.finding("the id is not the SHA-256 of the text.")
        try:
            document = self.cache.find(entry.text)
        except RefusedError as refusal:
            for error in refusal.errors:
                at = (error.get("locations") or [{}])[0]
                yield entry.finding(error["message"], at.get("line"), at.get("column"))
        except RecursionError:
            yield entry.finding("the document is nested too deeply to be read.")
        else:
            if not document.operations:
                yield entry.finding("the document has no operation.")


def _entries(path: Path) -> Iterator[_Entry | Finding]:
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES)
        if not files:
            yield Finding(str(path), f"the folder holds no file {' or '.join(_SUFFIXES)}.")
        for file in files:
            yield from _entries(file)
        return
    try:
        text = _read(path)
        if path.suffix in _SUFFIXES:
            yield _Entry(str(path), SHA256 + digest_of(text), text)
        else:
            yield from _listed(str(path), json.loads(text, object_pairs_hook=_Object))
    except OSError as error:
        yield Finding(str(path), f"cannot be read: {error.strerror}.")
    except RecursionError:
        yield Finding(str(path), "is nested too deeply.")
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are such
        yield Finding(str(path), f"is no manifest: {error}.")


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    return content.decode("utf-8-sig" if path.suffix == ".json" else "utf-8")


class _Object(list[tuple[str, Any]]):
    """A JSON object that keeps a name which is given twice."""

    def get(self, name: str) -> Any:
        return next((value for key, value in self if key == name), None)


def _listed(file: str, manifest: Any) -> Iterator[_Entry | Finding]:
    if isinstance(manifest, _Object) and manifest.get("format") == APOLLO_FORMAT:
        yield from _of_apollo(file, manifest)
        return
    if not isinstance(manifest, list):
        raise ValueError("neither Apollo's manifest nor Relay's")
    for number, pair in enumerate(manifest, 1):
        match pair:
            case [str(id_), str(text)]:
                yield _Entry(file, id_, text)
            case _:
                yield Finding(file, f"entry {number} is not an id and a text.")


def _of_apollo(file: str, manifest: _Object) -> Iterator[_Entry | Finding]:
    operations = manifest.get("operations")
    listed = isinstance(operations, list) and not isinstance(operations, _Object)
    if manifest.get("version") != 1 or not listed:
        raise ValueError("Apollo's manifests are read in version 1, with a list of operations")
    for number, operation in enumerate(operations, 1):
        id_, text, name = (
            operation.get(each) if isinstance(operation, _Object) else None
            for each in ("id", "body", "name")
        )
        if isinstance(id_, str) and isinstance(text, str):
            yield _Entry(file, id_, text, name if isinstance(name, str) else "")
        else:
            yield Finding(file, f"operation {number} has no id or no body.")
