"""Leftover: only the very process that was recorded is ever signalled."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasources.embedded.leftover import (
    birth,
    record_process,
    recorded_process,
    signal_recorded,
)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        yield process


def test_the_recorded_process_is_signalled(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record_process(tmp_path / "record", stranger.pid)
    assert recorded_process(tmp_path / "record") == stranger.pid
    signal_recorded(tmp_path / "record", signal.SIGTERM)
    assert stranger.wait() == -signal.SIGTERM
    assert recorded_process(tmp_path / "record") is None


def test_a_later_process_of_the_same_id_is_let_be(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "record"
    record.write_text(json.dumps({"process_id": stranger.pid, "birth": birth(os.getpid())}))
    signal_recorded(record, signal.SIGKILL)
    stranger.communicate()
    assert stranger.returncode == 0


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '{"process_id": "1"}', "{", '{"process_id": 1}']
)
def test_a_damaged_record_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text)
    assert recorded_process(tmp_path / "record") is None
