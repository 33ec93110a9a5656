"""What an operator is promised about the settings: every fault is named, no secret is shown."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from bot.settings import Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"
SECRET = "syt_dieses-Geheimnis-zeigt-niemand"  # noqa: S105 - that is what the tests look for
OTHER_SECRET = "syt_ein-anderes"  # noqa: S105
ACCOUNT = '[matrix]\nhomeserver = "https://matrix.example.org"\nuser = "@uagbot:example.org"\n'
GOOD = f'{ACCOUNT}access_token = "{SECRET}"\n'


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("UAGBOT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def settings_of(config: Path, text: str) -> Settings:
    config.write_text(text, "utf-8")
    return load(config)


def faults_of(config: Path, text: str) -> list[str]:
    """Return the faults, having looked that they can be shown to everybody."""
    with pytest.raises(SettingsError) as caught:
        settings_of(config, text)
    assert SECRET not in f"{caught.value!r} {caught.value}"
    return caught.value.faults


def test_a_complete_file_needs_three_keys_only(config: Path) -> None:
    found = settings_of(config, GOOD)
    assert found.matrix.homeserver == "https://matrix.example.org"
    assert found.matrix.token == SECRET
    assert found.storage.url == "sqlite+aiosqlite:///uagbot.db"
    assert found.setup().prefix == "!"


@pytest.mark.parametrize(
    ("table", "path", "known"),
    [
        ("[bott]\n", "bott", "alerts, bot, digest, log, matrix, rooms, storage, web"),
        ("[digest]\nhour = 8\n", "digest.hour", "day, preview, time"),
        ('[[rooms]]\nroom = "!a:b"\nkey = "UAG1"\nname = "x"\n', "rooms.0.name", "key, kind, room, title"),
    ],
)
def test_an_unknown_key_is_named_with_its_path_and_the_known_ones(
    config: Path, table: str, path: str, known: str
) -> None:
    assert faults_of(config, GOOD + table) == [f"{path}: unknown key; known here: {known}"]


def test_a_misspelt_secret_is_an_unknown_key_and_is_not_shown(config: Path) -> None:
    [unknown] = faults_of(config, f'{GOOD}acces_token = "{SECRET}"\n')
    assert unknown.startswith("matrix.acces_token: unknown key; known here: access_token, access_token_file,")


@pytest.mark.parametrize(
    ("table", "path", "allowed"),
    [
        ('[bot]\nzone = "Europe/Halle"', "bot.zone", "use a name such as Europe/Berlin"),
        ('[bot]\nzone = "../etc/passwd"', "bot.zone", "use a name such as Europe/Berlin"),
        ('[bot]\nprefix = ""', "bot.prefix", "at least 1 character"),
        ('[bot]\nprefix = "uagbot"', "bot.prefix", "at most 3 characters"),
        ('[bot]\nlanguage = "fr"', "bot.language", "'de' or 'en'"),
        (
            '[bot]\ncoordinators = ["@anna:example.org", "anna"]',
            "bot.coordinators.1",
            "write it like @anna:example.org",
        ),
        ('[bot]\nreminders = ["1 week"]', "bot.reminders.0", "write it like 7d, 12h or 15m"),
        ('[digest]\ntime = "24:00"', "digest.time", "write it like 08:00"),
        ('[digest]\ntime = "8:00"', "digest.time", "write it like 08:00"),
        ('[digest]\nday = "Montag"', "digest.day", "'monday', 'tuesday'"),
        ("[web]\nport = 65536", "web.port", "less than or equal to 65535"),
        ('[web]\nport = "http"', "web.port", "valid integer"),
        ('[log]\nlevel = "all"', "log.level", "'debug', 'info', 'warning' or 'error'"),
        ('[[rooms]]\nroom = "uag1"\nkey = "UAG1"', "rooms.0.room", "write it like !id or #alias:example.org"),
        ('[[rooms]]\nroom = "!a:b"\nkey = "UAG 1"', "rooms.0.key", "at most 16 letters, digits and hyphens"),
        ('[[rooms]]\nroom = "!a:b"\nkey = "X"\nkind = "plain"', "rooms.0.kind", "'group', 'main' or 'coordinators'"),
        ('[[rooms]]\nroom = "!a:b"', "rooms.0.key", "is missing"),
        ('[storage]\ndatabase = "mysql://host/name"', "storage.database", "use sqlite:///FILE or postgresql://"),
        ('[storage]\ndatabase = "uagbot.db"', "storage.database", "use sqlite:///FILE or postgresql://"),
        ('[storage]\ndatabase = "sqlite://"', "storage.database", "use sqlite:///FILE or postgresql://"),
        (
            '[storage]\ndatabase = "postgresql://h/n?sslmode=require"',
            "storage.database",
            "known after the ?: host, passfile, ssl,",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_path_and_what_is_allowed(
    config: Path, table: str, path: str, allowed: str
) -> None:
    [fault] = faults_of(config, GOOD + table)
    assert fault.startswith(f"{path}: ")
    assert allowed in fault


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("homeserver", "matrix.example.org", "write it like https://matrix.example.org"),
        ("homeserver", "https://", "write it like https://matrix.example.org"),
        ("homeserver", f"https://uagbot:{SECRET}@matrix.example.org", "write it like https://matrix.example.org"),
        ("user", "uagbot", "write it like @anna:example.org"),
        ("user", SECRET, "write it like @anna:example.org"),
    ],
)
def test_a_wrong_account_is_named_with_its_path(config: Path, key: str, value: str, allowed: str) -> None:
    text = re.sub(rf'^{key} = ".*"$', f'{key} = "{value}"', GOOD, flags=re.MULTILINE)
    assert faults_of(config, text) == [f"matrix.{key}: {allowed}"]


def test_several_faults_at_once_are_all_told(config: Path) -> None:
    faults = faults_of(config, '[matrix]\nuser = "uagbot"\n[bot]\nzone = "Mars/Base"\n[digest]\nhour = 8\n[[rooms]]\n')
    assert [fault.partition(":")[0] for fault in faults] == [
        "matrix.homeserver",
        "matrix.user",
        "bot.zone",
        "digest.hour",
        "rooms.0.room",
        "rooms.0.key",
    ]


@pytest.mark.parametrize(
    "ways",
    [
        "",
        f'access_token = "{SECRET}"\npassword = "{SECRET}"\n',
        f'access_token = "{SECRET}"\naccess_token_file = "token"\n',
        f'password = "{SECRET}"\npassword_file = "password"\n',
    ],
)
def test_there_is_exactly_one_way_to_log_in(config: Path, ways: str) -> None:
    [fault] = faults_of(config, ACCOUNT + ways)
    assert fault == "matrix: give exactly one of access_token, access_token_file, password, password_file"


@pytest.mark.parametrize(
    "rooms",
    [
        '[[rooms]]\nroom = "!a:b"\nkey = "UAG1"\n[[rooms]]\nroom = "!c:d"\nkey = "uag1"\n',
        '[[rooms]]\nroom = "!a:b"\nkey = "UAG1"\n[[rooms]]\nroom = "!a:b"\nkey = "UAG2"\n',
    ],
)
def test_a_room_and_a_key_stand_there_once(config: Path, rooms: str) -> None:
    [fault] = faults_of(config, GOOD + rooms)
    assert "stands there twice" in fault


def test_a_slash_after_the_address_does_no_harm(config: Path) -> None:
    text = GOOD.replace("matrix.example.org", "matrix.example.org/")
    assert settings_of(config, text).matrix.homeserver == "https://matrix.example.org"


# Secrets


@pytest.mark.parametrize(("key", "way"), [("access_token", "token"), ("password", "login_password")])
def test_a_secret_comes_from_a_file_without_its_line_end(config: Path, key: str, way: str) -> None:
    file = config.with_name("secret")
    file.write_text(f"{SECRET}\n", "utf-8")
    found = settings_of(config, f'{ACCOUNT}{key}_file = "{file}"\n')
    assert getattr(found.matrix, way) == SECRET
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "is no text")], ids=str
)
def test_a_secret_file_without_a_secret_is_named(config: Path, content: bytes | None, why: str) -> None:
    file = config.with_name("secret")
    if content is not None:
        file.write_bytes(content)
    found = settings_of(config, f'{ACCOUNT}access_token_file = "{file}"\n')
    with pytest.raises(SettingsError) as caught:
        _ = found.matrix.token
    [fault] = caught.value.faults
    assert fault.startswith(f"matrix.access_token_file: {file} ")
    assert why in fault


def test_a_secret_comes_from_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UAGBOT_MATRIX__ACCESS_TOKEN", SECRET)
    found = settings_of(config, ACCOUNT)
    assert found.matrix.token == SECRET
    assert SECRET not in repr(found)


def test_the_environment_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UAGBOT_MATRIX__ACCESS_TOKEN", OTHER_SECRET)
    monkeypatch.setenv("UAGBOT_WEB__PORT", "9000")
    monkeypatch.setenv("UAGBOT_BOT__COORDINATORS", '["@anna:example.org"]')
    monkeypatch.setenv("UAGBOT_BOT__ZONE", "")  # as a compose file hands over what is not set
    found = settings_of(config, f'{GOOD}[web]\nport = 8000\nhost = "::1"\n[bot]\nzone = "Europe/Vienna"\n')
    assert found.matrix.token == OTHER_SECRET
    assert (found.web.port, found.web.host) == (9000, "::1")
    assert found.bot.coordinators == ("@anna:example.org",)
    assert found.bot.zone == "Europe/Vienna"


def test_a_fault_in_the_environment_is_told_like_one_in_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UAGBOT_MATRIX__PASSWORT", SECRET)
    monkeypatch.setenv("UAGBOT_WEB__PORT", SECRET)
    faults = faults_of(config, GOOD)
    assert [fault.partition(":")[0] for fault in faults] == ["matrix.passwort", "web.port"]


def test_a_list_in_the_environment_that_is_no_json_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UAGBOT_MATRIX__ACCESS_TOKEN", SECRET)
    monkeypatch.setenv("UAGBOT_BOT__COORDINATORS", "@anna:example.org")
    [fault] = faults_of(config, ACCOUNT)
    assert fault.startswith("environment: ")
    assert "UAGBOT_BOT__COORDINATORS" in fault


@pytest.mark.parametrize(
    "value",
    [
        f'access_token = ["{SECRET}"]',
        f'access_token = {{value = "{SECRET}"}}',
        f'access_token = "{SECRET}"\npassword = ["{SECRET}"]',
        f'access_token = ""\ndevice_name = ["{SECRET}"]',
        f'password = "{SECRET}',
        f'password = "{SECRET}"\npassword = "{SECRET}"',
    ],
)
def test_a_secret_of_the_wrong_form_is_a_fault_that_does_not_show_it(config: Path, value: str) -> None:
    assert faults_of(config, f"{ACCOUNT}{value}\n")


@pytest.mark.parametrize(
    "address",
    [
        f"postgresq://uagbot:{SECRET}@db.example.org/uagbot",
        f"postgresql://uagbot:{SECRET}@db.example.org:{SECRET}/uagbot",
        f"postgresql://uagbot:{SECRET}@db.example.org/uagbot?sslmode=require",
        f"//uagbot:{SECRET}@db.example.org",
    ],
)
def test_a_wrong_database_address_does_not_show_its_password(config: Path, address: str) -> None:
    [fault] = faults_of(config, f'{GOOD}[storage]\ndatabase = "{address}"\n')
    assert fault.startswith("storage.database: ")


def test_the_password_of_a_database_is_never_shown(config: Path) -> None:
    found = settings_of(config, f'{GOOD}[storage]\ndatabase = "postgresql://uagbot:{SECRET}@db.example.org/uagbot"\n')
    assert SECRET not in f"{found!r} {found} {found.storage!r}"
    assert found.storage.url == f"postgresql+asyncpg://uagbot:{SECRET}@db.example.org/uagbot"


def test_a_missing_driver_is_told_before_anything_starts(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    [fault] = faults_of(config, f'{GOOD}[storage]\ndatabase = "postgresql://db.example.org/uagbot"\n')
    assert "pip install 'uagbot[postgres]'" in fault


# Files


def test_a_missing_file_leads_to_setup(config: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(config)
    assert caught.value.faults == [f"{config}: there is no such file; `uagbot setup` makes one"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"[matrix\naccess_token = {SECRET}".encode(), "is no TOML"),
        (b'\xff\xfe[\x00m\x00"', "cannot be read (UnicodeDecodeError)"),
    ],
)
def test_a_file_that_is_no_toml_or_no_utf8_is_said_to_be_so(config: Path, content: bytes, why: str) -> None:
    config.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(config)
    [fault] = caught.value.faults
    assert fault.startswith(f"{config}: ")
    assert why in fault
    assert SECRET not in fault


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)


def test_the_mark_that_some_editors_put_before_the_text_does_no_harm(config: Path) -> None:
    config.write_text(GOOD, "utf-8-sig")
    assert load(config).matrix.token == SECRET


# The example


def test_the_example_can_be_used_as_it_is() -> None:
    assert load(EXAMPLE).matrix.access_token_file == Path("access_token")


def test_the_example_has_every_key_and_no_other() -> None:
    assert set(paths_in(uncommented())) == set(paths_of(Settings))


def test_the_example_shows_the_defaults() -> None:
    shown = uncommented()
    del shown["rooms"]
    secrets = {"access_token", "access_token_file", "password", "password_file"}
    for table, keys in shown.items():
        model = Settings.model_fields[table].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, value in keys.items():
            field = model.model_fields[key]
            if key not in secrets and not field.is_required():
                assert value == plain(field.default), f"{table}.{key}"


def test_the_rooms_of_the_example_are_good_ones(config: Path) -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    block = lines[lines.index("# [[rooms]]") :]
    found = settings_of(config, GOOD + "\n".join(line.removeprefix("#").strip() for line in block))
    assert sorted(one.kind for one in found.rooms) == ["coordinators", "group", "main"]


def uncommented() -> dict[str, Any]:
    text = EXAMPLE.read_text("utf-8")
    return tomllib.loads(re.sub(r"^# (?=\[\[?\w+\]\]?$|\w+ = )", "", text, flags=re.MULTILINE))


def paths_in(content: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from paths_in(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from paths_in(value[0], f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def paths_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for key, field in model.model_fields.items():
        candidates = (field.annotation, *get_args(field.annotation))
        inner = [one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)]
        if inner:
            yield from paths_of(inner[0], f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def plain(value: object) -> object:
    """Return a default as TOML would give it."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value
