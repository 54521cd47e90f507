"""Materials: by name through the cache, and the catalogue page by page."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from datasources.errors import StoreUnavailableError
from datasources.keyset import Keyset, Order
from datasources.records import Columns, FreshnessRecord, FreshnessSource, MaterialRecord
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.errors import UnknownMaterialError
from resolvers.listing import pages
from resolvers.paging import Listing, Page, PageArguments

LISTING = Listing("materials", Order(("name",)))

_NAME = re.compile(r"[a-z0-9_]{1,100}")
_MOST_SUGGESTIONS = 3
_MOST_NAMES = 1000
_FROM_DATABASE = FreshnessRecord(source=FreshnessSource.DATABASE, cached_at=None, age_seconds=0.0)


async def by_names(
    context: Context, keys: Sequence[str], selection: Selection
) -> Slots[MaterialRecord | None]:
    found = await context.stores.materials.by_names(context.scope, keys)
    return [found.get(name) for name in keys]


async def by_page(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    arguments: PageArguments,
    category: str | None,
) -> Slots[Page]:
    """The catalogue from the database itself, by name."""
    catalogue = context.stores.material_catalogue
    impossible = category is not None and not is_name(category)

    async def read(bounds: Keyset, columns: Columns) -> Mapping[bool, Sequence[MaterialRecord]]:
        if impossible:
            return {}
        rows = await catalogue.page(context.scope, bounds, category)
        return {True: [_from_database(row) for row in rows]}

    async def count() -> Mapping[bool, int]:
        return {} if impossible else {True: await catalogue.count(context.scope, category)}

    return await pages(context, LISTING, arguments, selection, keys, read, count)


async def refusals(
    context: Context, names: Sequence[str]
) -> Mapping[str, UnknownMaterialError | StoreUnavailableError]:
    """Why ``names`` are not good, for those that are not: unknown, or not to be found out now."""
    found = await context.stores.materials.by_names(context.scope, names)
    missing = [name for name in names if name not in found]
    known = await _known_names(context) if missing else []
    errors: dict[str, UnknownMaterialError | StoreUnavailableError] = {
        name: value for name, value in found.items() if isinstance(value, StoreUnavailableError)
    }
    return errors | {name: _unknown(name, known) for name in missing}


def is_name(text: str) -> bool:
    """Whether a material or a category may be called so; nothing else is worth a question to a store."""
    return _NAME.fullmatch(text) is not None


def _from_database(row: MaterialRecord) -> MaterialRecord:
    return {**row, "freshness": _FROM_DATABASE}


async def _known_names(context: Context) -> Sequence[str]:
    """Proposals are a kindness: without the catalogue the error goes without them."""
    try:
        rows = await context.stores.material_catalogue.page(
            context.scope, Keyset(LISTING.order, _MOST_NAMES), None
        )
    except StoreUnavailableError:
        return []
    return [row["name"] for row in rows]


def _unknown(name: str, known: Sequence[str]) -> UnknownMaterialError:
    wanted = re.sub(r"[\s-]+", "_", name[:64].strip().lower())
    near = get_close_matches(wanted, known, _MOST_SUGGESTIONS, cutoff=0.4)
    advice = f" Did you mean {' or '.join(near)}?" if near else ""
    return UnknownMaterialError(
        f"There is no material {name[:64]!r}.{advice} The materials field lists them all.",
        material=name[:64],
        suggestions=", ".join(near) or None,
    )
