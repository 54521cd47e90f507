"""The container files, as far as they can be judged without an engine: schema, linter, and house rules."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from gateway.settings import catalogue

ROOT = Path(__file__).parent.parent
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = YAML(typ="safe").load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ONE_SHOT = {"migrate", "seed"}
STORES = {"postgres", "mongo", "redis"}


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)  # noqa: S603


def test_compose_file_is_valid() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked = _run(sys.executable, "-m", "check_jsonschema", *schema, "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout


def test_dockerfile_pleases_the_linter() -> None:
    linted = _run(str(Path(sys.executable).with_name("hadolint")), "--no-color", "Dockerfile")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_no_password_is_written_down_or_has_a_default() -> None:
    secrets = {"POSTGRES_PASSWORD", "MONGODB_PASSWORD", "REDIS_PASSWORD", "GATEWAY_CURSOR_SECRET"}
    used = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE_TEXT)
    others = {"GATEWAY_PORT", "GATEWAY_AUTH_SOURCES", "GATEWAY_AUTH_ANONYMOUS_ROLE"}
    assert {name for name, _ in used} == secrets | others
    assert {name for name, rest in used if rest.startswith(":?")} == secrets
    assert {name for name, rest in used if rest.startswith((":-", "-"))} == others
    demo = (ROOT / "deploy" / "demo.env").read_text()
    assert set(re.findall(r"^(\w+)=", demo, re.MULTILINE)) == {
        *secrets,
        "GATEWAY_AUTH_ANONYMOUS_ROLE",
    }


def test_sample_data_comes_with_the_demo_profile_alone() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items()} == {
        "postgres": None,
        "mongo": None,
        "redis": None,
        "migrate": None,
        "seed": ["demo"],
        "gateway": None,
    }
    # A second start finds the data of the first, which is no failure.
    assert SERVICES["seed"]["command"] == ["seed", "--if-empty"]


def test_each_start_waits_for_what_it_needs() -> None:
    healthy = {store: {"condition": "service_healthy"} for store in STORES}
    migrated = {**healthy, "migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == healthy
    assert SERVICES["seed"]["depends_on"] == migrated
    assert SERVICES["gateway"]["depends_on"] == migrated
    assert all(SERVICES[store]["healthcheck"]["test"] for store in STORES)


def test_stores_keep_their_data_in_named_volumes_and_publish_no_port() -> None:
    mounted = {SERVICES[store]["volumes"][0].split(":")[0] for store in STORES}
    assert mounted == set(COMPOSE["volumes"])
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"gateway"}
    assert SERVICES["gateway"]["ports"] == ["127.0.0.1:${GATEWAY_PORT:-8000}:8000"]


def test_gateway_gets_settings_that_it_knows_and_no_power() -> None:
    known = {setting.name for setting in catalogue()}
    for name in {"gateway", *ONE_SHOT}:
        assert set(SERVICES[name]["environment"]) <= known
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_every_image_is_pinned() -> None:
    images = [SERVICES[store]["image"] for store in sorted(STORES)]
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(stages) == 4
    for image in [*images, *stages]:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?", image)


def test_image_runs_as_nobody_special_and_says_whether_it_lives() -> None:
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert '    CMD ["python", "-c", ' in last
    assert "/health/live" in last
    assert last.endswith(
        'ENTRYPOINT ["gateway"]\nCMD ["serve", "--host", "0.0.0.0", "--port", "8000"]\n'
    )


def test_builder_is_sent_what_the_dockerfile_copies() -> None:
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = [source.rstrip("/") for line in lines for source in line.split()]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
    assert {source.split("/")[0] for source in sources} == sent
