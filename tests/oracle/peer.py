"""The peer: `hcoop-meetbot`, whose logic knows no chat system, fed with one line after the other."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hcoopmeetbotlogic import state
from hcoopmeetbotlogic.config import Config
from hcoopmeetbotlogic.handler import irc_message
from hcoopmeetbotlogic.interface import Context, Message
from hcoopmeetbotlogic.meeting import EventType, Meeting
from hcoopmeetbotlogic.writer import _MeetingMinutes

from tests.oracle.outcome import Action, Entry, Outcome, Topic, plain

CHANNEL, NETWORK = "#sitzungssaal", "oracle"
PROLOGUE = "Prologue"
KINDS = {
    EventType.INFO: "info",
    EventType.IDEA: "idea",
    EventType.LINK: "link",
    EventType.HELP: "subtopic",
    EventType.ACTION: "action",
    EventType.ACCEPTED: "adopted",
    EventType.FAILED: "rejected",
    EventType.INCONCLUSIVE: "postponed",
}
DECIDED = ("adopted", "rejected", "postponed")


class Peer:
    """One channel in which the peer listens; `replies` is what it has said."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(conf_file=None, log_dir=str(folder), pattern="{name}")
        self.replies: list[str] = []
        self.ended: Meeting | None = None

    @property
    def running(self) -> Meeting | None:
        """The meeting that runs."""
        return state.get_meeting(CHANNEL, NETWORK)

    def hears(self, number: int, who: str, text: str, at: datetime) -> None:
        """Hear one line, which keeps its number; what is said before a meeting and after it leaves nothing."""
        message = Message(str(number), at, who, CHANNEL, NETWORK, text)
        before = self.running
        irc_message(Context(lambda: "", lambda _: None, self.replies.append, self.replies.append), message)
        if before is not None and self.running is None:
            self.ended = before

    def outcome(self) -> Outcome:
        """Return what came of the meeting that ended last: what its written minutes say."""
        assert self.ended is not None, self.replies
        minutes = _MeetingMinutes.for_meeting(self.config, self.ended)
        first = self.ended.messages[0].id
        topics = [
            Topic(
                "" if (topic.id, topic.name) == (first, PROLOGUE) else plain(topic.name),
                tuple(
                    Entry(KINDS[EventType(one.event_type)], plain(one.payload), one.nick)
                    for one in topic.events
                    if one.event_type in KINDS
                ),
            )
            for topic in minutes.topics
        ]
        owners = {action.id: set[str]() for action in minutes.actions}
        for attendee in minutes.attendees:
            for action in attendee.actions:
                owners[action.id].add(attendee.nick)
        return Outcome(
            topics=tuple(topics),
            resolutions=tuple(
                (entry.kind, entry.text) for topic in topics for entry in topic.entries if entry.kind in DECIDED
            ),
            actions=tuple(Action(plain(one.text), frozenset(owners[one.id])) for one in minutes.actions),
            present=frozenset(one.nick for one in minutes.attendees),
        )


@contextmanager
def listening(folder: Path) -> Iterator[Peer]:
    """Let the peer listen; it keeps its state in its modules, and this leaves none of it behind."""
    peer = Peer(folder)
    before = state._LOGGER, state._CONFIG
    state.set_logger(logging.getLogger("peer"))
    state.set_config(peer.config)
    try:
        yield peer
    finally:
        state._LOGGER, state._CONFIG = before
        state._ACTIVE.clear()
        state._COMPLETED.clear()
