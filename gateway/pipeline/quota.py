"""Quota: what each kind of client may spend, in points and in requests, and the buckets that hold it.

An operation draws on a bucket of its API key, its user, its role and its address, in both units.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from datasources.redis.rate_limit import UNIT, Bucket
from gateway.auth.identity import ANONYMOUS
from resolvers.viewer import Role, Viewer

RateLimitMode = Literal["off", "measure", "enforce"]
Unit = Literal["points", "requests"]

_MAX_CAPACITY = 1_000_000_000  # above it a double could not hold every millionth
_WRITTEN = re.compile(r"\s*(\d{1,10})\s*\+\s*(\d{1,10}(?:\.\d{1,6})?)/s\s*")
_REMEMBERED_CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class Quota:
    """A bucket's size and what it gains each second; written ``1000+50/s``."""

    capacity: int
    refill_per_second: float

    def __str__(self) -> str:
        return f"{self.capacity}+{self.refill_per_second:g}/s"


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _WRITTEN.fullmatch(value)
    if match is None:
        raise ValueError("a quota is written as 1000+50/s: 1000 at most, and 50 more each second")
    quota = Quota(int(match[1]), float(match[2]))
    if not 0 < quota.capacity <= _MAX_CAPACITY or not 0 < quota.refill_per_second <= _MAX_CAPACITY:
        raise ValueError(f"both numbers of a quota are above 0 and at most {_MAX_CAPACITY}")
    return quota


QuotaSetting = Annotated[Quota, BeforeValidator(_read)]


class RateLimitSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: RateLimitMode = Field(
        "enforce",
        description="Budgets per client: not kept, kept and only reported, or kept and enforced.",
    )
    local_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of every budget that each process grants by itself while Redis does not "
        "answer.",
    )
    key_share: float = Field(
        0.75,
        gt=0,
        le=1,
        description="Share of its owner's budget that one API key may use.",
    )
    customer_points: QuotaSetting = Field(
        Quota(2_000, 100), description="Points that one customer user may spend on operations."
    )
    customer_requests: QuotaSetting = Field(
        Quota(200, 20), description="Operations that one customer user may send."
    )
    analyst_points: QuotaSetting = Field(
        Quota(10_000, 250), description="Points that one analyst may spend."
    )
    analyst_requests: QuotaSetting = Field(
        Quota(200, 20), description="Operations that one analyst may send."
    )
    service_points: QuotaSetting = Field(
        Quota(20_000, 1_000), description="Points that one service may spend."
    )
    service_requests: QuotaSetting = Field(
        Quota(2_000, 200), description="Operations that one service may send."
    )
    admin_points: QuotaSetting = Field(
        Quota(20_000, 1_000), description="Points that one administrator may spend."
    )
    admin_requests: QuotaSetting = Field(
        Quota(500, 50), description="Operations that one administrator may send."
    )
    role_factor: int = Field(
        25,
        ge=1,
        description="All users of a role together may spend this many times what one of them may.",
    )
    address_points: QuotaSetting = Field(
        Quota(50_000, 2_500), description="Points that one IP address may spend (IPv6: one /64)."
    )
    address_requests: QuotaSetting = Field(
        Quota(2_000, 200), description="Operations that one IP address may send (IPv6: one /64)."
    )


class Policy(NamedTuple):
    """A quota by its public name; ``window_seconds`` is how long an empty bucket takes to be full."""

    name: str
    unit: Unit
    quota: Quota
    window_seconds: int


class Draws(NamedTuple):
    """The buckets that an operation draws on: first those of points, then as many of requests."""

    policies: tuple[Policy, ...]
    buckets: tuple[Bucket, ...]
    half: int

    def amounts(self, points: int, requests: int) -> tuple[int, ...]:
        return (points,) * self.half + (requests,) * self.half


class Client(NamedTuple):
    """Those properties of who asks that budgets hang on; empty where there is none."""

    user: str
    key: str
    role: Role
    address: str


def counted_as(viewer: Viewer, address: str) -> str:
    """Whose operation it is; strangers share one id, but not what each of them may do."""
    return _stranger(address) if viewer.id == ANONYMOUS else viewer.id


@lru_cache(_REMEMBERED_CLIENTS)
def _stranger(address: str) -> str:
    return f"{ANONYMOUS}:{network_of(address)}"


# The role that allows most speaks for a user with several.
_RANK = (Role.SERVICE, Role.ADMIN, Role.ANALYST, Role.CUSTOMER)


def leading_role(roles: frozenset[Role]) -> Role:
    return next((role for role in _RANK if role in roles), Role.CUSTOMER)


class Quotas:
    """The buckets of every client, by the settings."""

    def __init__(self, settings: RateLimitSettings) -> None:
        self._settings = settings
        self.draws: Callable[[Client], Draws] = lru_cache(_REMEMBERED_CLIENTS)(self._draws)

    def _draws(self, client: Client) -> Draws:
        found = [*self._of(client, "points"), *self._of(client, "requests")]
        policies, buckets = zip(*found, strict=True)
        return Draws(policies, buckets, len(found) // 2)

    def _of(self, client: Client, unit: Unit) -> Iterator[tuple[Policy, Bucket]]:
        settings = self._settings
        own: Quota = getattr(settings, f"{client.role}_{unit}")
        if client.key:
            yield _draw("key", unit, client.key, _times(own, settings.key_share))
        yield _draw("user", unit, f"{client.role}:{client.user}", own)
        yield _draw("role", unit, client.role, _times(own, settings.role_factor))
        if client.address:
            quota: Quota = getattr(settings, f"address_{unit}")
            yield _draw("address", unit, network_of(client.address), quota)


def _draw(kind: str, unit: Unit, owner: str, quota: Quota) -> tuple[Policy, Bucket]:
    rate = quota.refill_per_second
    window_seconds = ceil(quota.capacity / rate) if rate else 0
    bucket = Bucket(f"{unit}:{kind}:{owner}", quota.capacity * UNIT, round(rate * UNIT))
    return Policy(f"{unit}-{kind}", unit, quota, window_seconds), bucket


def _times(quota: Quota, factor: float) -> Quota:
    return Quota(max(1, int(quota.capacity * factor)), quota.refill_per_second * factor)


@lru_cache(_REMEMBERED_CLIENTS)
def network_of(address: str) -> str:
    """Whoever has one IPv6 address has a whole /64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return address
