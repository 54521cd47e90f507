"""Reservation: how budgets stand after an operation, and when they will do for a refused one."""

from datasources.redis.rate_limit import UNIT
from gateway.pipeline.quota import Client, Draws, Quotas, RateLimitSettings
from gateway.pipeline.reservation import Reservation, Throttle, shown
from resolvers.viewer import Role

SETTINGS = RateLimitSettings.model_validate(
    {
        "customer_points": "1000+50/s",
        "customer_requests": "60+0.5/s",
        "role_factor": 10,
        "address_points": "5000+100/s",
        "address_requests": "300+30/s",
    }
)
DRAWS: Draws = Quotas(SETTINGS).draws(Client("user:1", "", Role.CUSTOMER, "192.0.2.7"))


def reservation(*levels: float, points: float = 100, granted: bool = True) -> Reservation:
    """``levels`` of user, role and address: three of points, three of requests."""
    return Reservation(
        DRAWS,
        DRAWS.amounts(round(points * UNIT), UNIT),
        granted,
        tuple(round(level * UNIT) for level in levels),
        local=False,
        share=1.0,
    )


def test_a_granted_one_shows_the_tightest_budget_of_each_unit() -> None:
    standings = reservation(900, 9_000, 350.7, 59, 7, 250).standings()

    assert [(each.policy.name, each.remaining, each.reset_seconds) for each in standings] == [
        ("points-address", 350, 47),
        ("requests-role", 7, 119),
    ]
    assert not any(each.lacking for each in standings)


def test_a_refused_one_shows_what_refused_and_when_it_will_do() -> None:
    refused = reservation(80, 9_000, 99.999999, 0.4, 100, 100, granted=False)

    assert [
        (each.policy.name, each.remaining, each.reset_seconds) for each in refused.standings()
    ] == [
        ("points-user", 80, 1),
        ("points-address", 99, 1),
        ("requests-user", 0, 2),
    ]
    assert shown(refused.standings(), enforced=True) == {
        "policies": [
            {
                "policy": "points-user",
                "unit": "points",
                "quota": 1_000,
                "windowSeconds": 20,
                "remaining": 80,
                "resetSeconds": 1,
            },
            {
                "policy": "points-address",
                "unit": "points",
                "quota": 5_000,
                "windowSeconds": 50,
                "remaining": 99,
                "resetSeconds": 1,
            },
            {
                "policy": "requests-user",
                "unit": "requests",
                "quota": 60,
                "windowSeconds": 120,
                "remaining": 0,
                "resetSeconds": 2,
            },
        ],
        "retryAfterSeconds": 2,
        "enforced": True,
    }


def test_what_was_given_back_is_seen_and_never_overflows() -> None:
    settled = reservation(950, 9_000, 4_000, 59, 100, 100).settled(80 * UNIT)

    assert settled.throttle() == Throttle(1_000, 1_000, 50)
    assert settled.standings()[0].remaining == 1_000


def test_a_budget_in_debt_shows_nothing_left() -> None:
    poor = reservation(-50, 9_000, 4_000, 59, 100, 100)

    assert poor.throttle() == Throttle(1_000, 0, 50)
    assert (poor.standings()[0].remaining, poor.standings()[0].reset_seconds) == (0, 21)


def test_while_redis_is_away_the_share_is_what_counts() -> None:
    away = Reservation(
        DRAWS,
        DRAWS.amounts(800 * UNIT, UNIT),
        False,
        tuple(level * UNIT for level in (100, 5_000, 2_500, 30, 300, 150)),
        local=True,
        share=0.5,
    )

    [standing] = away.standings()
    assert (standing.policy.name, standing.remaining) == ("points-user", 100)
    assert standing.reset_seconds == 16  # until its 500 are there, at 25 a second
    assert away.throttle() == Throttle(500, 100, 25)
