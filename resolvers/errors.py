"""Errors that a client can mend; each says what is wrong, what would be right, and carries a code.

ClientError                   base: ``code`` is stable and has a page under docs/errors
|-- InvalidIdError            an id that this graph never made, or of another type
|-- InvalidCursorError        a cursor that was damaged, or of another list or order
|-- CursorExpiredError        a cursor of an event that is no longer kept
|-- InvalidPageError          first, last, after and before that ask for no possible page
|-- InvalidRangeError         a range or number of days outside what can be answered
`-- UnknownMaterialError      a material that the catalogue does not hold
"""

from typing import ClassVar


class ClientError(Exception):
    """An error whose text is written for the client; ``details`` joins the error's extensions."""

    code: ClassVar[str]

    def __init__(self, message: str, **details: str | int | float | None) -> None:
        super().__init__(message)
        self.details = details


class InvalidIdError(ClientError):
    code = "INVALID_ID"


class InvalidCursorError(ClientError):
    code = "INVALID_CURSOR"


class CursorExpiredError(ClientError):
    code = "CURSOR_EXPIRED"


class InvalidPageError(ClientError):
    code = "INVALID_PAGE"


class InvalidRangeError(ClientError):
    code = "INVALID_RANGE"


class UnknownMaterialError(ClientError):
    code = "UNKNOWN_MATERIAL"
