"""Identity: who asks and which customers' rows they may see; made here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from resolvers.policy import customers_seen
from resolvers.viewer import Role, Viewer

ANONYMOUS = "anonymous"  # the id of every stranger


@dataclass(frozen=True, slots=True)
class Identity:
    """``customer_ids`` of ``None`` mean every customer; an empty set means none at all.

    ``expires_at`` is when what was shown ends by itself, in seconds since 1970; ``None`` is never.
    """

    viewer: Viewer
    customer_ids: frozenset[UUID] | None
    expires_at: float | None = None


def is_restricted(roles: frozenset[Role]) -> bool:
    """Whether the roles see some customers only; of several roles the widest wins."""
    return customers_seen(roles) is not None


def identity(
    viewer: Viewer, customer_ids: Iterable[UUID] = (), expires_at: float | None = None
) -> Identity:
    """``customer_ids`` are the viewer's own, which bind it unless one of its roles sees all."""
    return Identity(viewer, customers_seen(viewer.roles, frozenset(customer_ids)), expires_at)


def anonymous(role: Role) -> Identity:
    return identity(Viewer(ANONYMOUS, "Anonymous", frozenset({role})))
