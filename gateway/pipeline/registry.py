"""Registry: the registered documents as this process knows them, and which of them are used."""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from time import monotonic

from graphql import GraphQLError

from datasources.errors import StoreUnavailableError
from datasources.redis.document import DocumentRepository, RegistryFullError, TrustedDocument
from datasources.scope import Scope
from gateway.pipeline.document_id import SHA256
from gateway.pipeline.normal_form import NormalForm, normal_form
from gateway.pipeline.persisted_settings import PersistedSettings
from gateway.pipeline.text_shelf import TextShelf

_CALL_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 1.0
_NEIGHBOURS = 10  # on either side, so that no registry is too large to look for a near name in

_log = logging.getLogger("gateway.persisted")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    generation: str | None = None
    documents: Mapping[str, TrustedDocument] = field(default_factory=dict)
    by_name: Mapping[str, TrustedDocument] = field(default_factory=dict)  # ids, sha256: and hash
    by_text: Mapping[str, TrustedDocument] = field(default_factory=dict)
    by_form: Mapping[str, TrustedDocument] = field(default_factory=dict)
    operations: tuple[tuple[str, str], ...] = ()  # in order: the name in lower case, the id

    @staticmethod
    def of(generation: str | None, documents: Mapping[str, TrustedDocument]) -> "_Snapshot":
        each = documents.values()
        names = ((name.casefold(), one.id) for one in each for name in one.names)
        return _Snapshot(
            generation,
            documents,
            {
                **{one.digest: one for one in each},
                **{f"{SHA256}{one.digest}": one for one in each},
                **documents,
            },
            {one.text: one for one in each},
            {one.form: one for one in each},
            tuple(sorted(names)),
        )


class Registry:
    """Answers from memory alone; what others register arrives within ``poll_seconds``.

    A Redis that is down leaves what is known; one that was emptied is given back what is known.
    """

    def __init__(
        self,
        repository: DocumentRepository,
        settings: PersistedSettings,
        max_characters: int,
        max_tokens: int,
    ) -> None:
        self._repository = repository
        self._settings = settings
        self._max_characters = max_characters
        self._max_tokens = max_tokens
        self._snapshot = _Snapshot()
        self._forms = TextShelf(settings.cache_entries, settings.cache_bytes)
        self._refreshing = asyncio.Lock()
        self._looked_at = float("-inf")
        self.loaded = False
        self.used: set[str] = set()

    def find(self, id_: str) -> TrustedDocument | None:
        """The document of this id, or of this hash with or without ``sha256:``."""
        return self._snapshot.by_name.get(id_)

    def match(self, text: str) -> TrustedDocument | None:
        """The document that says the same, whatever its spaces, commas and comments."""
        found = self._snapshot.by_text.get(text)
        if found is None and (form := self.form_of(text)):
            found = self._snapshot.by_form.get(form.digest)
        return found

    def form_of(self, text: str) -> NormalForm | None:
        """``None`` for a text that is too long, or no GraphQL."""
        if len(text) > self._max_characters:
            return None
        kept = self._forms.get(text)
        if kept is None:
            try:
                form = normal_form(text, self._max_tokens)
            except GraphQLError:
                form = None
            kept = " ".join([form.digest, *form.names]) if form else ""
            self._forms.put(text, kept)
        digest, *names = kept.split(" ")
        return NormalForm(digest, tuple(names)) if digest else None

    def nearest(
        self, names: Iterable[str], may_see: Callable[[TrustedDocument], bool]
    ) -> TrustedDocument | None:
        """One that has an operation of nearly such a name."""
        operations = self._snapshot.operations
        for name in names:
            at = bisect_left(operations, (name.casefold(),))
            around = operations[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
            ids = dict(reversed(around))
            for close in get_close_matches(name.casefold(), ids, n=3):
                document = self._snapshot.documents[ids[close]]
                if may_see(document):
                    return document
        return None

    async def look_again(self) -> None:
        """Asks Redis before a document is called unknown, though at most once a second."""
        if self._looked_lately():
            return
        async with self._refreshing:
            if not self._looked_lately():
                await self._refresh()

    async def refresh(self) -> None:
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        scope = _scope()
        try:
            generation = await self._repository.generation(scope)
            if generation is None and self._snapshot.documents:
                await self._give_back(scope)
                generation = await self._repository.generation(scope)
            if not self.loaded or generation != self._snapshot.generation:
                known = self._snapshot.documents
                documents = await self._repository.all(scope, known)
                self._snapshot = _Snapshot.of(generation, documents)
                _log.info("%d documents are registered", len(documents))
            self.loaded = True
        except StoreUnavailableError as error:
            _log.debug("the registered documents stay as they were: %s", error)
        finally:
            self._looked_at = monotonic()

    def _looked_lately(self) -> bool:
        return monotonic() - self._looked_at < _LOOK_AGAIN_SECONDS

    async def note_uses(self, automatic: set[str]) -> None:
        """Writes down what was used since the last time; nobody waits for it."""
        ids, digests = set(self.used), set(automatic)
        self.used -= ids
        automatic -= digests
        if not ids and not digests:
            return
        try:
            ttl_seconds = self._settings.automatic_ttl_seconds
            await self._repository.touch(_scope(), ids, digests, ttl_seconds)
        except StoreUnavailableError:
            self.used |= ids
            automatic |= digests

    async def _give_back(self, scope: Scope) -> None:
        documents = list(self._snapshot.documents.values())
        _log.warning("Redis has lost the registered documents; this process gives them back")
        try:
            await self._repository.add(
                scope, documents, self._settings.registered_max, only_if_empty=True
            )
        except RegistryFullError as error:
            _log.error("the registered documents could not be given back: %s", error)


def _scope() -> Scope:
    return Scope(frozenset(), monotonic() + _CALL_SECONDS)
