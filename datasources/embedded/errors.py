"""Errors of the embedded servers; each is one sentence for the person at the terminal.

EmbeddedServerError
|-- DataFolderError       the data folder is in use, is not ours, or cannot be reached
|-- ProgramError          there is no server program for this machine, or not the one that was pinned
`-- ServerStoppedError    a server ended, or did not come up
    `-- PortTakenError    another process took the server's port first
"""


class EmbeddedServerError(Exception):
    """The root of everything that can go wrong with servers of our own."""


class DataFolderError(EmbeddedServerError):
    pass


class ProgramError(EmbeddedServerError):
    pass


class ServerStoppedError(EmbeddedServerError):
    pass


class PortTakenError(ServerStoppedError):
    pass
