"""Manifest: every format is read, every fault of every document is found, and none passes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema

from gateway.manifest import MAX_BYTES, Manifest, read_manifest
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.document_id import digest_of

WORDS = "query Words($text: String) { echo(text: $text) }"
NAMES = "query Names { name }"
BROKEN = "query Broken {\n  nme\n  count(value: true)\n}"
CIRCULAR = "query Circle { ...A } fragment A on Query { ...B } fragment B on Query { ...A }"

Read = Callable[..., Manifest]


@pytest.fixture
def read(schema: GraphQLSchema, tmp_path: Path) -> Read:
    """Reads files of the given names and contents."""

    def read_files(**files: Any) -> Manifest:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_manifest(sorted(tmp_path.iterdir()), schema, DocumentSettings())

    return read_files


def apollo(*operations: Any, **others: Any) -> dict[str, Any]:
    header = {"format": "apollo-persisted-query-manifest", "version": 1}
    return {**header, "operations": list(operations), **others}


def ids(manifest: Manifest) -> dict[str, str]:
    assert [str(finding) for finding in manifest.findings] == []
    return {document.id: document.text for document in manifest.documents}


def texts(manifest: Manifest, tmp_path: Path) -> list[str]:
    return [str(finding).removeprefix(f"{tmp_path}/") for finding in manifest.findings]


@pytest.mark.parametrize(
    "content",
    [
        apollo(
            {"id": "1", "name": "Words", "type": "query", "body": WORDS},
            {"id": "x-app:2", "name": "Names", "type": "query", "body": NAMES},
        ),
        {"1": WORDS, "x-app:2": NAMES},
        [["1", WORDS], ["x-app:2", NAMES], ["1", WORDS]],
    ],
)
def test_manifests_of_apollo_and_relay(read: Read, content: Any) -> None:
    assert ids(read(manifest_json=content)) == {"1": WORDS, "x-app:2": NAMES}


def test_files_and_folders_of_graphql(read: Read) -> None:
    manifest = read(words_graphql=WORDS, folder__names_gql=NAMES, folder__readme_txt="not read")

    assert ids(manifest) == {f"sha256:{digest_of(text)}": text for text in (NAMES, WORDS)}
    assert [document.names for document in manifest.documents] == [("Names",), ("Words",)]


def test_all_findings_of_all_documents_are_listed(read: Read, tmp_path: Path) -> None:
    manifest = read(
        a_json=apollo(
            {"id": "1", "name": "Broken", "body": BROKEN},
            {"id": "good", "name": "Names", "body": NAMES},
            {"id": "a b", "name": "Words", "body": WORDS},
            {"id": f"sha256:{'0' * 64}", "name": "Words", "body": WORDS},
            {"id": "2", "name": "None"},
            "nonsense",
        ),
        b_json=[
            ["c", CIRCULAR],
            ["f", "fragment F on Query { name }"],
            ["p", "{ name"],
            [1, 2],
            3,
            "ab",
        ],
    )

    assert texts(manifest, tmp_path) == [
        "a.json: Broken (1): line 2, column 3: Cannot query field 'nme' on type 'Query'. "
        "Did you mean 'name'?",
        "a.json: Broken (1): line 3, column 16: Int cannot represent non-integer value: true",
        "a.json: Words (a b): the id must be sha256: and 64 lower-case hexadecimal digits, or "
        "letters, digits and -._~, or x-NAME:NAME; at most 256 characters.",
        f"a.json: Words (sha256:{'0' * 64}): the id is not the SHA-256 of the text.",
        "a.json: operation 5 has no id or no body.",
        "a.json: operation 6 has no id or no body.",
        "b.json: c: line 1, column 45: Cannot spread fragment 'A' within itself via 'B'.",
        "b.json: f: line 1, column 1: Fragment 'F' is never used.",
        "b.json: p: line 1, column 7: Syntax Error: Expected Name, found <EOF>.",
        "b.json: entry 4 is not an id and a text.",
        "b.json: entry 5 is not an id and a text.",
        "b.json: entry 6 is not an id and a text.",
    ]


@pytest.mark.parametrize(
    "content",
    [
        f'{{"1": {json.dumps(WORDS)}, "1": {json.dumps(NAMES)}}}',
        [["1", WORDS], ["1", NAMES]],
        apollo({"id": "1", "body": WORDS}, {"id": "1", "body": NAMES}),
    ],
)
def test_an_id_with_two_texts_is_a_finding(read: Read, tmp_path: Path, content: Any) -> None:
    assert texts(read(m_json=content), tmp_path) == [
        f"m.json: 1: the id has another text in {tmp_path}/m.json."
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "codec can't decode"),
        ("{", "Expecting property name"),
        ("1", "neither Apollo's manifest nor Relay's"),
        (apollo(version=2), "Apollo's manifests are read in version 1"),
        (apollo(operations={}), "Apollo's manifests are read in version 1"),
        ("[" * 100_000, "is nested too deeply"),
        (b" " * (MAX_BYTES + 1), f"it is larger than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_manifest(read: Read, content: Any, reason: str) -> None:
    manifest = read(m_json=content)

    (finding,) = manifest.findings
    assert reason in finding.message
    assert manifest.documents == ()


def test_paths_that_lead_nowhere(schema: GraphQLSchema, tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    manifest = read_manifest([missing, tmp_path], schema, DocumentSettings())

    assert [finding.message for finding in manifest.findings] == [
        "cannot be read: No such file or directory.",
        "the folder holds no file .graphql or .gql.",
    ]
