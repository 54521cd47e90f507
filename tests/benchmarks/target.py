"""Target: the servers that are compared, and how each is started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tests.benchmarks.workload import Workload

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = HERE / "targets" / "node"

Kind = Literal["ours", "ceiling", "peer"]
Front = Literal["ASGI", "RSGI", "Node"]

# What the peers do not do is not done here: budgets, kept answers, limits, the audit line, the log line, nor
# work shared between requests.
_ALIKE = {
    "GATEWAY_AUTH_SOURCES": "api-key",
    "GATEWAY_AUTH_ANONYMOUS_ROLE": "admin",
    "GATEWAY_AUDIT_ENABLED": "false",
    "GATEWAY_RATE_LIMIT": "off",
    "GATEWAY_RESPONSE_CACHE": "off",
    "GATEWAY_SHARE_OPERATIONS": "off",
    "GATEWAY_MERGE_BATCHES": "off",
    "GATEWAY_OPERATION_LIMIT": "off",
    "GATEWAY_CONCURRENCY_PER_CLIENT": "200",
    "GATEWAY_COST_SHOWN": "false",
    "GATEWAY_RELAY": "off",
    "GATEWAY_LOG_LEVEL": "warning",
    "GATEWAY_LIMITS_MAX_PAGE_SIZE": "1000",
    "GATEWAY_CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
}
_CEILING = "tests.benchmarks.targets.ceiling"


@dataclass(frozen=True, slots=True)
class Target:
    """A server that takes its port as the last argument, or from PORT."""

    name: str
    kind: Kind
    front: Front
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    queries: Path | None = None  # its own, where it made its schema of the tables

    def knows(self, workload: Workload) -> bool:
        return self.queries is None or (self.queries / f"{workload.name}.graphql").exists()

    def bodies(self, workload: Workload) -> list[str]:
        """One request for each set of variables."""
        if self.queries is None:
            return workload.bodies()
        text = (self.queries / f"{workload.name}.graphql").read_text(encoding="utf-8")
        return workload.bodies(text, rows=True)

    def started_on(self, port: int) -> tuple[str, ...]:
        return self.command if self.front == "Node" else (*self.command, str(port))


def _ours(name: str, server: Literal["uvicorn", "granian"], **settings: str) -> Target:
    front: Front = "RSGI" if server == "granian" else "ASGI"
    command = (_script("gateway"), "serve", "--server", server, "--port")
    return Target(name, "ours", front, command, {**_ALIKE, **settings})


def _peer(name: str, file: str) -> Target:
    return Target(name, "peer", "Node", ("node", file), {"NODE_ENV": "production"})


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


TARGETS = {
    "uvicorn": _ours("ours, uvicorn", "uvicorn"),
    "granian": _ours("ours, granian rsgi", "granian", GATEWAY_GRANIAN_INTERFACE="rsgi"),
    "standard": _ours("ours, standard executor", "uvicorn", GATEWAY_ENGINE="standard"),
    "shared": _ours("ours, reads shared", "uvicorn", GATEWAY_SHARE_OPERATIONS="on"),
    "merged": _ours("ours, batches merged", "uvicorn", GATEWAY_MERGE_BATCHES="on"),
    "granian-merged": _ours(
        "ours, granian rsgi, batches merged",
        "granian",
        GATEWAY_GRANIAN_INTERFACE="rsgi",
        GATEWAY_MERGE_BATCHES="on",
    ),
    "bare-uvicorn": Target(
        "bare, uvicorn",
        "ceiling",
        "ASGI",
        (
            *(_script("uvicorn"), f"{_CEILING}:app", "--no-access-log", "--log-level", "warning"),
            *("--no-proxy-headers", "--port"),
        ),
    ),
    "bare-granian": Target(
        "bare, granian rsgi",
        "ceiling",
        "RSGI",
        (
            *(_script("granian"), f"{_CEILING}:rsgi", "--interface", "rsgi", "--no-ws"),
            *("--http", "1", "--log-level", "warning", "--port"),
        ),
    ),
    "mercurius": _peer("Mercurius", "mercurius.mjs"),
    "yoga": _peer("GraphQL Yoga", "yoga.mjs"),
    "apollo": _peer("Apollo Server", "apollo.mjs"),
    "postgraphile": replace(
        _peer("PostGraphile", "postgraphile.mjs"), queries=HERE / "targets" / "postgraphile"
    ),
}
