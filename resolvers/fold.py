"""Fold: what a relation says of itself so that a store can write it, with all below it, as JSON.

Beside its batch function, which stays the other road to the same answer: what is asked for is found out,
checked and refused by the same functions on both.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datasources.fold import Asked
from resolvers.context import Context
from resolvers.paging import Listing, PageArguments, keyset

Count = Callable[[Context, Sequence[Any], Asked], Awaitable[Mapping[Any, int]]]


@dataclass(frozen=True, slots=True)
class Question:
    """``listing`` makes the cursors of a page."""

    asked: Asked
    listing: Listing | None = None


def of_key(context: Context) -> Question:
    """What is asked of a relation without arguments."""
    return Question(Asked())


@dataclass(frozen=True, slots=True)
class Foldable:
    """A relation: the rows of ``subject`` whose column ``by`` is the key; all rows where there is none.

    ``ask(context, **arguments)`` is what its arguments ask for, or raises what is wrong with them.
    ``count(context, keys, asked)`` counts whole lists, for ``totalCount`` of a page. ``parse`` makes
    a key of what the field is given in its place.
    """

    kind: Literal["one", "list", "page"]
    subject: str
    by: str | None = None
    ask: Callable[..., Question] = of_key
    count: Count | None = None
    parse: Callable[[Any], Any] | None = None


def question(
    context: Context, listing: Listing, arguments: PageArguments, where: object
) -> Question:
    """What a page asks for."""
    return Question(
        Asked(keyset(listing, arguments, context.cursors, context.limits), where), listing
    )
