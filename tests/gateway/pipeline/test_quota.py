"""Quota: how a budget is written, and which buckets an operation draws on."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from datasources.redis.rate_limit import UNIT
from gateway.pipeline.quota import Client, Quota, Quotas, RateLimitSettings, leading_role
from resolvers.viewer import Role

SETTINGS = RateLimitSettings.model_validate(
    {
        "customer_points": "1000+50/s",
        "customer_requests": "60+0.5/s",
        "role_factor": 10,
        "key_share": 0.5,
        "address_points": "5000+100/s",
        "address_requests": "300+30/s",
    }
)


def test_a_quota_is_read_as_it_is_written() -> None:
    assert SETTINGS.customer_points == Quota(1_000, 50)
    assert str(SETTINGS.customer_requests) == "60+0.5/s"
    for field in RateLimitSettings.model_fields.values():
        if isinstance(field.default, Quota):
            settings = RateLimitSettings.model_validate({"admin_points": str(field.default)})
            assert settings.admin_points == field.default


@pytest.mark.parametrize(
    "text",
    ["", "1000", "1000+50", "1000/s", "-1+5/s", "0+5/s", "5+0/s", "2000000000+5/s", "1e3+1/s"],
)
def test_other_writing_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="quota"):
        RateLimitSettings.model_validate({"customer_points": text})


def test_an_operation_draws_on_key_user_role_and_address_in_both_units() -> None:
    draws = Quotas(SETTINGS).draws(Client("user:1", "key:a", Role.CUSTOMER, "192.0.2.7"))

    assert [
        (policy.name, bucket.key, bucket.capacity // UNIT, bucket.refill / UNIT)
        for policy, bucket in zip(draws.policies, draws.buckets, strict=True)
    ] == [
        ("points-key", "points:key:key:a", 500, 25),
        ("points-user", "points:user:customer:user:1", 1_000, 50),
        ("points-role", "points:role:customer", 10_000, 500),
        ("points-address", "points:address:192.0.2.7", 5_000, 100),
        ("requests-key", "requests:key:key:a", 30, 0.25),
        ("requests-user", "requests:user:customer:user:1", 60, 0.5),
        ("requests-role", "requests:role:customer", 600, 5),
        ("requests-address", "requests:address:192.0.2.7", 300, 30),
    ]
    assert [policy.window_seconds for policy in draws.policies[:2]] == [20, 20]
    assert draws.amounts(7, 1) == (7, 7, 7, 7, 1, 1, 1, 1)


def test_without_key_or_address_there_is_no_bucket_of_them() -> None:
    draws = Quotas(SETTINGS).draws(Client("user:1", "", Role.CUSTOMER, ""))

    assert [policy.name for policy in draws.policies] == [
        "points-user",
        "points-role",
        "requests-user",
        "requests-role",
    ]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_whoever_has_an_ipv6_address_has_its_network(address: str, network: str) -> None:
    draws = Quotas(SETTINGS).draws(Client("user:1", "", Role.CUSTOMER, address))

    assert draws.buckets[2].key == f"points:address:{network}"


def test_of_several_roles_the_most_generous_counts() -> None:
    assert leading_role(frozenset({Role.CUSTOMER, Role.ANALYST})) is Role.ANALYST
    assert leading_role(frozenset(Role)) is Role.SERVICE
    assert leading_role(frozenset()) is Role.CUSTOMER


def test_the_documentation_lists_the_defaults() -> None:
    text = (Path(__file__).parents[3] / "docs" / "budgets.md").read_text()

    for name, field in RateLimitSettings.model_fields.items():
        if isinstance(field.default, Quota):
            [row] = [line for line in text.splitlines() if f"`{name.upper()}`" in line]
            assert f" {field.default} " in row, name
