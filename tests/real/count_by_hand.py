"""Counts polls from what stands in the rooms alone, as somebody with a pencil would; shares no code with the bot."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.demo.speaker import Event

START, VOTE = "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.response"
KEYCAPS = {f"{number}\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}": number for number in range(1, 10)}
TITLE = re.compile(r"Umfrage U(\d+): (.+)")
COMMAND = re.compile(r"!stimme U(\d+) (.+)")


@dataclass(frozen=True)
class Asked:
    """A poll as it was asked: its options, and how many of them a vote may choose."""

    number: int
    question: str
    options: Sequence[str]
    most: int = 1


@dataclass(frozen=True)
class Paper:
    """One event by which somebody voted; `adds` if it is one more option and not a whole new vote."""

    event_id: str
    sender: str
    at: int
    chosen: frozenset[int]
    adds: bool
    by_command: bool


@dataclass
class Box:
    """All the votes of one poll that nobody has taken back, and the commands that were votes, also those taken back."""

    asked: Asked
    papers: list[Paper] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    """The event of the bot's status message by room."""
    native: dict[str, str] = field(default_factory=dict)
    """The event of the native poll by room."""

    @property
    def chosen(self) -> dict[str, frozenset[int]]:
        """What each person has chosen in the end, by the server's clock."""
        found: dict[str, frozenset[int]] = {}
        assert len({(paper.sender, paper.at) for paper in self.papers}) == len(self.papers), "no order"
        for paper in sorted(self.papers, key=lambda one: one.at):
            before = found.get(paper.sender, frozenset()) if paper.adds else frozenset()
            if len(before | paper.chosen) <= self.asked.most:
                found[paper.sender] = before | paper.chosen
        return {user: numbers for user, numbers in found.items() if numbers}

    def votes(self, people: Iterable[str]) -> list[int]:
        """How many of these people have chosen each option."""
        wanted = set(people)
        counted = Counter(number for user, numbers in self.chosen.items() if user in wanted for number in numbers)
        return [counted[number] for number in range(1, len(self.asked.options) + 1)]

    def voters(self, people: Iterable[str]) -> int:
        """How many of these people have voted."""
        return len(self.chosen.keys() & set(people))


def boxes(rooms: Mapping[str, Sequence[Event]], bot: str, asked: Sequence[Asked]) -> dict[int, Box]:
    """Sort the votes out of the timelines of the rooms, by the number of the poll."""
    found = {one.number: Box(one) for one in asked}
    taken_back = {event["content"]["redacts"] for event in _all(rooms) if event["type"] == "m.room.redaction"}
    for room, events in rooms.items():
        _find_polls(room, events, bot, found)
    of_event = {event: box for box in found.values() for event in (*box.status.values(), *box.native.values())}
    for event in _all(rooms):
        if event["sender"] != bot and event["event_id"] not in taken_back:
            _file(event, found, of_event)
    return found


def commands(rooms: Mapping[str, Sequence[Event]]) -> set[str]:
    """Return the votes by command that nobody has taken back."""
    taken_back = {event["content"]["redacts"] for event in _all(rooms) if event["type"] == "m.room.redaction"}
    said = {event["event_id"] for event in _all(rooms) if COMMAND.fullmatch(_words(event))}
    return said - taken_back


def joined(events: Sequence[Event], bot: str) -> set[str]:
    """Return who is in a room by its events, without the bot."""
    last = {event["state_key"]: event["content"] for event in events if event["type"] == "m.room.member"}
    return {user for user, content in last.items() if content.get("membership") == "join" and user != bot}


def _all(rooms: Mapping[str, Sequence[Event]]) -> Iterable[Event]:
    return (event for events in rooms.values() for event in events)


def _words(event: Event) -> str:
    return str(event["content"].get("body", "")) if event["type"] == "m.room.message" else ""


def _find_polls(room: str, events: Sequence[Event], bot: str, found: Mapping[int, Box]) -> None:
    questions = {box.asked.question: box for box in found.values()}
    for event in events:
        if event["sender"] != bot or "m.new_content" in event["content"]:
            continue
        if event["type"] == START:
            questions[event["content"][START]["question"]["body"]].native[room] = event["event_id"]
        title = TITLE.match(_words(event))
        if title:
            found[int(title[1])].status[room] = event["event_id"]


def _file(event: Event, found: Mapping[int, Box], of_event: Mapping[str, Box]) -> None:
    """Put the event into its box, if it is a vote."""
    content = event["content"]
    relation = content.get("m.relates_to", {})
    box = of_event.get(relation.get("event_id"))
    said = COMMAND.fullmatch(_words(event))
    if said:
        box = found[int(said[1])]
        _put(box, event, _numbers(said[2], box.asked), adds=False, by_command=True)
    elif box and event["type"] == VOTE and content.get(VOTE):
        chosen = [int(answer) for answer in content[VOTE]["answers"]]
        _put(box, event, chosen, adds=False)
    elif box and event["type"] == "m.reaction" and relation.get("key") in KEYCAPS:
        _put(box, event, [KEYCAPS[relation["key"]]], adds=box.asked.most > 1)


def _put(box: Box, event: Event, chosen: Sequence[int], *, adds: bool, by_command: bool = False) -> None:
    at = event["origin_server_ts"]
    box.papers.append(Paper(event["event_id"], event["sender"], at, frozenset(chosen), adds, by_command))


def _numbers(words: str, asked: Asked) -> list[int]:
    if words in asked.options:
        return [asked.options.index(words) + 1]
    return [int(word) for word in words.split()]
