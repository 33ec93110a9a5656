"""The ledger: what was expected, what came, and whether every command was answered exactly once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
EDITED = "✏️"  # how an edit of a command is acknowledged, beside the command's own answer
IN_CLEAR = "m.reaction", "m.room.redaction"
APOLOGY = ("leider nicht geklappt", "did not work")


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that did not hold: in which scene, what should have come, and what came."""

    scene: str
    expected: str
    came: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that a member sent, to be answered once; `edits` counts how often it was edited afterwards."""

    event_id: str
    room_id: str
    who: str
    text: str


@dataclass
class Ledger:
    """Counts expectations; nothing is ever taken out of it."""

    scene: str = ""
    met: int = 0
    missed: list[Miss] = field(default_factory=list)
    commands: list[Sent] = field(default_factory=list)
    edits: dict[str, int] = field(default_factory=dict)

    @property
    def all_met(self) -> bool:
        """Whether there were expectations and all held."""
        return self.met > 0 and not self.missed

    def expect(self, expected: str, came: str, *, held: bool) -> bool:
        """Enter one expectation; returns whether it held."""
        if held:
            self.met += 1
        else:
            self.missed.append(Miss(self.scene, expected, came))
        return held

    def expect_words(self, who: str, text: str, words: Iterable[str], *, without: Iterable[str] = ()) -> bool:
        """Expect each of these words in a text, and none of the others; white space does not matter."""
        plain = " ".join(text.split())
        held = [self.expect(f"{who}: „{word}“", text, held=word in plain) for word in words]
        held += [self.expect(f"{who}: kein „{word}“", text, held=word not in plain) for word in without]
        return all(held)

    def sent(self, command: Sent) -> None:
        """Enter a command that must be answered exactly once."""
        self.commands.append(command)

    def edited(self, event_id: str) -> None:
        """Enter an edit of a command."""
        self.edits[event_id] = self.edits.get(event_id, 0) + 1

    def settle(self, timelines: Sequence[Iterable[Event]], bot: str) -> None:
        """Expect that each command has exactly one answer: one message in reply, or else one reaction."""
        events = [event for timeline in timelines for event in timeline if event["sender"] == bot]
        for command in self.commands:
            replies, reactions = answers_to(command.event_id, events)
            edits = reactions.count(EDITED)
            others = len(reactions) - edits
            once = (
                replies <= 1 and others <= 1 and replies + others >= 1 and edits == self.edits.get(command.event_id, 0)
            )
            came = f"{replies} Antworten, Reaktionen: {' '.join(reactions) or 'keine'}"
            self.expect(f"genau eine Antwort auf {command.who}: {command.text}", came, held=once)
        wrong = [text for text in map(text_of, events) if any(word in text for word in APOLOGY)]
        self.expect("nirgends eine Störungsmeldung", "\n".join(wrong), held=not wrong)

    def expect_encrypted(self, room: str, events: Iterable[Event], *, encrypted: bool) -> bool:
        """Expect that all that was said in a room came encrypted and could be read; or that nothing came encrypted.

        Reactions and redactions are in clear everywhere.
        """
        said = [event for event in events if "state_key" not in event and event["content"]]
        said = [event for event in said if event["type"] not in IN_CLEAR]
        odd = [event for event in said if event.get("encrypted", False) != encrypted]
        expected = f"{room}: {'alles verschlüsselt und lesbar' if encrypted else 'nichts verschlüsselt'}"
        came = f"{len(odd)} von {len(said)} nicht: {', '.join(event['type'] for event in odd)}"
        return self.expect(expected, came, held=bool(said) and not odd)


def answers_to(event_id: str, events: Iterable[Event]) -> tuple[int, list[str]]:
    """Return how many of these events reply to that one, and the keys of those that react to it."""
    replies, reactions = 0, []
    for event in events:
        relation = event["content"].get("m.relates_to", {})
        if relation.get("rel_type") == "m.annotation" and relation.get("event_id") == event_id:
            reactions.append(relation["key"])
        elif relation.get("m.in_reply_to", {}).get("event_id") == event_id:
            replies += 1
    return replies, reactions


def text_of(event: Event) -> str:
    """Return the words of a message, of an edit the new ones; nothing for other events."""
    content = event["content"]
    return str(content.get("m.new_content", content).get("body", ""))
