"""Settings: the sole reader of the environment; composes the settings that each part declares.

POSTGRES_URL, MONGODB_URL and REDIS_URL name the stores; every other name is GATEWAY_ and the setting's
path here, as in GATEWAY_POSTGRES_POOL_MAX_SIZE. A file .env may hold the same names; the environment wins.
"""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from datasources.mongo.settings import MongoSettings
from datasources.postgres.settings import PostgresSettings
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.settings import RedisSettings
from datasources.relay.settings import RelaySettings
from gateway.auth.settings import AuthSettings
from gateway.pipeline.concurrency import ConcurrencySettings
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.explain_settings import ExplainSettings
from gateway.pipeline.operation_limits import OperationLimitSettings
from gateway.pipeline.persisted_settings import PersistedSettings
from gateway.pipeline.quota import RateLimitSettings
from gateway.pipeline.subscription_settings import SubscriptionSettings
from gateway.telemetry.audit import AuditSettings
from gateway.telemetry.logs import LogSettings
from gateway.transport.console import ConsoleMode
from gateway.transport.roster import ConnectionSettings
from gateway.transport.settings import HttpSettings
from resolvers.limits import Limits

_URL_NAMES = {"postgres": "POSTGRES_URL", "mongodb": "MONGODB_URL", "redis": "REDIS_URL"}
_UNSIGNED = (
    "GATEWAY_CURSOR_SECRET is not set. It signs cursors: at least 32 characters, secret, and the same in "
    "every process; `openssl rand -hex 32` makes one."
)
# Read by `gateway events` and by the script dev.
_NAMES_OF_OTHERS = frozenset({"GATEWAY_API_KEY", "GATEWAY_VENV"})


def _there(path: Path) -> Path:
    if not path.exists():
        raise ValueError("there is no such file or folder")
    return path


class SettingsError(Exception):
    """Settings that cannot be started with: one sentence for each, with its name and what is right."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    postgres: PostgresSettings
    mongodb: MongoSettings
    redis: RedisSettings
    host: str = Field("127.0.0.1", description="Address that the gateway listens on.")
    port: int = Field(
        8000, ge=0, le=65535, description="Port that it listens on; 0 takes a free one."
    )
    workers: int = Field(1, ge=1, description="Processes that serve.")
    server: Literal["uvicorn", "granian"] = Field(
        "uvicorn", description="Server that `gateway serve` runs on."
    )
    granian_interface: Literal["asgi", "rsgi"] = Field(
        "asgi",
        description="What Granian speaks with the gateway; rsgi takes less time for a request, and has "
        "no WebSockets.",
    )
    keep_alive_seconds: int = Field(
        15,
        ge=1,
        description="Seconds that an idle connection of a client is kept open, and that the head of a "
        "request may take.",
    )
    shutdown_seconds: int = Field(
        15, ge=1, description="Seconds that operations under way may still take after SIGTERM."
    )
    cursor_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret that signs cursors, the same in every process; at least 32 characters. "
        "Needed to serve.",
    )
    deadline_seconds: float = Field(
        10, gt=0, description="Seconds after which an operation is stopped and answered as late."
    )
    variable_max_depth: int = Field(
        32, ge=1, description="Levels that lists and objects in the variables may be nested."
    )
    warm_up: Annotated[Path, AfterValidator(_there)] | None = Field(
        None,
        description="File or folder of documents (*.graphql) that are checked and planned at the start.",
    )
    cost_shown: bool = Field(
        True, description="Whether answers say in extensions.cost what they cost."
    )
    engine: Literal["breadth-first", "standard"] = Field(
        "breadth-first",
        description="How operations run: all objects of a level at once, or one after the other as "
        "graphql-core does it.",
    )
    fold: Literal["on", "off"] = Field(
        "on",
        description="Whether PostgreSQL writes the JSON of what lives in it alone; needs the "
        "breadth-first engine.",
    )
    share_operations: Literal["on", "off"] = Field(
        "on",
        description="Whether equal reads that are under way at the same time are run once for all.",
    )
    merge_batches: Literal["on", "off"] = Field(
        "on",
        description="Whether equal reads by key of operations that run at the same time reach their store "
        "as one call.",
    )
    console: ConsoleMode = Field(
        "self-hosted",
        description="The console at /: from this host, from a public CDN where it was not built, or none.",
    )
    data_dir: Path = Field(
        Path(".data"), description="Folder of the servers that `gateway demo` starts."
    )
    auth: AuthSettings = Field(default_factory=AuthSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    document: DocumentSettings = Field(default_factory=DocumentSettings)
    persisted: PersistedSettings = Field(default_factory=PersistedSettings)
    limits: Limits = Field(default_factory=Limits)
    operation_limit: OperationLimitSettings = Field(default_factory=OperationLimitSettings)
    relay: RelaySettings = Field(default_factory=RelaySettings)
    explain: ExplainSettings = Field(default_factory=ExplainSettings)
    response_cache: ResponseCacheSettings = Field(default_factory=ResponseCacheSettings)
    rate_limit: RateLimitSettings = Field(default_factory=RateLimitSettings)
    concurrency: ConcurrencySettings = Field(default_factory=ConcurrencySettings)
    connection: ConnectionSettings = Field(default_factory=ConnectionSettings)
    subscription: SubscriptionSettings = Field(default_factory=SubscriptionSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)

    @model_validator(mode="after")
    def _check_page_sizes(self) -> Self:
        if self.limits.default_page_size > self.limits.max_page_size:
            raise ValueError("the default page size is larger than the largest one")
        return self

    @model_validator(mode="after")
    def _check_ends(self) -> Self:
        if self.connection.drain_seconds >= self.shutdown_seconds:
            raise ValueError(
                "GATEWAY_CONNECTION_DRAIN_SECONDS must be below GATEWAY_SHUTDOWN_SECONDS"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls)


class Setting(NamedTuple):
    """One setting as a person sets it."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def required(self) -> bool:
        return self.field.is_required()

    @property
    def default(self) -> object:
        found = self.field.default
        if isinstance(found, tuple):
            return ",".join(found) or None
        return None if found is PydanticUndefined else found

    @property
    def secret(self) -> bool:
        return self.path[-1] in ("url", "cursor_secret")


def catalogue() -> list[Setting]:
    """Every setting there is, in the order in which they are declared."""
    found = []
    for name, field in Settings.model_fields.items():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            for inner, inner_field in part.model_fields.items():
                own = f"GATEWAY_{name}{'' if inner == 'mode' else f'_{inner}'}".upper()
                shown = _URL_NAMES[name] if inner == "url" else own
                found.append(Setting(shown, (name, inner), inner_field))
        else:
            found.append(Setting(f"GATEWAY_{name}".upper(), (name,), field))
    return found


def load_settings(*, to_serve: bool = False, **given: Any) -> Settings:
    """The settings of this process; ``given`` wins over the environment.

    Raises :class:`SettingsError`, which names all that is wrong, and also all that is missing ``to_serve``.
    """
    problems = _unknown(_variables())
    try:
        settings = Settings(**given)
    except ValidationError as error:
        known = {setting.path: setting for setting in catalogue()}
        problems += [_problem(detail, known) for detail in error.errors(include_url=False)]
        missing = _missing_from({**_environment(), **given})
    else:
        missing = _missing(settings.cursor_secret, settings.auth)
    if problems := problems + (missing if to_serve else []):
        raise SettingsError(problems)
    return settings


def listening_address() -> tuple[str, str]:
    """Host and port that a gateway of this environment listens on; nothing else need be set, nor right."""
    values = _environment()
    host, port = (
        values.get(name, Settings.model_fields[name].default) for name in ("host", "port")
    )
    return str(host), str(port)


def serving_secret(settings: Settings) -> bytes:
    """What signs cursors. Raises :class:`SettingsError`, which names all that is missing to serve."""
    secret = settings.cursor_secret
    missing = _missing(secret, settings.auth)
    if secret is None or missing:
        raise SettingsError(missing)
    return secret.get_secret_value().encode()


def _missing(secret: object, auth: AuthSettings) -> list[str]:
    """What is missing to serve."""
    return [*([] if secret else [_UNSIGNED]), *auth.problems()]


def _missing_from(values: Mapping[str, Any]) -> list[str]:
    """The same of values some of which are wrong, as far as it can be known."""
    secret = values.get("cursor_secret")
    try:
        return _missing(secret, AuthSettings(**values.get("auth", {})))
    except ValidationError:
        return [] if secret else [_UNSIGNED]


class _Environment(PydanticBaseSettingsSource):
    def __call__(self) -> dict[str, Any]:
        return _environment()

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False


def _environment() -> dict[str, Any]:
    """Environment variables and the file .env, as nested values; unset and empty mean the default."""
    variables = _variables()
    values: dict[str, Any] = {part: {} for part in _URL_NAMES}
    for setting in catalogue():
        if value := variables.get(setting.name):
            *parts, last = setting.path
            place = values.setdefault(parts[0], {}) if parts else values
            place[last] = value
    return values


def _variables() -> dict[str, str | None]:
    return {**dotenv_values(".env"), **os.environ}


def _unknown(variables: Mapping[str, object]) -> list[str]:
    settings = {setting.name: setting for setting in catalogue()}
    known = settings.keys() | _NAMES_OF_OTHERS
    problems = []
    for name in sorted(variables):
        if name.startswith("GATEWAY_") and name not in known:
            longer = [each for each in settings if each.startswith(f"{name}_")]
            near = longer or get_close_matches(name, settings, n=1)
            hint = f"did you mean {near[0]}?" if near else "see .env.example for those there are."
            problems.append(f"{name} is not a setting; {hint}")
    return problems


def _problem(detail: ErrorDetails, known: Mapping[tuple[str, ...], Setting]) -> str:
    path = tuple(str(step) for step in detail["loc"][:2])
    setting = known.get(path) or known.get(path[:1])
    reason = detail["msg"].removeprefix("Value error, ")  # what pydantic puts before our own words
    if setting is None:
        return f"{_names_in(path, reason, known)}."
    if detail["type"] == "missing":
        return f"{setting.name} is not set. {setting.field.description}"
    value = "" if setting.secret else f" is {str(detail['input'])!r}, but"
    default = "" if setting.default is None else f" Default: {setting.default}."
    return f"{setting.name}{value}: {reason}. {setting.field.description}{default}"


def _names_in(part: tuple[str, ...], reason: str, known: Mapping[tuple[str, ...], Setting]) -> str:
    """What is wrong with several settings together, each by the name that a person sets it by."""
    own = {path[-1]: setting.name for path, setting in known.items() if path[:-1] == part != ()}
    said = re.sub(r"\w+", lambda word: own.get(word[0], word[0]), reason)
    return said if said != reason else f"{'.'.join(part) or 'The settings'}: {reason}"
