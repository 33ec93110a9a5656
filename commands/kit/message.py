"""What came in: one event of a room, as far as commands need to know it, and which of them a job wants to see again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["text", "edit", "reaction", "vote", "redaction"]
RELATED = ("edit", "reaction", "vote")


@dataclass(frozen=True, slots=True)
class Message:
    """One event: who said what where, and when by the server's clock (aware UTC).

    `text` holds the words of a text or an edit (mentions as full user ids) and the key of a reaction; `answers` the
    answer ids of a native vote (MSC3381); `relates_to` the event replied to, edited, reacted to, voted on or redacted.
    """

    kind: Kind
    event_id: str
    room: str
    sender: str
    at: datetime
    text: str = ""
    answers: tuple[str, ...] = ()
    relates_to: str | None = None
    thread: str | None = None
    mentions_bot: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a job wants read from the server: an event, or with `related` the edits, reactions and votes of it."""

    room: str
    event_id: str
    related: bool

    def finds(self, message: Message) -> bool:
        """Whether this message is among what is looked for."""
        if message.room != self.room:
            return False
        if self.related:
            return message.kind in RELATED and message.relates_to == self.event_id
        return message.event_id == self.event_id
