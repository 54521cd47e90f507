"""Settings: what the environment may say, and how a wrong word is answered."""

from pathlib import Path

import pytest

from gateway.settings import SettingsError, catalogue, load_settings

NEEDED = {
    "POSTGRES_URL": "postgresql://gateway:secret-a@127.0.0.1:5432/pricing",
    "MONGODB_URL": "mongodb://gateway:secret-b@127.0.0.1:27017/pricing",
    "REDIS_URL": "redis://:secret-c@127.0.0.1:6379",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what is needed is set, and there is no file .env."""
    monkeypatch.chdir(tmp_path)
    for setting in catalogue():
        monkeypatch.delenv(setting.name, raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def problems() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.problems


def test_the_urls_are_enough() -> None:
    settings = load_settings()

    assert settings.postgres.url == NEEDED["POSTGRES_URL"]
    assert settings.mongodb.database == "pricing"
    assert (settings.port, settings.http.status_rules) == (8000, "strict-2026")


def test_every_part_reads_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "9000")
    monkeypatch.setenv("GATEWAY_HTTP_STATUS_RULES", "legacy")
    monkeypatch.setenv("GATEWAY_POSTGRES_POOL_MAX_SIZE", "7")
    monkeypatch.setenv("GATEWAY_MONGODB_DRIVER", "motor")
    monkeypatch.setenv("GATEWAY_LIMITS_MAX_PAGE_SIZE", "1000")
    monkeypatch.setenv("GATEWAY_DOCUMENT_MAX_TOKENS", "")

    settings = load_settings()

    assert (settings.port, settings.http.status_rules) == (9000, "legacy")
    assert (settings.postgres.pool_max_size, settings.mongodb.driver) == (7, "motor")
    assert (settings.limits.max_page_size, settings.document.max_tokens) == (1000, 15_000)


def test_a_file_names_settings_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("GATEWAY_PORT=9001\nGATEWAY_WORKERS=3\n")
    monkeypatch.setenv("GATEWAY_PORT", "9002")

    settings = load_settings()

    assert (settings.port, settings.workers) == (9002, 3)


def test_given_values_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "9002")
    monkeypatch.setenv("GATEWAY_POSTGRES_POOL_MAX_SIZE", "7")

    settings = load_settings(port=9003, postgres={"url": "postgresql://a@127.0.0.1/other"})

    assert (settings.port, settings.postgres.pool_max_size) == (9003, 7)
    assert settings.postgres.url == "postgresql://a@127.0.0.1/other"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTGRES_URL")
    monkeypatch.delenv("REDIS_URL")

    missing = problems()

    assert [problem.split(" is not set")[0] for problem in missing] == ["POSTGRES_URL", "REDIS_URL"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("GATEWAY_PROT", "did you mean GATEWAY_PORT?"),
        ("GATEWAY_MONGO_DRIVER", "did you mean GATEWAY_MONGODB_DRIVER?"),
        ("GATEWAY_QUXXYZZY_WJKV_QQ", "see .env.example for those there are."),
    ],
)
def test_an_unknown_name_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "1")

    assert problems() == [f"{name} is not a setting; {hint}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PORT", "http"),
        ("GATEWAY_PORT", "70000"),
        ("GATEWAY_HTTP_STATUS_RULES", "strict"),
        ("GATEWAY_DEADLINE_SECONDS", "0"),
        ("GATEWAY_CONSOLE", "yes"),
        ("GATEWAY_LOG_LEVEL", "loud"),
        ("GATEWAY_POSTGRES_TIMEOUT_SECONDS", "-1"),
        ("GATEWAY_REDIS_MATERIAL_TTL_JITTER", "2"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    [problem] = problems()

    assert problem.startswith(f"{name} is '{value}', but: Input should be ")
    assert "Default: " in problem


def test_page_sizes_must_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_LIMITS_DEFAULT_PAGE_SIZE", "101")

    [problem] = problems()

    assert problem == "The settings: the default page size is larger than the largest one."


def test_settings_that_do_not_fit_together_are_named_as_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWAY_POSTGRES_POOL_MIN_SIZE", "11")

    assert problems() == [
        "GATEWAY_POSTGRES_POOL_MIN_SIZE must not be above GATEWAY_POSTGRES_POOL_MAX_SIZE."
    ]


@pytest.mark.parametrize(
    "name", ["GATEWAY_CURSOR_SECRET", "POSTGRES_URL", "MONGODB_URL", "REDIS_URL"]
)
def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter2")

    [problem] = problems()

    assert problem.startswith(f"{name}: ")
    assert "hunter2" not in problem
    assert "Value error" not in problem


def test_printing_settings_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CURSOR_SECRET", "secret-d" * 8)

    assert "secret-" not in repr(load_settings())
