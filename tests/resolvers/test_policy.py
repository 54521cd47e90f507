"""Policy: only a role of the company sees every customer; nothing forgotten does."""

from itertools import chain, combinations
from uuid import UUID

import pytest

from resolvers.policy import customers_seen
from resolvers.viewer import Role

OWN = frozenset({UUID(int=1), UUID(int=2)})
SETS = [
    frozenset(some)
    for some in chain.from_iterable(combinations(Role, n) for n in range(len(Role) + 1))
]


@pytest.mark.parametrize("roles", SETS, ids=lambda roles: "+".join(sorted(roles)) or "none")
def test_several_roles_see_what_any_one_of_them_sees(roles: frozenset[Role]) -> None:
    every = bool(roles - {Role.CUSTOMER})

    assert customers_seen(roles, OWN) == (None if every else OWN)


@pytest.mark.parametrize("roles", [frozenset[Role](), frozenset({Role.CUSTOMER})])
def test_what_was_not_granted_is_not_seen(roles: frozenset[Role]) -> None:
    assert customers_seen(roles) == customers_seen(roles, frozenset()) == frozenset()
