"""Persisted documents: what a client names instead of sending it, and which texts may run at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import SystemRandom
from time import monotonic
from typing import Self

from datasources.redis.document import DocumentRepository
from datasources.scope import Scope
from gateway.errors import Code, refuse
from gateway.pipeline.automatic import AutomaticDocuments
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.library import Found, Library, MaySee, not_supported
from gateway.pipeline.persisted_settings import PersistedSettings
from gateway.pipeline.registry import Registry

_JITTER = 0.2


class PersistedDocuments:
    """Without a repository only the texts that clients send are run, whatever the settings."""

    def __init__(
        self,
        settings: PersistedSettings | None = None,
        repository: DocumentRepository | None = None,
        texts: DocumentSettings | None = None,
    ) -> None:
        self._settings = settings = settings or PersistedSettings()
        mode = settings.documents if repository else "off"
        self.takes_any_text = mode in ("off", "allow")
        self._library: Library | None = None
        self._random = SystemRandom()
        if repository is not None and mode != "off":
            automatic = (
                AutomaticDocuments(repository, settings)
                if settings.automatic and mode != "require"
                else None
            )
            limits = texts or DocumentSettings()
            registry = Registry(repository, settings, limits.max_characters, limits.max_tokens)
            self._library = Library(mode, registry, automatic)

    @asynccontextmanager
    async def live(self) -> AsyncIterator[Self]:
        """Learns what is registered, and goes on learning until the end of the context."""
        library = self._library
        if library is None:
            yield self
            return
        await library.registry.refresh()
        keeping = asyncio.create_task(self._keep(library))
        try:
            yield self
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await _note_uses(library)

    async def find(
        self,
        scope: Scope,
        text: str | None,
        document_id: str | None,
        claim: object,
        may_see: MaySee,
    ) -> Found:
        """What to run; ``claim`` is ``extensions.persistedQuery``. Raises :class:`RefusedError`."""
        library = self._library
        if document_id is not None:
            if library is None:
                raise refuse(
                    Code.PERSISTED_DOCUMENT_NOT_SUPPORTED,
                    "No documents can be named here. Send the text in the parameter query.",
                )
            return await library.by_id(document_id, text, may_see)
        if claim is not None:
            if library is None:
                raise not_supported()
            return await library.by_claim(scope, claim, text, may_see)
        if text is None:
            raise refuse(Code.INVALID_PARAMETERS, "The parameter query is missing.")
        if library is None or self.takes_any_text:
            return Found(text)
        return await library.by_text(text, may_see)

    async def register(self, scope: Scope, found: Found, client: str) -> None:
        """Keeps a text that proved valid, where it came with its hash."""
        automatic = self._library.automatic if self._library else None
        if automatic is not None and found.register is not None:
            await automatic.register(scope, found.register, found.text, client)

    async def _keep(self, library: Library) -> None:
        noted_at = monotonic()
        while True:
            jitter = self._random.uniform(1 - _JITTER, 1 + _JITTER)
            await asyncio.sleep(self._settings.poll_seconds * jitter)
            await library.registry.refresh()
            if monotonic() - noted_at >= self._settings.last_use_seconds:
                noted_at = monotonic()
                await _note_uses(library)


async def _note_uses(library: Library) -> None:
    automatic = library.automatic.used if library.automatic else set[str]()
    await library.registry.note_uses(automatic)
