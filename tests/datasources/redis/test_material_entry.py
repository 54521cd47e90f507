"""Material entry: what is written is read back exactly, whatever the numbers and times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from datasources.records import FreshnessSource, MaterialRecord
from datasources.redis.material_entry import MaterialEntry, plain
from tests.datasources.redis.catalogue import material

MEASURES = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "source": TEXTS,
        "density_g_per_cm3": MEASURES,
        "price_per_kg": MEASURES,
        "hardness_hb": st.none() | MEASURES,
        "machinability_percent": st.none() | MEASURES,
        "updated_at": MOMENTS,
    },
)


@given(CHANGES, MOMENTS, MOMENTS)
def test_an_entry_survives_redis(
    changes: dict[str, object], cached_at: datetime, fresh_until: datetime
) -> None:
    changed = cast(MaterialRecord, {**material("peek"), **changes})
    entry = MaterialEntry(changed, cached_at, fresh_until)

    decoded = MaterialEntry.decode(entry.encode())

    assert decoded == entry
    assert decoded.material is not None
    assert str(decoded.material["price_per_kg"]) == str(changed["price_per_kg"])


@given(st.binary() | st.none() | st.integers())
def test_anything_else_is_no_entry(value: object) -> None:
    assert MaterialEntry.decode(value) is None


def test_an_entry_tells_its_age_and_where_it_came_from() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    entry = MaterialEntry(material("peek"), now - timedelta(seconds=90), now)

    record = entry.record(FreshnessSource.STALE, now)

    assert record is not None
    assert record["freshness"] == {
        "source": FreshnessSource.STALE,
        "cached_at": now - timedelta(seconds=90),
        "age_seconds": 90.0,
    }
    assert not entry.is_fresh(now)
    assert entry.is_fresh(now - timedelta(seconds=1))
    early = entry.record(FreshnessSource.CACHE, now - timedelta(hours=1))
    assert early is not None
    assert early["freshness"]["age_seconds"] == 0


def test_what_a_reader_writes_into_its_record_is_read_by_nobody_else() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    text = MaterialEntry(material("peek"), now, now).encode()
    first, second = (MaterialEntry.decode(text) for _ in range(2))
    assert first is not None
    assert second is not None

    record = first.record(FreshnessSource.CACHE, now)
    assert record is not None
    record["name"] = "pom"

    for each in (first, second, MaterialEntry.decode(text)):
        assert each == MaterialEntry(material("peek"), now, now)


def test_an_unknown_material_is_no_record() -> None:
    now = datetime.now(UTC)
    entry = MaterialEntry(None, now, now)
    assert MaterialEntry.decode(entry.encode()) == entry
    assert entry.record(FreshnessSource.CACHE, now) is None


def test_only_the_columns_of_a_material_are_kept() -> None:
    wide = cast(MaterialRecord, {**material("peek"), "more": Decimal(1)})
    assert plain(wide) == material("peek")
