"""Rate limit headers: how a client's budgets stand, as structured fields.

Source: draft-ietf-httpapi-ratelimit-headers-11, still a draft; RFC 9651 (structured fields). The draft
registers no unit for the cost of an operation, so budgets of points carry a parameter of our own.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from gateway.pipeline.quota import Policy
from gateway.pipeline.reservation import Standing


def rate_limit_headers(
    standings: Sequence[Standing], retry_after_seconds: int | None
) -> Iterator[tuple[str, str]]:
    if standings:
        yield "ratelimit-policy", ", ".join(_policy(each.policy) for each in standings)
        yield "ratelimit", ", ".join(map(_standing, standings))
    if retry_after_seconds is not None:
        yield "retry-after", str(retry_after_seconds)


@lru_cache(maxsize=256)
def _policy(policy: Policy) -> str:
    window = f";w={policy.window_seconds}" if policy.window_seconds else ""
    unit = ';gateway-unit="points"' if policy.unit == "points" else ""
    return f'"{policy.name}";q={policy.quota.capacity}{window}{unit}'


def _standing(standing: Standing) -> str:
    return f'"{standing.policy.name}";r={standing.remaining};t={standing.reset_seconds}'
