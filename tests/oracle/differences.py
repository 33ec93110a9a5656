"""Where uagbot wants to differ from its peer, and what the peer hears instead so that all the rest is equal."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hcoopmeetbotlogic.meeting import EventType, Meeting

from tests.oracle.outcome import Outcome
from tests.oracle.peer import listening
from tests.oracle.script import Line, Script, instant

UNSEEN = (EventType.ADD_CHAIR, EventType.REMOVE_CHAIR, EventType.ATTENDEE, EventType.UNDO)
"""What the peer keeps among the lines of the minutes without showing it there."""
OTHER_WORDS = {"#agreed": "#accepted", "#rejected": "#failed", "#subtopic": "#help"}
CHAIR_WORDS = ("#subtopic",)


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is when the peer is about to hear a line: its meeting, if one runs, the group's chair, the room."""

    meeting: Meeting | None
    chair: str
    room: Collection[str]


def _hears(_: Moment, line: Line) -> Line | None:
    return line


def _finds(_: Meeting, outcome: Outcome) -> Outcome:
    return outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """One wanted difference: what the peer hears instead of a line (None: nothing), and what came of it instead."""

    name: str
    reason: str
    hears: Callable[[Moment, Line], Line | None] = _hears
    finds: Callable[[Meeting, Outcome], Outcome] = _finds


def play(script: Script, folder: Path, differences: Sequence[Difference]) -> Outcome:
    """Let the peer take the minutes of a meeting, with these differences."""
    room = set(script.members)
    with listening(folder) as peer:
        for number, line in enumerate(script.lines):
            if line.text is None:
                room.add(line.who)
            heard: Line | None = line
            for one in differences:
                heard = one.hears(Moment(peer.running, script.members[0], room), heard) if heard else None
            if heard and heard.text is not None:
                peer.hears(heard.who, heard.text, instant(number))
        assert peer.ended is not None
        outcome = peer.outcome()
        for one in differences:
            outcome = one.finds(peer.ended, outcome)
    return outcome


def _begun_by_the_chair(moment: Moment, line: Line) -> Line | None:
    begins = moment.meeting is None and line.word == "#startmeeting"
    return None if begins and line.who != moment.chair else line


def _in_its_words(moment: Moment, line: Line) -> Line | None:
    if moment.meeting and line.word in CHAIR_WORDS and not moment.meeting.is_chair(line.who):
        return None
    return replace(line, text=f"{OTHER_WORDS[line.word]} {line.words}") if line.word in OTHER_WORDS else line


def _without_bare_addresses(_: Moment, line: Line) -> Line | None:
    return None if (line.text or "").startswith(("http://", "https://")) else line


def _undo_of_what_is_seen(moment: Moment, line: Line) -> Line | None:
    events = moment.meeting.events if moment.meeting else []
    while len(events) > 1 and events[-1].event_type in UNSEEN:
        events.pop()
    return line


def _undo_of_ones_own(moment: Moment, line: Line) -> Line | None:
    own = moment.meeting is not None and moment.meeting.events[-1].message.sender == line.who
    return replace(line, who=moment.meeting.founder) if moment.meeting and own and line.word == "#undo" else line


def _known_from_the_room(moment: Moment, line: Line) -> Line | None:
    for name in moment.room if moment.meeting else ():
        moment.meeting.track_nick(name, messages=0)
    return line


def _named_in_any_case(moment: Moment, line: Line) -> Line | None:
    if line.word not in ("#chair", "#unchair"):
        return line
    names = {name.casefold(): name for name in moment.room}
    written = line.words.replace(",", " ").split()
    return replace(line, text=" ".join([line.word, *(names.get(one.casefold(), one) for one in written)]))


def _present_by_what_was_tagged(meeting: Meeting, outcome: Outcome) -> Outcome:
    tagged = {one.sender for one in meeting.messages if one.payload.startswith("#")}
    return replace(outcome, present=frozenset(tagged))


DIFFERENCES = (
    Difference(
        "Wer beginnt",
        "Only the group's chair begins a meeting; with the peer anybody does, and is its chair.",
        hears=_begun_by_the_chair,
    ),
    Difference("Words", "", hears=_in_its_words),
    Difference("bare addresses", "", hears=_without_bare_addresses),
    Difference("names in any case", "", hears=_named_in_any_case),
    Difference("undo seen", "", hears=_undo_of_what_is_seen),
    Difference("undo own", "", hears=_undo_of_ones_own),
    Difference("known", "", hears=_known_from_the_room),
    Difference("Attendance", "", finds=_present_by_what_was_tagged),
)
