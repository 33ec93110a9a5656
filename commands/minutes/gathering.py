"""Reads what is stored of a meeting into its minutes: always the same few queries, however long it was."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.texts import event_link
from commands.minutes.document import (
    ACTION,
    RESOLUTION,
    Attendance,
    Attendee,
    Decision,
    Document,
    Entry,
    Task,
    Topic,
    Vote,
    lines_of,
    one_line,
)
from commands.votes.counting import standings
from commands.votes.result import quorum_needed
from storage import actions, agenda, meeting_rules, municipalities, polls, resolutions, rooms, rsvps
from storage import minutes as stored
from storage.actions import ActionItem
from storage.meetings import Meeting
from storage.minutes import Line, LineKind, Minutes, Presence
from storage.municipalities import Standing
from storage.polls import PollKind
from storage.resolutions import Procedure, Resolution
from storage.rooms import Room
from storage.rsvps import Answer


@dataclass(frozen=True, slots=True)
class Found:
    """What was loaded: the same facts that the document says, still as they are stored."""

    lines: Sequence[Line]
    resolutions: Sequence[Resolution]
    votes: Mapping[int, Vote]
    actions: Sequence[ActionItem]
    assignees: Mapping[int, Sequence[str]]
    names: Mapping[str, str]
    matrix_id: str


async def gather(tx: AsyncSession, minutes: Minutes, nobody: Collection[str]) -> Document:
    """Return the minutes of a meeting as they stand now; `nobody` are the bots."""
    meeting = await tx.get_one(Meeting, minutes.meeting_id)
    room = await tx.get_one(Room, minutes.room_id)
    people = await _people(tx, minutes, room, nobody)
    lines = await stored.lines(tx, minutes.id)
    decided = await resolutions.of_meeting(tx, meeting.id)
    given = await actions.of_meeting(tx, meeting.id)
    assignees = await actions.assignees(tx, [one.id for one in given])
    speakers = {*minutes.leads, *minutes.scribes, *(one.by for one in lines)}
    authors = {*(one.created_by for one in decided), *(one.created_by for one in given)}
    assigned = (user for users in assignees.values() for user in users)
    names = await rooms.names(tx, [*people.users, *speakers, *authors, *assigned])
    votes = await _votes(tx, decided, nobody)
    found = Found(lines, decided, votes, given, assignees, names, room.matrix_id)
    return Document(
        group=one_line(room.name),
        name=meeting.name,
        title=one_line(meeting.title),
        starts_at=minutes.started_at,
        ends_at=minutes.ended_at,
        zone=meeting.zone,
        place=one_line(meeting.place or ""),
        link=meeting.link or "",
        leads=lines_of(names[user] for user in minutes.leads),
        scribes=lines_of(names[user] for user in minutes.scribes),
        attendance=_attendance(people, names),
        topics=_topics(found, minutes.started_at),
        unreached=await _unreached(tx, minutes, lines),
    )


# -- who was there


@dataclass(frozen=True, slots=True)
class _People:
    """User ids: present (in the order in which they came), excused, members of the room; seats; guests by name."""

    present: Sequence[str]
    excused: Sequence[str]
    guests: Sequence[str]
    members: Sequence[str]
    towns: Mapping[str, str]
    no_voters: Collection[str]
    quorum: str | None

    @property
    def users(self) -> Sequence[str]:
        return [*self.present, *self.excused]


async def _people(tx: AsyncSession, minutes: Minutes, room: Room, nobody: Collection[str]) -> _People:
    noted = await stored.attendance(tx, minutes.id)
    present = [one.user_id for one in noted if one.user_id and one.presence != Presence.EXCUSED]
    excused = [one.user_id for one in noted if one.user_id and one.presence == Presence.EXCUSED]
    answers = (await rsvps.latest(tx, [minutes.meeting_id]))[minutes.meeting_id]
    declined = [user for user, answer in answers.items() if answer == Answer.DECLINED]
    members = [one.user_id for one in await rooms.members(tx, room) if one.user_id not in nobody]
    seats = await municipalities.seats(tx, {*members, *present})
    return _People(
        present=present,
        excused=list(dict.fromkeys(user for user in [*excused, *declined] if user not in present)),
        guests=[one.name for one in noted if one.name and not one.user_id],
        members=members,
        towns={seat.user_id: town.name for seat, town in seats if town and seat.standing == Standing.MEMBER},
        no_voters={seat.user_id for seat, _ in seats if seat.standing != Standing.MEMBER},
        quorum=(await meeting_rules.of_room(tx, room.id)).quorum,
    )


def _attendance(people: _People, names: Mapping[str, str]) -> Attendance:
    """Who stands for nobody as a guest or an observer is listed with the guests."""
    voters = [user for user in people.present if user not in people.no_voters]
    visitors = [names[user] for user in people.present if user in people.no_voters]
    towns = {people.towns[user] for user in [*people.members, *voters] if user in people.towns}
    members = [user for user in people.members if user not in people.no_voters]
    return Attendance(
        present=tuple(Attendee(one_line(names[user]), people.towns.get(user, "")) for user in voters),
        excused=lines_of(names[user] for user in people.excused),
        guests=lines_of([*visitors, *people.guests]),
        represented=len({people.towns[user] for user in voters if user in people.towns}),
        towns=len(towns),
        needed=quorum_needed(people.quorum, len(towns) or len(members)),
    )


# -- what was said


def _topics(found: Found, started_at: datetime) -> tuple[Topic, ...]:
    """Lay everything under the topic that ran when it was said."""
    pieces: list[Topic | Entry] = [_line(found, one) for one in found.lines]
    pieces += [_resolution(found, one) for one in found.resolutions]
    pieces += [_action(found, one) for one in found.actions]
    topics: list[tuple[Topic, list[Entry]]] = [(Topic("", "", started_at), [])]
    for piece in sorted(pieces, key=lambda one: one.at):
        if isinstance(piece, Topic):
            topics.append((replace(piece, number=len(topics)), []))
        else:
            topics[-1][1].append(piece)
    return tuple(replace(topic, entries=tuple(entries)) for topic, entries in topics if topic.title or entries)


def _line(found: Found, line: Line) -> Topic | Entry:
    key, text, link = f"line {line.id}", one_line(line.text), event_link(found.matrix_id, line.source_event_id)
    if line.kind == LineKind.TOPIC:
        return Topic(key, text or "–", line.at, link)
    return Entry(line.kind, key, text, line.at, one_line(found.names[line.by]), link)


def _resolution(found: Found, one: Resolution) -> Entry:
    return Entry(
        kind=RESOLUTION,
        key=one.name,
        text=one_line(one.text),
        at=one.created_at,
        by=one_line(found.names[one.created_by]),
        link=_link(found, one.event_id),
        decision=Decision(one.name, one.state, one.procedure == Procedure.CONSENT, found.votes.get(one.poll_id or 0)),
    )


def _action(found: Found, one: ActionItem) -> Entry:
    people = lines_of(found.names[user] for user in found.assignees.get(one.id, ()))
    return Entry(
        kind=ACTION,
        key=f"A{one.id}",
        text=one_line(one.text),
        at=one.created_at,
        by=one_line(found.names[one.created_by]),
        link=_link(found, one.source_event_id),
        task=Task(f"A{one.id}", one.state, people, one.due_on),
    )


def _link(found: Found, event_id: str | None) -> str:
    return event_link(found.matrix_id, event_id) if event_id else ""


async def _votes(tx: AsyncSession, found: Iterable[Resolution], nobody: Collection[str]) -> dict[int, Vote]:
    """Return the vote on each resolution; of a vote that runs, and of dates, only how many took part."""
    numbers = {one.poll_id for one in found if one.poll_id is not None}
    asked = await polls.by_ids(tx, numbers) if numbers else []
    results = await standings(tx, asked, nobody)
    return {
        poll.id: Vote(
            poll=f"U{poll.id}",
            options=tuple((one_line(one.text), one.votes) for one in results[poll.id].options)
            if not poll.is_open and poll.kind != PollKind.DATE
            else (),
            voters=results[poll.id].voters,
            eligible=results[poll.id].eligible,
        )
        for poll in asked
    }


async def _unreached(tx: AsyncSession, minutes: Minutes, lines: Sequence[Line]) -> tuple[str, ...]:
    """Return the agenda items that were there and that no line is about.

    Once minutes are approved, what they say of it stays: the group's open items are those of later meetings by then.
    """
    reached = {one.agenda_item_id for one in lines}
    if minutes.version:
        kept = await stored.version(tx, minutes.id, minutes.version)
        return tuple(kept.document["unreached"]) if kept else ()
    until = minutes.ended_at
    items = await agenda.of_meeting(tx, minutes.room_id, minutes.meeting_id)
    return lines_of(one.title for one in items if one.id not in reached and (until is None or one.created_at <= until))
