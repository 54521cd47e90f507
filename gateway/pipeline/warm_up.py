"""Warm-up: documents that are read, checked and planned at the start, so that no first client waits for it.

Source of the documents: a file of GraphQL, or a folder of such files, each a document of its own.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from graphql import GraphQLError, OperationType

from gateway.engine.plans import DeclinedError
from gateway.errors import RefusedError
from gateway.pipeline.exchange import Exchange, Parts, Request
from gateway.pipeline.preparation import prepare
from gateway.pipeline.view import View
from resolvers.viewer import Role, Viewer

_PATTERN = "*.graphql"

_log = logging.getLogger("gateway.warm_up")


async def warm_up(parts: Parts, path: Path) -> int:
    """How many operations are ready now, in the views of all single roles together."""
    texts = {file: file.read_text(encoding="utf-8") for file in _files(path)}
    ready = 0
    for role in Role:
        viewer = Viewer("warm-up", "Warm-up", frozenset({role}))
        for text in texts.values():
            ready += await _plan_all(parts, viewer, text)
    for file, text in texts.items():
        if not any(_view(parts, role).documents.holds(text) for role in Role):
            _log.warning("%s is no valid document for any role", file)
    return ready


def _files(path: Path) -> Iterable[Path]:
    return sorted(path.rglob(_PATTERN)) if path.is_dir() else [path]


def _view(parts: Parts, role: Role) -> View:
    return parts.views.of(frozenset({role}))


async def _plan_all(parts: Parts, viewer: Viewer, text: str) -> int:
    """Those of ``text`` that this viewer may run; what is refused here is refused to clients too."""
    view = parts.views.of(viewer.roles)
    if not view.documents.holds(text):
        return 0
    document, ready = view.documents.find(text), 0
    for name, operation in document.operations.items():
        if operation.operation is OperationType.SUBSCRIPTION:
            continue
        now = monotonic()
        exchange = Exchange(Request(text, name), parts, now, now + parts.deadline_seconds)
        exchange.viewer, exchange.view, exchange.document = viewer, view, document
        try:
            prepare(exchange)
        except RefusedError:
            continue
        _plan_breadth_first(exchange)
        ready += 1
    return ready


def _plan_breadth_first(exchange: Exchange) -> None:
    engine, planned, operation = exchange.parts.engine, exchange.plan, exchange.operation
    assert planned is not None
    assert operation is not None
    if engine is None:
        return
    fragments = exchange.document.fragments
    # What variables decide is planned when they are known, and what the engine declines is not at all.
    with suppress(DeclinedError, GraphQLError):
        planned.plans.find(exchange.view.schema, operation, fragments, {}, folds=engine.folds)
