"""A real Matrix homeserver on loopback: Synapse as a child process in a folder of its own."""

import hmac
import http.client
import importlib.metadata
import json
import secrets
import socket
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_HOST = "127.0.0.1"
_READY_WITHIN = 60.0
_STOPPED_WITHIN = 20.0
_LAST_LINES = 20

# The same as `python -m synapse.app.homeserver`, and it ends when the other end of its standard input
# does. That is how it goes whichever way we go: exit hooks do not run after a SIGKILL or SIGHUP, and the
# kernel's own signal on a parent's death is known to Linux only and follows the thread that started the
# child, not the process.
_SYNAPSE_WITH_A_LIFELINE = """
import os, runpy, signal, threading
def wait_for_the_parent_to_end():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=wait_for_the_parent_to_end, daemon=True).start()
runpy.run_module("synapse.app.homeserver", run_name="__main__", alter_sys=True)
"""

_HIGH = {"per_second": 10_000, "burst_count": 10_000}
_LIMITS_OUT_OF_THE_WAY: dict[str, Any] = {
    "rc_message": _HIGH,
    "rc_registration": _HIGH,
    "rc_login": {"address": _HIGH, "account": _HIGH, "failed_attempts": _HIGH},
    "rc_admin_redaction": _HIGH,
    "rc_joins": {"local": _HIGH, "remote": _HIGH},
    "rc_joins_per_room": _HIGH,
    "rc_key_requests": _HIGH,
    "rc_invites": {"per_room": _HIGH, "per_user": _HIGH, "per_issuer": _HIGH},
    "rc_media_create": _HIGH,
    "rc_delayed_event_mgmt": _HIGH,
    "rc_room_creation": _HIGH,
    "rc_reports": _HIGH,
    "rc_user_directory": _HIGH,
    "rc_profile": _HIGH,
}


class SynapseMissing(Exception):
    """The package matrix-synapse is not installed; the message says how to get it."""


class SynapseFailed(Exception):
    """Synapse did not start, or refused what was asked; the message ends with what it said."""


@dataclass(frozen=True)
class Account:
    """A registered user with one logged-in device."""

    user_id: str
    password: str
    access_token: str
    device_id: str


class Synapse:
    """One homeserver, reachable from this machine only, that keeps its data and its port over restarts."""

    server_name = "localhost"

    def __init__(self, folder: Path, *, port: int | None = None, default_limits: bool = False) -> None:
        """Use a folder of its own; a configuration already in it wins over both options.

        Without a port the first start picks a free one. Rate limits are out of the way unless
        `default_limits` leaves them as a public server has them.
        """
        self._folder = folder.resolve()
        self._asked_port = port
        self._default_limits = default_limits
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for clients, known from the first start on."""
        return f"http://{_HOST}:{self._port}"

    def start(self) -> None:
        """Return when clients are answered, at most 60 s later.

        Raises SynapseMissing without the package, and SynapseFailed with the last lines of the log.
        """
        try:
            importlib.metadata.version("matrix-synapse")
        except importlib.metadata.PackageNotFoundError:
            raise SynapseMissing(
                "The embedded homeserver is not installed; pip install 'uagbot[demo]' brings it."
            ) from None
        if self._process is not None:
            raise SynapseFailed("Synapse is running already.")
        self._write_configuration()
        _require_free(self._port)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter, our own words
                [sys.executable, "-c", _SYNAPSE_WITH_A_LIFELINE, "-c", str(self._configuration_file)],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for us; we stop the server when we are done with it
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the server in order; does nothing if it is not running."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._let_go(self._process)

    def kill(self) -> None:
        """End the server at once, as a power cut would; does nothing if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._let_go(self._process)

    def register(self, localpart: str, password: str, display_name: str | None = None, admin: bool = False) -> Account:
        """Create a user through Synapse's admin register API.

        Raises SynapseFailed if it refuses, as for a name that is taken.
        """
        path = "/_synapse/admin/v1/register"
        nonce: str = self._ask("GET", path)["nonce"]
        signed = "\0".join((nonce, localpart, password, "admin" if admin else "notadmin"))
        secret: str = self._configuration()["registration_shared_secret"]
        request = {
            "nonce": nonce,
            "username": localpart,
            "password": password,
            "admin": admin,
            "mac": hmac.digest(secret.encode(), signed.encode(), "sha1").hex(),
        }
        if display_name is not None:
            request["displayname"] = display_name
        answer = self._ask("POST", path, request)
        return Account(answer["user_id"], password, answer["access_token"], answer["device_id"])

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def _configuration_file(self) -> Path:
        return self._folder / "homeserver.json"

    @property
    def _log(self) -> Path:
        return self._folder / "homeserver.log"

    @property
    def _port(self) -> int:
        port: int = self._configuration()["listeners"][0]["port"]
        return port

    def _configuration(self) -> dict[str, Any]:
        configuration: dict[str, Any] = json.loads(self._configuration_file.read_text())
        return configuration

    def _write_configuration(self) -> None:
        """Write what is not there yet; JSON is valid YAML."""
        if self._configuration_file.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self._folder / "signing.key").write_text(f"ed25519 a_local {key}\n")
        (self._folder / "log.json").write_text(json.dumps(_logging_to(self._log)))
        configuration = _configuration_for(self.server_name, self._folder, self._asked_port or free_port()) | (
            {} if self._default_limits else _LIMITS_OUT_OF_THE_WAY
        )
        self._configuration_file.write_text(json.dumps(configuration, indent=2))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + _READY_WITHIN
        while process.poll() is None and time.monotonic() < give_up:
            try:
                self._ask("GET", "/_matrix/client/versions")
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            else:
                return
        self.kill()
        lines = self._log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        raise SynapseFailed("\n".join(["Synapse did not start. The end of its log:", *lines]))

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=30)
        try:
            connection.request(method, path, body=None if content is None else json.dumps(content))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise SynapseFailed(f"{method} {path}: {response.status} {text.decode(errors='replace')}")
        answer: dict[str, Any] = json.loads(text)
        return answer


def _configuration_for(server_name: str, folder: Path, port: int) -> dict[str, Any]:
    off = {"enabled": False}
    return {
        "server_name": server_name,
        "public_baseurl": f"http://{_HOST}:{port}/",
        "report_stats": False,
        "listeners": [
            {
                "port": port,
                "type": "http",
                "bind_addresses": [_HOST],
                "resources": [{"names": ["client"]}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "media_store_path": str(folder / "media"),
        "log_config": str(folder / "log.json"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": secrets.token_urlsafe(32),
        "macaroon_secret_key": secrets.token_urlsafe(32),
        "form_secret": secrets.token_urlsafe(32),
        "bcrypt_rounds": 4,  # the default costs a quarter of a second for every password
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "presence": off,
        "push": off,
        "stats": off,
        "user_directory": off,
        "url_preview_enabled": False,
        # From the cache a first sync is answered with what was true two minutes ago.
        "caches": {"sync_response_cache_duration": "0s"},
    }


def _logging_to(file: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "filename": str(file), "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["file"]},
        "disable_existing_loggers": False,
    }


def free_port() -> int:
    """Return a port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _require_free(port: int) -> None:
    """Another server on the port would answer in the place of ours, and look like it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise SynapseFailed(f"Synapse cannot listen on {_HOST}:{port}: {error.strerror}.") from None
