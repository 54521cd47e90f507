"""Normal form: what of a text GraphQL reads, so that spaces, commas and comments make no difference."""

from dataclasses import dataclass
from hashlib import sha256

from graphql import Lexer, Source, TokenKind

_KINDS = frozenset({"query", "mutation", "subscription"})


@dataclass(frozen=True, slots=True)
class NormalForm:
    """``digest`` is the same for texts of the same tokens; ``names`` are those of the operations."""

    digest: str
    names: tuple[str, ...]


def normal_form(text: str, max_tokens: int) -> NormalForm | None:
    """``None`` where the text has more tokens; raises ``GraphQLError`` where it has none of GraphQL's.

    It looks at tokens, not at a tree, so that no nesting is too deep for it.
    """
    lexer = Lexer(Source(text))
    digest = sha256()
    names: list[str] = []
    depth, previous = 0, ""
    for _ in range(max_tokens + 1):
        token = lexer.advance()
        kind, value = token.kind, token.value or ""
        if kind is TokenKind.EOF:
            return NormalForm(digest.hexdigest(), tuple(names))
        digest.update(f"{kind.value} {value!r}\n".encode("utf-8", "surrogatepass"))
        if kind is TokenKind.NAME and depth == 0:
            if previous in _KINDS:
                names.append(value)
            previous = value
        else:
            previous = ""
            depth += (kind is TokenKind.BRACE_L) - (kind is TokenKind.BRACE_R)
    return None
