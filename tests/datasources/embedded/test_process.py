"""Process: a server that does not come up says why in one sentence."""

import dataclasses
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources.embedded import redis
from datasources.embedded.data_folder import DataFolder, hold_data_folder
from datasources.embedded.errors import PortTakenError, ServerStoppedError
from datasources.embedded.process import Launch, start_server
from datasources.embedded.program import find_program
from datasources.embedded.wheel import silent


@pytest.fixture
async def folder(data_dir: Path) -> AsyncIterator[DataFolder]:
    async with hold_data_folder(data_dir, fresh=False) as folder:
        yield folder


@pytest.fixture
async def launch(folder: DataFolder) -> Launch:
    """A Redis that refuses to start, as no directive has this name."""
    program = await find_program(redis.REQUIREMENT, folder.account, silent)

    async def is_ready(process_id: int) -> bool:
        return False

    return Launch(
        name="redis",
        title="Redis",
        command=(str(program.path), "--bind", "127.0.0.1", "--port"),
        environment=program.environment,
        port=0,
        stop_signal=signal.SIGTERM,
        complaint=redis.COMPLAINT,
        is_ready=is_ready,
    )


async def test_a_port_that_stays_taken(folder: DataFolder, launch: Launch) -> None:
    ports: list[int] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        def launch_on(port: int) -> Launch:
            ports.append(port)
            return dataclasses.replace(launch, port=taken, command=(*launch.command, str(taken)))

        with pytest.raises(PortTakenError) as refusal:
            await start_server(folder, launch_on)
    assert len(ports) == 3
    assert str(refusal.value) == (
        f"Redis did not start: port {taken} of 127.0.0.1 was taken by another process."
    )


async def test_a_server_that_dies_as_it_starts(folder: DataFolder, launch: Launch) -> None:
    with pytest.raises(ServerStoppedError) as refusal:
        await start_server(
            folder,
            lambda port: dataclasses.replace(
                launch, command=(*launch.command, "1", "--no-such", "1")
            ),
        )
    assert "FATAL CONFIG FILE ERROR" in str(refusal.value)
    assert str(refusal.value).endswith(f"Its log: {folder.log('redis')}")
    assert "\n" not in str(refusal.value)


async def test_a_program_that_is_not_there(folder: DataFolder, launch: Launch) -> None:
    with pytest.raises(ServerStoppedError, match="no-such-server: No such file or directory"):
        await start_server(
            folder, lambda port: dataclasses.replace(launch, command=("/no-such-server",))
        )
