"""Library: the documents that clients may name, and the judgement on the texts that they send."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from datasources.redis.document import TrustedDocument
from datasources.scope import Scope
from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.automatic import AutomaticDocuments
from gateway.pipeline.document_id import (
    SHA256,
    check_claim,
    check_document_id,
    digest_of,
    is_digest,
)
from gateway.pipeline.persisted_settings import PersistedMode
from gateway.pipeline.registry import Registry
from gateway.pipeline.text_shelf import TextShelf

_NOTED_TEXTS = 1_000
_NOTED_BYTES = 1_048_576

_log = logging.getLogger("gateway.persisted")

MaySee = Callable[[str], bool]  # whether the document of a text is valid in the reader's view


@dataclass(frozen=True, slots=True)
class Found:
    """A text to run; ``register`` is the hash to keep it under once it has proved valid."""

    text: str
    id: str | None = None
    register: str | None = None


class Library:
    """Every method raises :class:`RefusedError` where nothing may run.

    Whoever names a document without showing its text, and could not run it, is told that there is
    none: what would be said of its fields tells of a schema that is not the reader's.
    """

    def __init__(
        self, mode: PersistedMode, registry: Registry, automatic: AutomaticDocuments | None
    ) -> None:
        self.registry = registry
        self.automatic = automatic
        self._mode = mode
        self._noted = TextShelf(_NOTED_TEXTS, _NOTED_BYTES)

    async def by_id(self, id_: str, text: str | None, may_see: MaySee) -> Found:
        """By the parameter ``documentId``."""
        check_document_id(id_)
        document = await self._registered(id_)
        if document is None or (text is None and not may_see(document.text)):
            raise self._unless_unknown(
                refuse(
                    Code.PERSISTED_DOCUMENT_NOT_FOUND,
                    "No document of this documentId is registered here.",
                )
            )
        if text is not None and not self._agrees(text, document):
            raise refuse(
                Code.INVALID_PARAMETERS,
                "The parameters documentId and query name different documents; send one of them.",
            )
        return self._use(document)

    async def by_claim(
        self, scope: Scope, claim: object, text: str | None, may_see: MaySee
    ) -> Found:
        """By ``extensions.persistedQuery``, which may hold the id of a registered document too."""
        hash_ = check_claim(claim)
        if self.automatic is not None and (kept := self.automatic.find_here(hash_)) is not None:
            if text is not None and text != kept:
                raise _mismatch()
            if text is None and not may_see(kept):
                raise _not_found()
            return self._kept(hash_, kept, may_see)
        document = self.registry.find(hash_)
        if document is None and (self.automatic is None or not is_digest(hash_)):
            document = await self._registered(hash_)
        if document is not None:
            if text is not None and not self._agrees(text, document):
                raise _mismatch()
            if text is None and not may_see(document.text):
                raise _not_found()
            return self._use(document)
        if self.automatic is None:
            if text is not None and self._mode == "require":
                return await self.by_text(text, may_see)
            raise not_supported()
        if not is_digest(hash_):
            raise _not_found()
        return await self._automatically(self.automatic, scope, hash_, text, may_see)

    async def by_text(self, text: str, may_see: MaySee) -> Found:
        """By the parameter ``query``, in the modes that care which text it is."""
        document = self.registry.match(text)
        if document is None and self.registry.form_of(text) is not None:
            await self.registry.look_again()
            document = self.registry.match(text)
        if document is not None:
            return self._use(document)
        if self._mode == "require" and (self.registry.form_of(text) is not None or may_see(text)):
            raise self._unless_unknown(self._unregistered(text, may_see))
        self._note(text, may_see)
        return Found(text)

    async def _automatically(
        self,
        automatic: AutomaticDocuments,
        scope: Scope,
        digest: str,
        text: str | None,
        may_see: MaySee,
    ) -> Found:
        if text is None:
            kept = await automatic.find(scope, digest)
            if kept is None or not may_see(kept):
                raise _not_found()
            return self._kept(digest, kept, may_see)
        if digest_of(text) != digest:
            raise _mismatch()
        self._note(text, may_see)
        return Found(text, f"{SHA256}{digest}", register=digest)

    async def _registered(self, id_: str) -> TrustedDocument | None:
        document = self.registry.find(id_)
        if document is None:
            await self.registry.look_again()
            document = self.registry.find(id_)
        return document

    def _agrees(self, text: str, document: TrustedDocument) -> bool:
        if text == document.text:
            return True
        form = self.registry.form_of(text)
        return form is not None and form.digest == document.form

    def _use(self, document: TrustedDocument) -> Found:
        self.registry.used.add(document.id)
        return Found(document.text, document.id)

    def _kept(self, digest: str, text: str, may_see: MaySee) -> Found:
        self._note(text, may_see)
        return Found(text, f"{SHA256}{digest}")

    def _unless_unknown(self, refusal: RefusedError) -> RefusedError:
        """A process that could never read the registry cannot say what is not in it."""
        if self.registry.loaded:
            return refusal
        return refuse(
            Code.STORE_UNAVAILABLE,
            "Redis does not answer at the moment, and which documents are registered is not known here "
            "yet. Try again in 1 s.",
            store="redis",
            retryAfterSeconds=1,
        )

    def _unregistered(self, text: str, may_see: MaySee) -> RefusedError:
        message, details = "Only registered documents run here, and this is none of them.", {}
        near = self._nearest(text, may_see)
        if near is not None:
            details = {"nearestOperation": near.names[0], "nearestDocumentId": near.id}
            message = f"{message} The nearest has the operation {near.names[0]}."
        return refuse(Code.QUERY_NOT_IN_SAFELIST, message, **details)

    def _note(self, text: str, may_see: MaySee) -> None:
        """Once for each text that is remembered, in mode log, unless it is registered."""
        if self._mode != "log" or self._noted.get(text) is not None:
            return
        self._noted.put(text, "")
        form = self.registry.form_of(text)
        if form is None or self.registry.match(text) is not None or not may_see(text):
            return  # no GraphQL and no valid document are refused anyway
        near = self.registry.nearest(form.names, lambda document: True)
        fields = {"operations": list(form.names)[:5], "document": f"{SHA256}{digest_of(text)}"}
        if near is not None:
            fields |= {"nearest": near.names[0], "nearest_document": near.id}
        _log.warning("a document that is not registered was run", extra={"fields": fields})

    def _nearest(self, text: str, may_see: MaySee) -> TrustedDocument | None:
        form = self.registry.form_of(text)
        if form is None:
            return None
        return self.registry.nearest(form.names[:5], lambda document: may_see(document.text))


def not_supported() -> RefusedError:
    return refuse(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")


def _not_found() -> RefusedError:
    return refuse(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")


def _mismatch() -> RefusedError:
    return refuse(Code.PERSISTED_QUERY_HASH_MISMATCH, "provided sha does not match query")
