"""What can go wrong with the homeserver: four kinds of failure."""

from typing import Any


class Unreachable(Exception):
    """The server does not answer, or not sensibly: try again later."""


class Limited(Exception):
    """The server asks to wait for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.1f} s")
        self.seconds = seconds


class TokenRevoked(Exception):
    """The access token is not valid (any more): nothing works until the operator gives a new one."""


class Rejected(Exception):
    """The server says no, and would again: `code` is its errcode, `content` all that it answered."""

    def __init__(self, code: str, message: str, status: int = 400, content: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.content = content or {}
