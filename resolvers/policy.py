"""Policy: whose rows a viewer's roles let it read and change."""

from collections.abc import Set
from uuid import UUID

from resolvers.viewer import Role

# Whoever works for the company sees all of its customers; a customer's people see their own.
COMPANY = frozenset({Role.ANALYST, Role.SERVICE, Role.ADMIN})
# Analysts look on; these change what is any customer's.
STEWARDS = frozenset({Role.SERVICE, Role.ADMIN})


def customers_seen(
    roles: Set[Role], granted: frozenset[UUID] | None = None
) -> frozenset[UUID] | None:
    """The customers whose rows may be read; ``None`` means every customer.

    ``granted`` are those that the viewer belongs to. A viewer in several roles sees what any one of
    them sees; where no role sees every customer, nothing granted is nothing seen.
    """
    if not COMPANY.isdisjoint(roles):
        return None
    return granted or frozenset()


def customers_changed(
    roles: Set[Role], granted: frozenset[UUID] | None = None
) -> frozenset[UUID] | None:
    """The customers whose rows may be changed: fewer than are seen, where an analyst is a customer too."""
    return granted or frozenset() if STEWARDS.isdisjoint(roles) else None
