"""Settings: one TOML file, overridden by the environment, secrets from files where wanted."""

import importlib.util
import os
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableEnvironment
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from commands.kit.setup import Alerts as AlertSpans
from commands.kit.setup import Setup


def _like(pattern: str, sample: str) -> AfterValidator:
    """Demand a form; the fault shows a sample of it."""

    def demand(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"write it like {sample}")
        return value

    return AfterValidator(demand)


UserId = Annotated[str, _like(r"@[^:\s]+:\S+", "@anna:example.org")]
Span = Annotated[str, _like(r"[1-9]\d{0,3}[mhd]", "7d, 12h or 15m")]
Secret = Annotated[SecretStr, Field(min_length=1)]
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
POSTGRESQL_OPTIONS = ("host", "passfile", "ssl", "target_session_attrs")
ENVIRONMENT = "UAGBOT_"


class SettingsError(Exception):
    """The settings cannot be used; one line per fault, each with the path of its key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Section(BaseModel):
    """A table of the file; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Matrix(Section):
    """The account that the bot uses."""

    homeserver: Annotated[str, _like(r"https?://[^\s/@?#]+(/[^\s?#]*)?", "https://matrix.example.org")]
    user: UserId
    access_token: Secret | None = None
    access_token_file: Path | None = None
    password: Secret | None = None
    password_file: Path | None = None
    device_name: str = "uagbot"
    invited_by: tuple[str, ...] = ()

    @field_validator("homeserver")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_way_in(self) -> "Matrix":
        ways = (self.access_token, self.access_token_file, self.password, self.password_file)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of access_token, access_token_file, password, password_file")
        return self

    @property
    def token(self) -> str | None:
        """The access token, if the bot logs in with one."""
        return _secret(self.access_token, self.access_token_file, "matrix.access_token_file")

    @property
    def login_password(self) -> str | None:
        """The password, if the bot logs in with one."""
        return _secret(self.password, self.password_file, "matrix.password_file")

    def may_invite(self, user_id: str) -> bool:
        """Whether this person may bring the bot into rooms; without a list, everybody of its own server."""
        server = user_id.partition(":")[2]
        allowed = self.invited_by or (self.user.partition(":")[2],)
        return user_id in allowed or server in allowed


class Storage(Section):
    """Where everything is kept."""

    database: Annotated[str, Field(repr=False)] = "sqlite:///uagbot.db"
    folder: Path = Path()

    @field_validator("database")
    @classmethod
    def _known_database(cls, value: str) -> str:
        url = _database_url(value)
        if url is None or (url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")):
            raise ValueError("use sqlite:///FILE or postgresql://USER@HOST/NAME")
        if url.get_backend_name() == "sqlite":
            return value
        unknown = sorted(set(url.query) - set(POSTGRESQL_OPTIONS))
        if unknown:  # sslmode=…, for one, is called ssl=… here
            raise ValueError(f"{unknown[0]} is unknown; known after the ?: {', '.join(POSTGRESQL_OPTIONS)}")
        if importlib.util.find_spec("asyncpg") is None:
            raise ValueError("PostgreSQL needs a driver: pip install 'uagbot[postgres]'")
        return value

    @property
    def keys(self) -> Path:
        """The folder of the encryption keys."""
        return self.folder / "keys"

    @property
    def url(self) -> str:
        """The address with the driver that the bot uses."""
        url = make_url(self.database)
        return url.set(drivername=DRIVERS[url.get_backend_name()]).render_as_string(hide_password=False)


class Bot(Section):
    """How the bot behaves."""

    name: str = "uagbot"
    prefix: Annotated[str, Field(min_length=1, max_length=3)] = "!"
    language: Literal["de", "en"] = "de"
    zone: str = "Europe/Berlin"
    operator: str = ""
    coordinators: tuple[UserId, ...] = ()
    other_bots: tuple[UserId, ...] = ()
    reminders: tuple[Span, ...] = ("7d", "1d", "15m")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value


class Digest(Section):
    """When the weekly digest is sent, in wall time of the bot's zone, and how long before coordinators see it."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    time: Annotated[str, _like(r"([01]\d|2[0-3]):[0-5]\d", "08:00")] = "08:00"
    preview: Annotated[str, _like(r"([1-9]\d{0,3}[mhd])?", "18h, or leave it empty for no preview")] = "18h"


class Alerts(Section):
    """After how long coordinators are told, in their digest, of what is stuck."""

    silent_group: Span = "28d"
    stuck_item: Span = "28d"
    silent_municipality: Span = "56d"
    unanswered_request: Span = "14d"


class Web(Section):
    """The web server: health and metrics, calendars, the archive of minutes."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8090
    public_url: Annotated[str, _like(r"(https?://[^\s/@?#]+(/[^\s?#]*)?)?", "https://uagbot.example.org")] = ""

    @property
    def address(self) -> str:
        """What addresses begin with that members are given; empty where there is no web server."""
        if not self.enabled:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


class Log(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class ConfiguredRoom(Section):
    """A room that is set up by the file instead of by a command."""

    room: Annotated[str, _like(r"[!#]\S+", "!id or #alias:example.org")]
    kind: Literal["group", "main", "coordinators"] = "group"
    key: Annotated[str, _like(r"[A-Za-z0-9ÄÖÜäöüß-]{1,16}", "UAG1, with at most 16 letters, digits and hyphens")]
    title: Annotated[str, Field(max_length=200)] = ""


class Settings(BaseSettings):
    """All settings; the environment overrides the file (`UAGBOT_MATRIX__HOMESERVER`)."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    matrix: Matrix
    storage: Storage = Storage()
    bot: Bot = Bot()
    digest: Digest = Digest()
    alerts: Alerts = Alerts()
    web: Web = Web()
    log: Log = Log()
    rooms: tuple[ConfiguredRoom, ...] = ()

    @field_validator("rooms")
    @classmethod
    def _each_once(cls, rooms: tuple[ConfiguredRoom, ...]) -> tuple[ConfiguredRoom, ...]:
        for name, values in (("key", [one.key.upper() for one in rooms]), ("room", [one.room for one in rooms])):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"the {name} {twice[0]} stands there twice; give each room one entry and one key")
        return rooms

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file; nothing else."""
        return env_settings, init_settings

    def setup(self) -> Setup:
        """Return what commands may know of all this."""
        return Setup(
            user_id=self.matrix.user,
            name=self.bot.name,
            prefix=self.bot.prefix,
            language=self.bot.language,
            zone=self.bot.zone,
            operator=self.bot.operator,
            coordinators=frozenset(self.bot.coordinators),
            bots=frozenset(self.bot.other_bots),
            digest_day=WEEKDAYS.index(self.digest.day),
            digest_time=self.digest.time,
            digest_preview=_span(self.digest.preview) if self.digest.preview else None,
            alerts=AlertSpans(**{key: _span(value) for key, value in self.alerts.model_dump().items()}),
            reminders=self.bot.reminders,
            web=self.web.address,
        )


def _span(written: str) -> timedelta:
    return timedelta(**{UNITS[written[-1]]: int(written[:-1])})


def load(path: Path) -> Settings:
    """Read the settings; relative paths in the file count from the working directory.

    Raises SettingsError with every fault, its key's path and what is allowed. Secrets never show.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError([f"{path}: there is no such file; `uagbot setup` makes one"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read ({type(error).__name__})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: is no TOML: {error}"]) from None
    try:
        return Settings(**content)
    except UnreadableEnvironment:
        names = sorted(name for name in os.environ if name.upper().startswith(ENVIRONMENT))
        remedy = 'lists and tables are written there as JSON, such as ["@anna:example.org"]'
        raise SettingsError([f"environment: cannot be read; {remedy}; set are {', '.join(names)}"]) from None
    except ValidationError as error:
        raise SettingsError([_fault(one) for one in error.errors(include_input=False, include_url=False)]) from None


def _fault(error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key; known here: {', '.join(_known_keys(error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{path}: is missing"
    return f"{path}: {error['msg'].removeprefix('Value error, ')}"


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_of(model.model_fields[part]) or model
    return sorted(model.model_fields)


def _model_of(found: FieldInfo) -> type[BaseModel] | None:
    for candidate in (found.annotation, *get_args(found.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _secret(value: SecretStr | None, file: Path | None, key: str) -> str | None:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        secret = file.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError([f"{key}: {file} cannot be read ({os.strerror(error.errno or 0)})"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{key}: {file} is no text"]) from None
    if not secret:
        raise SettingsError([f"{key}: {file} is empty"])
    return secret


def _database_url(value: str) -> URL | None:
    """Return the parsed address if it is one of a database that we know; a fault must not show what stands in it."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        return None
    return url if url.get_backend_name() in DRIVERS else None
