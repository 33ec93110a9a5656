"""One verification by emoji as a person at a strict client sees it."""

from collections.abc import Awaitable, Callable
from typing import Any

_Ask = Callable[..., Awaitable[Any]]
_Until = Callable[[Callable[[], Any], float], Awaitable[Any]]


class Verification:
    """A verification that goes on by itself between two people's decisions: accept, start, confirm.

    Phases: requested, ready, started, then done or cancelled.
    """

    def __init__(self, number: int, ask: _Ask, until: _Until) -> None:
        self.user_id = ""
        """The other side."""
        self.device_id: str | None = None
        """The other side's device, once it is known."""
        self.room_id: str | None = None
        """The room in which it goes on; None: by to-device messages."""
        self.transaction_id: str | None = None
        self.mine = False
        """Whether this client asked for it."""
        self.phase = ""
        self.phases: list[str] = []
        """All phases so far; the last one is `phase`."""
        self.emoji: list[tuple[str, str]] = []
        """Symbol and English name of the seven emoji; empty until both sides have them."""
        self.code: str | None = None
        """Why it was cancelled, such as m.user or m.mismatched_sas."""
        self.cancelled_by: str | None = None
        self._number = number
        self._ask = ask
        self._until = until

    async def accept(self) -> None:
        """Accept the other side's request."""
        await self._do("accept")

    async def start(self) -> None:
        """Start the comparison of emoji; what the other side starts is gone along with anyway."""
        await self._do("start")

    async def confirm(self) -> None:
        """Say that the emoji are the same."""
        await self._do("confirm")

    async def mismatch(self) -> None:
        """Say that the emoji differ."""
        await self._do("mismatch")

    async def cancel(self) -> None:
        """Cancel, or decline the request."""
        await self._do("cancel")

    async def wait_for(self, phase: str, timeout: float = 20.0) -> None:  # noqa: ASYNC109 -- as Member has it
        """Return when the phase is or was reached; raises TimeoutError after so many seconds."""
        try:
            await self._until(lambda: True if phase in self.phases else None, timeout)
        except TimeoutError:
            why = f" ({self.code} by {self.cancelled_by})" if self.code else ""
            raise TimeoutError(f"waited {timeout:g} s for {phase}, was {self.phases}{why}") from None

    async def wait_for_emoji(self, timeout: float = 20.0) -> list[tuple[str, str]]:  # noqa: ASYNC109 -- as above
        """Return symbol and English name of the seven emoji; raises TimeoutError after so many seconds."""
        try:
            await self._until(lambda: self.emoji or None, timeout)
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s for the emoji, phases were {self.phases}") from None
        return self.emoji

    def look(self, news: dict[str, Any]) -> None:
        """Take in what the client tells of this verification."""
        self.user_id = news["user"]
        self.device_id = news["device"]
        self.room_id = news["room"]
        self.transaction_id = news["transaction"]
        self.mine = news["mine"]
        self.emoji = [(symbol, name) for symbol, name in news["emoji"]]
        self.code = news["code"]
        self.cancelled_by = news["cancelled_by"]
        if news["phase"] != self.phase:
            self.phase = news["phase"]
            self.phases.append(self.phase)

    async def _do(self, action: str) -> None:
        await self._ask("verification", number=self._number, action=action)
