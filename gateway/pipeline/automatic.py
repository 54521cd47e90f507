"""Automatic documents: texts that clients had kept under their hashes (Apollo's persisted queries)."""

import logging

from datasources.errors import StoreUnavailableError
from datasources.redis.document import DocumentRepository, Registered
from datasources.scope import Scope
from gateway.pipeline.persisted_settings import PersistedSettings
from gateway.pipeline.text_shelf import TextShelf

_HOUR_SECONDS = 3600.0
_MOST_NOTED = 5_000

_log = logging.getLogger("gateway.persisted")


class AutomaticDocuments:
    """A text used lately is found in this process; without Redis a client sends its text again."""

    def __init__(self, repository: DocumentRepository, settings: PersistedSettings) -> None:
        self._repository = repository
        self._settings = settings
        self._texts = TextShelf(settings.cache_entries, settings.cache_bytes)
        self.used: set[str] = set()

    def find_here(self, digest: str) -> str | None:
        text = self._texts.get(digest)
        if text is not None and len(self.used) < _MOST_NOTED:
            self.used.add(digest)
        return text

    async def find(self, scope: Scope, digest: str) -> str | None:
        text = self.find_here(digest)
        if text is not None:
            return text
        try:
            ttl_seconds = self._settings.automatic_ttl_seconds
            text = await self._repository.by_digest(scope, digest, ttl_seconds)
        except StoreUnavailableError:
            return None
        if text is not None:
            self._texts.put(digest, text)
        return text

    async def register(self, scope: Scope, digest: str, text: str, client: str) -> None:
        """Keeps a valid ``text`` unless it is too long, or its client has brought too many."""
        if len(text.encode()) > self._settings.automatic_max_bytes:
            return
        try:
            outcome = await self._repository.register(
                scope,
                text,
                digest,
                client=client,
                ttl_seconds=self._settings.automatic_ttl_seconds,
                most_new=self._settings.automatic_new_per_hour,
                counted_seconds=_HOUR_SECONDS,
            )
        except StoreUnavailableError:
            outcome = Registered.KNOWN
        if outcome is Registered.REFUSED:
            _log.info("a client has had too many new texts kept within the hour")
        else:
            self._texts.put(digest, text)
