"""Policy: whose rows a viewer's roles let it read."""

from collections.abc import Set
from uuid import UUID

from resolvers.viewer import Role

# Whoever works for the company sees all of its customers; a customer's people see their own.
COMPANY = frozenset({Role.ANALYST, Role.SERVICE, Role.ADMIN})


def customers_seen(
    roles: Set[Role], granted: frozenset[UUID] | None = None
) -> frozenset[UUID] | None:
    """The customers whose rows may be read; ``None`` means every customer.

    ``granted`` are those that the viewer belongs to. A viewer in several roles sees what any one of
    them sees; where no role sees every customer, nothing granted is nothing seen.
    """
    if roles & COMPANY:
        return None
    return granted or frozenset()
