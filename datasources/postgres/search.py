"""Search: words of a client as a tsquery that finds every word by how it begins."""

from datasources.postgres.condition import NOTHING, storable

_LONGEST_NAME = 200


def prefix_query(text: str) -> object:
    """All words must be there, each as the beginning of one; nothing in ``text`` is syntax."""
    words = dict.fromkeys(text.split())
    if not words:
        return None
    if not storable(text) or max(map(len, words)) > _LONGEST_NAME or len(words) > _LONGEST_NAME:
        return NOTHING
    return " & ".join(f"{_quoted(word)}:*" for word in words)


def _quoted(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
