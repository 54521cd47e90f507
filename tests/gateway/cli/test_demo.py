"""gateway demo: one command from nothing to a graph over three stores, and back to nothing."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from datasources.embedded.leftover import recorded_process
from tests.gateway.server import PATIENCE_SECONDS, ServerName

SCALE = "0.005"
QUERY = """{
  calculations(first: 1) {
    nodes { customer { companyName } materialProperties { name freshness { source } trends { count } } }
  }
}"""


@dataclass
class Demo:
    """A demo in a process of its own; ``lines`` is what it has printed so far."""

    process: asyncio.subprocess.Process
    data_dir: Path
    lines: list[str] = field(default_factory=list)

    async def read_until_ready(self) -> str:
        """Its address."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip())
            if self.lines[-1].startswith("ready: "):
                return self.lines[-1].removeprefix("ready: ")
        raise AssertionError(await self.read_to_end())

    async def read_to_end(self) -> tuple[int | None, str]:
        """Its exit code and what it complained of."""
        rest, complaints = await self.process.communicate()
        self.lines += rest.decode().splitlines()
        return self.process.returncode, complaints.decode()

    async def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int | None, str]:
        self.process.send_signal(number)
        return await self.read_to_end()

    def keys(self) -> dict[str, str]:
        """The ready keys that it printed, by role."""
        lines = [line.split() for line in self.lines if " pgw_" in line]
        return {words[0]: words[1] for words in lines}

    def servers(self) -> list[int | None]:
        """The process ids of the stores that run."""
        names = ("postgresql", "mongodb", "redis")
        return [recorded_process(self.data_dir / f"{name}.process") for name in names]


StartDemo = Callable[..., Awaitable[Demo]]


@pytest.fixture
async def start_demo(data_dir: Path) -> AsyncIterator[StartDemo]:
    started: list[asyncio.subprocess.Process] = []

    async def start(*options: str, port: int = 0, **environment: str) -> Demo:
        own = {name: value for name, value in os.environ.items() if "GATEWAY" not in name}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from gateway.cli import main; main()", "demo"),
            *("--port", str(port), "--data-dir", str(data_dir), *options),
            env=own | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return Demo(process, data_dir)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ask(url: str, query: str = QUERY) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
        answer = await client.post("/graphql", json={"query": query})
    result: dict[str, Any] = answer.json()
    return result


async def until_available(url: str, *expected: bool) -> None:
    """A store that does not answer within a second is not available, or the machine is busy."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await ask(url, "{ stores { available } }")
            if [store["available"] for store in answer["data"]["stores"]] == [*expected]:
                return


@pytest.mark.parametrize(
    ("number", "server"),
    [
        (signal.SIGINT, "uvicorn"),
        (signal.SIGTERM, "uvicorn"),
        (signal.SIGINT, "granian-asgi"),
        (signal.SIGTERM, "granian-rsgi"),
    ],
)
async def test_serves_from_three_stores_until_it_is_stopped(
    start_demo: StartDemo, number: signal.Signals, server: ServerName
) -> None:
    name, _, interface = server.partition("-")
    options = ("--server", name, *(("--interface", interface) if interface else ()))
    demo = await start_demo("--scale", SCALE, *options, GATEWAY_WORKERS="3")
    url = await demo.read_until_ready()
    answer = await ask(url)
    await until_available(url, True, True, True)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
        served_by = (await client.get("/health/live")).headers.get("server", "uvicorn")
    assert served_by == name
    assert "GATEWAY_WORKERS is 3, but the demo serves with one process alone" in demo.lines
    assert None not in demo.servers()
    assert (await demo.stop(number))[0] == 0
    assert demo.servers() == [None, None, None]
    assert [line[:6] for line in demo.lines].count("ready:") == 1
    assert "errors" not in answer
    calculation = answer["data"]["calculations"]["nodes"][0]
    assert calculation["customer"]["companyName"]
    assert calculation["materialProperties"]["freshness"]["source"] == "DATABASE"
    assert calculation["materialProperties"]["trends"]


async def test_other_commands_find_its_stores_while_it_runs(
    start_demo: StartDemo, data_dir: Path
) -> None:
    demo = await start_demo("--scale", SCALE)
    await demo.read_until_ready()
    environment = data_dir / "demo.env"
    assert f"Other commands find these stores after: set -a; . {environment}; set +a" in demo.lines
    assert environment.stat().st_mode & 0o777 == 0o600
    program = f"{sys.executable} -c 'from gateway.cli import main; main()'"
    asked = await asyncio.create_subprocess_exec(
        "sh", "-c", f"set -a; . {environment}; set +a; exec {program} key list"
    )
    assert await asked.wait() == 0
    await demo.stop()
    assert not environment.exists()


async def test_sample_data_is_made_once(start_demo: StartDemo, data_dir: Path) -> None:
    first = await start_demo("--scale", SCALE)
    before = await ask(await first.read_until_ready())
    stamp = (data_dir / "sample.json").read_text()
    await first.stop()
    second = await start_demo()
    after = await ask(await second.read_until_ready())
    await second.stop()
    assert (data_dir / "sample.json").read_text() == stamp
    assert [each.get("errors") for each in (before, after)] == [None, None]
    customers = [each["data"]["calculations"]["nodes"][0]["customer"] for each in (before, after)]
    assert customers[0] == customers[1]
    assert first.keys() == second.keys()


async def test_each_role_has_a_key_and_strangers_are_admins(start_demo: StartDemo) -> None:
    demo = await start_demo("--scale", SCALE)
    url = await demo.read_until_ready()
    query = {"query": "{ viewer { roles } customers { totalCount } }"}
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
        answers = {
            role: (await client.post("/graphql", json=query, headers=headers)).json()["data"]
            for role, headers in {
                **{role: {"x-api-key": key} for role, key in demo.keys().items()},
                "stranger": {},
            }.items()
        }
    await demo.stop()

    assert {role: answer["viewer"]["roles"] for role, answer in answers.items()} == {
        **{role: [role.upper()] for role in ("customer", "analyst", "service", "admin")},
        "stranger": ["ADMIN"],
    }
    seen = {role: answer["customers"]["totalCount"] for role, answer in answers.items()}
    assert (seen["customer"], seen["analyst"]) == (1, seen["stranger"])
    assert seen["stranger"] > 1


async def test_a_demo_listens_on_this_machine_only(start_demo: StartDemo, data_dir: Path) -> None:
    demo = await start_demo("--host", "0.0.0.0")  # noqa: S104
    code, complaint = await demo.read_to_end()
    assert code == 2
    assert complaint.startswith("gateway: GATEWAY_HOST is '0.0.0.0', but `gateway demo`")
    assert list(data_dir.iterdir()) == []


async def test_another_scale_needs_a_fresh_start(start_demo: StartDemo, data_dir: Path) -> None:
    first = await start_demo("--scale", SCALE)
    await first.read_until_ready()
    await first.stop()
    refused = await start_demo("--scale", "0.01")
    assert await refused.read_to_end() == (
        1,
        f"gateway: The data folder {data_dir} holds sample data of scale 0.005: start with --fresh "
        "for another scale, or choose another --data-dir.\n",
    )
    assert refused.servers() == [None, None, None]
    fresh = await start_demo("--scale", "0.01", "--fresh")
    await fresh.read_until_ready()
    await fresh.stop()
    assert json.loads((data_dir / "sample.json").read_text())["scale"] == 0.01


async def test_a_load_that_was_cut_short_is_begun_again(
    start_demo: StartDemo, data_dir: Path
) -> None:
    first = await start_demo("--scale", SCALE)
    await first.read_until_ready()
    first.process.kill()
    await first.read_to_end()
    (data_dir / "sample.json").unlink()
    second = await start_demo("--scale", SCALE)
    answer = await ask(await second.read_until_ready())
    assert (await second.stop())[0] == 0
    assert "errors" not in answer


async def test_a_taken_port_is_said_before_anything_starts(
    start_demo: StartDemo, data_dir: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        demo = await start_demo(port=port)
        refusal = await demo.read_to_end()
    assert refusal == (
        1,
        f"gateway: Cannot listen on 127.0.0.1 port {port} (another process listens there): "
        "choose another with --port or --host.\n",
    )
    assert demo.lines == []
    assert list(data_dir.iterdir()) == []


async def test_a_wrong_setting_is_said_before_anything_starts(
    start_demo: StartDemo, data_dir: Path
) -> None:
    demo = await start_demo(GATEWAY_DEADLINE_SECONDS="soon")
    code, complaint = await demo.read_to_end()
    assert code == 2
    assert complaint.startswith("gateway: GATEWAY_DEADLINE_SECONDS is 'soon', but")
    assert list(data_dir.iterdir()) == []


async def test_a_store_that_dies_is_reported_and_the_others_answer(start_demo: StartDemo) -> None:
    demo = await start_demo("--scale", SCALE)
    url = await demo.read_until_ready()
    redis = demo.servers()[2]
    assert redis is not None
    os.kill(redis, signal.SIGKILL)
    assert demo.process.stderr is not None
    complaint = f"gateway: Redis (process {redis}) has stopped: "
    async for line in demo.process.stderr:
        if line.decode().startswith(complaint):
            break
    else:
        raise AssertionError("the end of Redis was not reported")
    answer = await ask(url)
    await until_available(url, True, True, False)
    await demo.stop()
    assert answer["data"]["calculations"]["nodes"][0]["customer"]["companyName"]
