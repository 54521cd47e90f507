"""Text shelf: the texts used last, under the names that clients give them."""

from collections import OrderedDict


class TextShelf:
    """Least recently used first out, bounded by entries and by bytes."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self._texts: OrderedDict[str, str] = OrderedDict()

    def get(self, name: str) -> str | None:
        text = self._texts.get(name)
        if text is not None:
            self._texts.move_to_end(name)
        return text

    def put(self, name: str, text: str) -> None:
        size = _bytes_of(name, text)
        if size > self._max_bytes:
            return
        self.drop(name)
        self._texts[name] = text
        self._bytes += size
        while len(self._texts) > self._max_entries or self._bytes > self._max_bytes:
            self.drop(next(iter(self._texts)))

    def drop(self, name: str) -> None:
        text = self._texts.pop(name, None)
        if text is not None:
            self._bytes -= _bytes_of(name, text)

    def __len__(self) -> int:
        return len(self._texts)


def _bytes_of(name: str, text: str) -> int:
    """At most four bytes a character, as Python keeps them."""
    return 4 * (len(name) + len(text))
