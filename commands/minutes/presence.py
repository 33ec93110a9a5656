"""Who is there: what members say of themselves and of others, and how much of the group that is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.attendance import Mark, marked
from commands.kit.context import Context
from commands.kit.pages import pages
from commands.kit.readers import Found, Members
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, command, reaction
from commands.kit.words import Word
from commands.minutes import attendance
from commands.minutes.attendance import Roll, Share
from commands.minutes.running import attend, changeable, heard, needed, origin
from commands.minutes.speakers import QUEUE, raise_hand, unask
from commands.votes import electorate
from storage import actions, meeting_rules, minutes, municipalities, outbox, resolutions, rsvps
from storage.minutes import Attendance, Minutes, MinutesState, Presence
from storage.municipalities import Standing
from storage.rooms import Room
from storage.rsvps import Answer as Reply

HANDS = ("👋", "🙋", "🙋\u200d♀️", "🙋\u200d♂️")
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Attending:
    """Who is there by the minutes, how much of the group that is, and who stands for which municipality."""

    roll: Roll
    share: Share
    stands: Mapping[str, int | None]
    towns: Mapping[int, str]


class Attendees(Members):
    """People of this room, also without the at sign."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses who is not in the room, and says how guests are noted."""
        try:
            return await super().read(words, ctx)
        except Refusal as refusal:
            if refusal.key != "member-unknown":
                raise
            raise Refusal("presence-unknown", **refusal.data) from None


People = Annotated[list[Name], Attendees(loose=True)]


@command("presence here")
async def here(ctx: Context, people: People | None = None) -> Answer:
    """Note that I am there, or these people."""
    return await _note(ctx, await needed(ctx), people, Presence.PRESENT)


@command("presence excused")
async def excuse(ctx: Context, people: People | None = None) -> Answer:
    """Note that I am excused, or these people."""
    return await _note(ctx, await needed(ctx), people, Presence.EXCUSED)


@command("presence guest")
async def welcome(ctx: Context, name: str) -> Answer:
    """Note a guest who is not in this room."""
    found = await needed(ctx)
    _add_guest(ctx, found, name)
    ctx.about = found
    return ctx.react("✅")


@here.edited
async def here_instead(ctx: Context, minutes_id: int, people: People | None = None) -> Answer:
    """Note these people instead."""
    found = await _undone(ctx, minutes_id)
    await _note(ctx, found, people, Presence.PRESENT)
    return ctx.react("✏️")


@excuse.edited
async def excused_instead(ctx: Context, minutes_id: int, people: People | None = None) -> Answer:
    """Note these people as excused instead."""
    found = await _undone(ctx, minutes_id)
    await _note(ctx, found, people, Presence.EXCUSED)
    return ctx.react("✏️")


@welcome.edited
async def rename(ctx: Context, minutes_id: int, name: str) -> Answer:
    """Correct the name of a guest."""
    _add_guest(ctx, await _undone(ctx, minutes_id), name)
    return ctx.react("✏️")


@here.redacted
@excuse.redacted
@welcome.redacted
async def withdraw(ctx: Context, minutes_id: int) -> Answer:
    """Take back what a deleted command said of the attendance."""
    await _take_back(ctx, ctx.event.relates_to or "", minutes_id)
    return None


@reaction(Minutes.noun, *HANDS)
async def here_by_reaction(ctx: Context, minutes_id: int) -> Answer:
    """Note who reacts to the start of the session; a raised hand on the list of speakers asks for the floor."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or not found.is_running or found.room_id != ctx.room.id:
        return None
    shown = await outbox.find(ctx.tx, ctx.event.relates_to or "")
    if shown is not None and shown.key == QUEUE:
        return await raise_hand(ctx, minutes_id)
    heard(ctx, found)
    await attend(ctx, found, ctx.sender)
    ctx.about = found
    return None


@here_by_reaction.redacted
async def gone_by_reaction(ctx: Context, minutes_id: int) -> Answer:
    """Take back what a reaction said; approved minutes stay as they are."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or found.state == MinutesState.APPROVED:
        return None
    await _take_back(ctx, ctx.event.relates_to or "", minutes_id)
    return await unask(ctx, minutes_id)


@command("presence list")
async def show(ctx: Context) -> Answer:
    """Show who is there, by municipality, and whether the group can decide."""
    found = await minutes.running(ctx.tx, ctx.room.id) or await minutes.latest(ctx.tx, ctx.room.id)
    if found is None:
        raise Refusal("session-none")
    there = await attending(ctx.tx, ctx.room, found, ctx.setup.nobody)
    known = await ctx.people([*there.roll.present, *there.roll.excused])
    names = {one.user_id: one for one in known}
    by_town = attendance.by_town(there.roll.present, there.stands)
    rows = [(there.towns[town] if town else None, [names[user] for user in users]) for town, users in by_town.items()]
    first, *rest = pages(sorted(rows, key=lambda row: (row[0] is None, row[0] or "")))
    data = {
        "rows": first,
        "more": len(rows) - len(first),
        "share": there.share,
        "excused": [names[user] for user in there.roll.excused],
        "guests": there.roll.guests,
    }
    return Say(key="presence-list", about=found, data=data, thread=_continued(rest))


def _continued(rest: Sequence[Sequence[object]]) -> Say | None:
    if not rest:
        return None
    return Say(key="presence-list-rest", data={"rows": rest[0]}, thread=_continued(rest[1:]))


async def attending(tx: AsyncSession, room: Room, found: Minutes, nobody: Collection[str]) -> Attending:
    """Return who is there by these minutes, and how much of the group that is."""
    marks = await _marks(tx, found)
    replies = (await rsvps.latest(tx, [found.meeting_id]))[found.meeting_id]
    roll = attendance.call(marks, [user for user, answer in replies.items() if answer == Reply.DECLINED])
    group = await electorate.load(tx, [room.id], nobody)
    stands = {user: voter.town for user, voter in group.voters.items()}
    for seat, town in await municipalities.seats(tx, [user for user in roll.present if user not in stands]):
        if seat.standing == Standing.MEMBER and town is not None:
            stands[seat.user_id] = town.id  # who was there counts, also after having left the room
    towns = {number: town.name for number, town in group.towns.items()}
    quorum = (await meeting_rules.of_room(tx, room.id)).quorum
    return Attending(roll, attendance.share(set(roll.present), stands, quorum), stands, towns)


async def _marks(tx: AsyncSession, found: Minutes) -> list[Mark]:
    """Return what was noted of the attendance; who said, decided or handed out something is there too."""
    decided = await resolutions.of_meeting(tx, found.meeting_id)
    given = await actions.of_meeting(tx, found.meeting_id)
    said = await minutes.speakers_of(tx, found.id)
    said += [(one.created_by, one.said_at or one.created_at) for one in decided]
    said += [(one.created_by, one.said_at or one.created_at) for one in given]
    return marked(await minutes.attendance(tx, found.id), said)


async def _note(ctx: Context, found: Minutes, people: Sequence[Name] | None, presence: Presence) -> Answer:
    for user in [one.user_id for one in people] if people else [ctx.sender]:
        await attend(ctx, found, user, presence)
    ctx.about = found
    return ctx.react("✅")


def _add_guest(ctx: Context, found: Minutes, name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise Refusal("text-too-long", length=len(name), limit=LONGEST_NAME)
    ctx.tx.add(
        Attendance(
            minutes_id=found.id,
            name=" ".join(name.split()),
            presence=Presence.GUEST,
            at=ctx.event.at,
            by=ctx.sender,
            event_id=origin(ctx),
        )
    )


async def _undone(ctx: Context, minutes_id: int) -> Minutes:
    """Return the minutes without what the message said before it was edited."""
    await _take_back(ctx, origin(ctx), minutes_id)
    return await changeable(ctx, minutes_id)


async def _take_back(ctx: Context, event_id: str, minutes_id: int) -> None:
    rows = await minutes.attendance_of_event(ctx.tx, event_id)
    if rows:
        await changeable(ctx, minutes_id)
    for one in rows:
        one.taken_back_at = ctx.now
    await ctx.tx.flush()
