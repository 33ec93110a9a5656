"""Where uagbot wants to differ from its peer, and what the peer hears or finds instead so that the rest is equal."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hcoopmeetbotlogic.meeting import EventType, Meeting
from hcoopmeetbotlogic.writer import _AliasMatcher

from commands.kit.say import Refusal
from commands.kit.words import Word, split_words
from tests.oracle.outcome import Outcome
from tests.oracle.peer import listening
from tests.oracle.script import Line, Script, instant

ROLES = (EventType.ADD_CHAIR, EventType.REMOVE_CHAIR)
REGISTERED = (EventType.ACTION, EventType.ACCEPTED, EventType.FAILED, EventType.INCONCLUSIVE)
OTHER_WORDS = {"#agreed": "#accepted", "#rejected": "#failed", "#subtopic": "#help"}
RESOLUTIONS = ("#agreed", "#accepted", "#rejected", "#inconclusive")
NUMBER = re.compile(r"\d+\.?")
NAME_OF_A_RESOLUTION = re.compile(r"(B-)?(\d{4}-)?\d+", re.IGNORECASE)
TAG = re.compile(r"#\S+")


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is when the peer is about to hear a line: its meeting, if one runs, the group's chair, the room."""

    meeting: Meeting | None
    chair: str
    room: Collection[str]


@dataclass(frozen=True, slots=True)
class Played:
    """A meeting that was played to the peer, and what the peer has kept of it."""

    script: Script
    meeting: Meeting

    def room_at(self, number: int) -> list[str]:
        """Return who was in the room when this line was said."""
        came = [line.who for line in self.script.lines[:number] if line.text is None]
        return [*self.script.members, *came]


def _hears(_: Moment, line: Line) -> Line | None:
    return line


def _finds(_: Played, outcome: Outcome) -> Outcome:
    return outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """One wanted difference: what the peer hears instead of a line (None: nothing), and what came of it instead."""

    name: str
    reason: str
    hears: Callable[[Moment, Line], Line | None] = _hears
    finds: Callable[[Played, Outcome], Outcome] = _finds


def play(script: Script, folder: Path, differences: Sequence[Difference]) -> Outcome:
    """Let the peer take the minutes of a meeting, with these differences."""
    room = list(script.members)
    with listening(folder) as peer:
        for number, line in enumerate(script.lines):
            heard: Line | None = line
            if line.text is None:
                room.append(line.who)
            for one in differences:
                heard = one.hears(Moment(peer.running, script.members[0], room), heard) if heard else None
            if heard and heard.text is not None:
                peer.hears(number, heard.who, heard.text, instant(number))
        outcome = peer.outcome()
        assert peer.ended is not None
        for one in differences:
            outcome = one.finds(Played(script, peer.ended), outcome)
    return outcome


# -- what the peer hears instead


def _begun_by_the_chair(moment: Moment, line: Line) -> Line | None:
    begins = moment.meeting is None and line.word == "#startmeeting"
    return None if begins and line.who != moment.chair else line


def _without_bare_addresses(_: Moment, line: Line) -> Line | None:
    return None if (line.text or "").startswith(("http://", "https://")) else line


def _subtopics_of_chairs(moment: Moment, line: Line) -> Line | None:
    refused = moment.meeting is not None and line.word == "#subtopic" and not moment.meeting.is_chair(line.who)
    return None if refused else line


def _without_quotes(_: Moment, line: Line) -> Line | None:
    words = _words(line) if line.word else []
    if words is None:
        return None
    address, phrase = words[:-1], words[-1:]
    if not any(one.quoted for one in phrase) or len(address) > (line.word == "#link"):
        return line
    return line.saying(" ".join([*(one.raw for one in address), phrase[0].text]))


def _read_as_commands_are(moment: Moment, line: Line) -> Line | None:
    words = _words(line) if line.word == "#action" else None
    if words is None:
        return line
    plain = [one for one in words if one.name != "bis" and (one.quoted or not TAG.fullmatch(one.text))]
    if not any(one.name == "bis" for one in words) and [one.text for one in plain[-2:]] == ["bis", "Freitag"]:
        del plain[-2:]
    people, rest = _people_in_front(plain)
    known = {name.casefold() for name in moment.room}
    return line.saying(" ".join(one.raw for one in rest)) if rest and known.issuperset(people) else None


def _people_in_front(words: Sequence[Word]) -> tuple[list[str], Sequence[Word]]:
    people, at = [], 0
    while at < len(words) and words[at].text.startswith("@"):
        people.append(words[at].text[1:].rstrip(",:").casefold())
        at += 1
        at += [one.text for one in words[at : at + 1]] == ["und"] and _is_name(words[at + 1 : at + 2])
    return people, words[at:]


def _is_name(words: Sequence[Word]) -> bool:
    return any(one.text.startswith("@") for one in words)


def _words(line: Line) -> list[Word] | None:
    """Return the words of a command as uagbot reads them; None where a quote is left open."""
    try:
        return split_words(line.words)
    except Refusal:
        return None


def _with_sense(_: Moment, line: Line) -> Line | None:
    if line.word == "#topic" and NUMBER.fullmatch(line.words):
        return None
    wordless = not any(char.isalnum() for char in line.words)
    nothing = wordless or NAME_OF_A_RESOLUTION.fullmatch(line.words)
    return None if line.word in RESOLUTIONS and nothing else line


def _in_its_words(_: Moment, line: Line) -> Line | None:
    return replace(line, text=f"{OTHER_WORDS[line.word]} {line.words}") if line.word in OTHER_WORDS else line


def _chairs_of_the_room(moment: Moment, line: Line) -> Line | None:
    if line.word not in ("#chair", "#unchair"):
        return line
    names = {name.casefold(): name for name in moment.room}
    meant = [names.get(one.casefold()) for one in line.words.replace(",", " ").split()]
    return line.saying(" ".join(map(str, meant))) if all(meant) else None


def _undo_of_what_is_seen(moment: Moment, line: Line) -> Line | None:
    events = moment.meeting.events if moment.meeting else []
    while len(events) > 1 and not _is_seen(events[-1].event_type, events[-1].message.sender, moment.meeting):
        events.pop()
    return line


def _is_seen(kind: EventType, who: str, meeting: Meeting | None) -> bool:
    """Whether undo finds it; `#here` is noted of those only who were not noted yet, as who has said a line is."""
    if kind != EventType.ATTENDEE or meeting is None:
        return kind not in (*ROLES, EventType.UNDO)
    noting = [one for one in meeting.events[:-1] if one.event_type not in (*ROLES, *REGISTERED)]
    return all(one.message.sender != who for one in noting)


def _undo_of_ones_own(moment: Moment, line: Line) -> Line | None:
    if moment.meeting is None or line.word != "#undo":
        return line
    own = moment.meeting.events[-1].message.sender == line.who
    return replace(line, who=moment.meeting.founder) if own else line


# -- what the peer finds instead


def _present_by_what_stands(played: Played, outcome: Outcome) -> Outcome:
    events = [one for one in played.meeting.events if one.event_type not in (*ROLES, EventType.END_MEETING)]
    return replace(outcome, present=frozenset(one.message.sender for one in events))


def _given_to_people_of_the_room(played: Played, outcome: Outcome) -> Outcome:
    events = [one for one in played.meeting.events if one.event_type == EventType.ACTION]
    given = zip(events, outcome.actions, strict=True)
    actions = [replace(action, owners=_owners(played, int(event.message.id), action.text)) for event, action in given]
    return replace(outcome, actions=tuple(actions))


def _owners(played: Played, number: int, text: str) -> frozenset[str]:
    """As the peer finds them, but also with the punctuation of sentences around a name."""
    room = played.room_at(number)
    in_front, _ = _people_in_front(_words(played.script.lines[number]) or [])
    if in_front:
        return frozenset(one for one in room if one.casefold() in in_front)
    bare = re.sub(r"[,;.!?)]+(?=\s|$)", "", re.sub(r"(?<!\S)[@(]+", "", text))
    return frozenset(one for one in room if _AliasMatcher(one, None).matches(bare))


DIFFERENCES = (
    Difference(
        "who begins",
        "A meeting is a date of the group and its minutes are the group's: only its chair begins one. With the peer "
        "anybody does, and is its chair.",
        hears=_begun_by_the_chair,
    ),
    Difference(
        "addresses by themselves",
        "Only what was tagged is stored; the peer makes a link of every message that begins with an address.",
        hears=_without_bare_addresses,
    ),
    Difference(
        "subtopics",
        "The peer has none. Who may begin a topic may divide it.",
        hears=_subtopics_of_chairs,
    ),
    Difference(
        "people in front, days and tags",
        "The words of an action item are read as `!aufgabe` reads them: `@name` in front, `bis=…` and `#tag` have "
        "their places in the register. For the peer they are words.",
        hears=_read_as_commands_are,
    ),
    Difference(
        "quotes",
        "One quoted phrase means what it quotes, and a quote that is left open is asked about, as in every command.",
        hears=_without_quotes,
    ),
    Difference(
        "numbers",
        "`#topic 3` means the third item of the agenda, and a resolution needs words that are no name of a resolution.",
        hears=_with_sense,
    ),
    Difference(
        "older words",
        "MeetBot's older words `#agreed` and `#rejected` are understood; the peer knows `#accepted` and `#failed`.",
        hears=_in_its_words,
    ),
    Difference(
        "chairs",
        "Only people of the room can lead, however their names are written; the peer takes every word for a name, and "
        "`anna` for somebody else than `Anna`.",
        hears=_chairs_of_the_room,
    ),
    Difference(
        "undo and what nobody sees",
        "Undo takes back the last thing that stands in the minutes, and again the one before. With the peer it may hit "
        "a `#chair`, which stays in force, and a second undo takes back the first and nothing else.",
        hears=_undo_of_what_is_seen,
    ),
    Difference(
        "undo of one's own",
        "Who has tagged something by mistake takes it back without asking the chair.",
        hears=_undo_of_ones_own,
    ),
    Difference(
        "whom an action item names",
        "Everybody who is in the room at that moment can be named, also before a comma or full stop. The peer knows "
        "only who has spoken or was made chair, and looks when the meeting is over.",
        finds=_given_to_people_of_the_room,
    ),
    Difference(
        "attendance",
        "There is who has begun the meeting, said `#here` or said something that stands in the minutes; chat is not "
        "looked at. The peer counts everybody who has said a word or was made chair, also after an undo.",
        finds=_present_by_what_stands,
    ),
)
