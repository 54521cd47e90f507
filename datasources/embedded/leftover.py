"""Leftover: a server of an earlier run that was killed before it could stop it."""

import json
import os
import signal
import subprocess
from pathlib import Path


def birth(process_id: int) -> str | None:
    """What tells a process from a later one of the same id; None when there is none.

    Linux: this boot and the clock tick of the start (proc(5), /proc/pid/stat, field 22); elsewhere what
    ps(1) says.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        answer = subprocess.run(  # noqa: S603
            ["/bin/ps", "-o", "lstart=", "-p", str(process_id)],
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.stdout.strip() or None
    try:
        state, *fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else f"{boot} {fields[18]}"


def record_process(path: Path, process_id: int) -> None:
    """Written beside and moved in place: a record is whole or absent."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.write_text(json.dumps({"process_id": process_id, "birth": birth(process_id)}))
    draft.replace(path)


def recorded_process(path: Path) -> int | None:
    """The recorded process if that very one still runs."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or not isinstance(process_id := record.get("process_id"), int):
        return None
    return process_id if record.get("birth") == birth(process_id) is not None else None


def signal_recorded(path: Path, *numbers: signal.Signals) -> None:
    """Signals the recorded process, and never another."""
    process_id = recorded_process(path)
    if process_id is None:
        return
    for number in numbers:
        try:
            os.kill(process_id, number)
        except ProcessLookupError:
            return
