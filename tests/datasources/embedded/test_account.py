"""Account: servers run without privileges, whoever starts them."""

import asyncio
import os
import pwd
import shutil
import sys
from pathlib import Path

from datasources.embedded import mongodb, postgresql, redis
from datasources.embedded.account import Account, choose_account
from datasources.embedded.cluster import embedded_stores
from datasources.embedded.program import find_program
from datasources.embedded.wheel import silent
from tests.datasources.embedded import runner
from tests.datasources.embedded.conftest import ROOT

ORDINARY = pwd.getpwnam("nobody")


async def test_no_server_is_root(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        processes = [process.process_id for process in stores.processes.values()]
        owners = {Path(f"/proc/{process_id}").stat().st_uid for process_id in processes}
        folder_owner = data_dir.stat().st_uid
    assert owners == {folder_owner}
    assert folder_owner == (os.geteuid() or folder_owner) != 0


def test_root_runs_servers_as_the_owner_of_the_data(data_dir: Path) -> None:
    if os.geteuid() == 0:
        os.chown(data_dir, ORDINARY.pw_uid, ORDINARY.pw_gid)
        assert choose_account(data_dir) == Account(ORDINARY.pw_uid, ORDINARY.pw_gid)
    else:
        assert choose_account(data_dir) == Account()


async def test_an_ordinary_user_starts_and_stops_them(data_dir: Path) -> None:
    """In a process of that user, whose interpreter and servers must not be root's alone."""
    user = Account() if os.geteuid() else Account(ORDINARY.pw_uid, ORDINARY.pw_gid)
    (data_dir / "bin").mkdir()
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    for part in (postgresql, mongodb, redis):
        program = await find_program(part.REQUIREMENT, user, silent)
        (data_dir / "bin" / part.REQUIREMENT.executable).symlink_to(program.path)
        environment.update(program.environment)
    environment["PATH"] = str(data_dir / "bin")
    user.give(data_dir, 0o755)
    python = next(
        path
        for path in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin"))
        if path and user.run(["/bin/sh", "-c", f"test -x {path}"], Path("/")).returncode == 0
    )
    process = await asyncio.create_subprocess_exec(
        *(python, runner.__file__, str(data_dir / "stores")),
        env=environment,
        user=user.user_id,
        group=user.group_id,
        extra_groups=user.extra_groups,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"postgresql" in await process.stdout.readline(), await process.stderr.read()
    owner = (data_dir / "stores").stat().st_uid
    process.terminate()
    _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    assert owner == (ORDINARY.pw_uid if os.geteuid() == 0 else os.geteuid())
