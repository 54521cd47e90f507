"""Operation limits: how deep, how wide and how dear an operation may be, by the role of who asks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from resolvers.viewer import Role

LimitMode = Literal["off", "measure", "enforce"]

_WRITTEN = re.compile(r"\s*(\d{1,9})((?:\s+[a-z]+=\d{1,9})*)\s*")


@dataclass(frozen=True, slots=True)
class RoleLimit:
    """One number for everyone but the roles that have their own; written ``20000 customer=2000``."""

    everyone: int
    own: Mapping[Role, int] = field(default_factory=dict)

    def of(self, roles: frozenset[Role]) -> int:
        """The most generous of what the roles may; several roles never allow less than one."""
        return max((self.own.get(role, self.everyone) for role in roles), default=self.everyone)

    def __str__(self) -> str:
        return " ".join(
            [str(self.everyone), *(f"{role}={most}" for role, most in self.own.items())]
        )


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return RoleLimit(value) if isinstance(value, int) else value
    match = _WRITTEN.fullmatch(value)
    if match is None:
        raise ValueError(
            "a limit is written as 100, or as 100 customer=50 where a role has its own"
        )
    own = dict(each.split("=") for each in match[2].split())
    unknown = sorted(set(own) - set(Role))
    if unknown:
        raise ValueError(f"{unknown[0]} is not a role; there are {', '.join(Role)}")
    limit = RoleLimit(int(match[1]), {Role(role): int(most) for role, most in own.items()})
    if min(limit.everyone, *limit.own.values(), limit.everyone) < 1:
        raise ValueError("a limit is 1 or more")
    return limit


RoleLimitSetting = Annotated[RoleLimit, BeforeValidator(_read)]


class Bounds(NamedTuple):
    """The limits that hold for one set of roles."""

    depth: int
    root_fields: int
    fields: int
    aliases: int
    directives: int
    nodes: int
    cost: int


class OperationLimitSettings(BaseModel):
    """The defaults let the largest documents of common clients pass (tests/gateway/pipeline/clients)."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    mode: LimitMode = Field(
        "enforce",
        description="The limits of operations: not checked, only reported in the log, or enforced.",
    )
    depth: RoleLimitSetting = Field(
        RoleLimit(25), description="Fields on the longest way into an operation."
    )
    root_fields: RoleLimitSetting = Field(
        RoleLimit(50), description="Fields that an operation selects at its root."
    )
    fields: RoleLimitSetting = Field(
        RoleLimit(2_000),
        description="Fields that an operation selects, each fragment counted wherever it is spread.",
    )
    aliases: RoleLimitSetting = Field(
        RoleLimit(200), description="Aliases in an operation, counted likewise."
    )
    directives: RoleLimitSetting = Field(
        RoleLimit(200), description="Directives in an operation, counted likewise."
    )
    nodes: RoleLimitSetting = Field(
        RoleLimit(20_000, {Role.CUSTOMER: 2_000}),
        description="Objects that an operation may return, as its page sizes foretell them.",
    )
    cost: RoleLimitSetting = Field(
        RoleLimit(15_000, {Role.CUSTOMER: 1_500, Role.ANALYST: 7_500}),
        description="Points that an operation may cost, as its page sizes foretell them.",
    )

    def bounds(self, roles: frozenset[Role]) -> Bounds:
        return Bounds(*(getattr(self, name).of(roles) for name in Bounds._fields))
