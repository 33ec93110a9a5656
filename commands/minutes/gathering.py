"""Reads what is stored of a meeting into its minutes: always the same few queries, however long it was."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.assigned import Assigned, assigned_to
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
from commands.minutes.presence import Attending, attending
from commands.votes.counting import standings
from storage import actions, agenda, polls, resolutions, rooms
from storage import minutes as stored
from storage.actions import ActionItem
from storage.meetings import Meeting
from storage.minutes import Line, LineKind, Minutes
from storage.polls import PollKind
from storage.resolutions import Procedure, Resolution
from storage.rooms import Room


@dataclass(frozen=True, slots=True)
class Found:
    """What was loaded: the same facts that the document says, still as they are stored."""

    lines: Sequence[Line]
    resolutions: Sequence[Resolution]
    votes: Mapping[int, Vote]
    actions: Sequence[ActionItem]
    assigned: Mapping[int, Assigned]
    names: Mapping[str, str]
    matrix_id: str


async def gather(tx: AsyncSession, minutes: Minutes, nobody: Collection[str]) -> Document:
    """Return the minutes of a meeting as they stand now; `nobody` are the bots."""
    meeting = await tx.get_one(Meeting, minutes.meeting_id)
    room = await tx.get_one(Room, minutes.room_id)
    there = await attending(tx, room, minutes, nobody)
    lines = await stored.lines(tx, minutes.id)
    decided = await resolutions.of_meeting(tx, meeting.id)
    given = await actions.of_meeting(tx, meeting.id)
    assigned = await assigned_to(tx, [one.id for one in given])
    speakers = {*minutes.leads, *minutes.scribes, *(one.by for one in lines)}
    authors = {*(one.created_by for one in decided), *(one.created_by for one in given)}
    names = await rooms.names(tx, [*there.roll.present, *there.roll.excused, *speakers, *authors])
    votes = await _votes(tx, decided, nobody)
    found = Found(lines, decided, votes, given, assigned, names, room.matrix_id)
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
        attendance=_attendance(there, names),
        topics=_topics(found, minutes.started_at),
        unreached=await _unreached(tx, minutes, lines),
    )


# -- who was there


def _attendance(there: Attending, names: Mapping[str, str]) -> Attendance:
    """Who is a guest or an observer of the group stands with the guests."""
    towns = {user: there.towns.get(town or 0, "") for user, town in there.stands.items()}
    visitors = [names[user] for user in there.roll.present if user not in towns]
    return Attendance(
        present=tuple(Attendee(one_line(names[user]), towns[user]) for user in there.roll.present if user in towns),
        excused=lines_of(names[user] for user in there.roll.excused),
        guests=lines_of([*visitors, *there.roll.guests]),
        represented=there.share.present if there.share.towns else 0,
        towns=there.share.total if there.share.towns else 0,
        needed=there.share.needed,
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
        at=one.said_at or one.created_at,
        by=one_line(found.names[one.created_by]),
        link=_link(found, one.event_id),
        decision=Decision(one.name, one.state, one.procedure == Procedure.CONSENT, found.votes.get(one.poll_id or 0)),
    )


def _action(found: Found, one: ActionItem) -> Entry:
    people = lines_of(found.assigned[one.id].names)
    return Entry(
        kind=ACTION,
        key=f"A{one.id}",
        text=one_line(one.text),
        at=one.said_at or one.created_at,
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
