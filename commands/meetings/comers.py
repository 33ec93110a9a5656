"""Who has answered to a date, read from the database: for texts, and for who is told of changes."""

from collections.abc import Collection
from dataclasses import dataclass

from commands.kit.context import Context
from commands.kit.texts import Name
from commands.meetings.answers import Tally, tally
from storage import rsvps
from storage.meetings import Meeting
from storage.rsvps import Answered

NAMED = 8  # people that a text names; all are notified


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told of a change because they meant to come: some by name, and how many more."""

    users: tuple[str, ...]
    people: list[Name]
    more: int


async def answers_of(ctx: Context, meeting: Meeting) -> list[Answered]:
    """Return what each member of the group answered last."""
    return (await rsvps.of_members(ctx.tx, meeting.room_id, [meeting.id]))[meeting.id]


async def tally_of(ctx: Context, meeting: Meeting) -> Tally:
    """Count who comes to a date."""
    return tally(await answers_of(ctx, meeting))


async def told(ctx: Context, changed: Collection[Meeting]) -> Told:
    """Return who accepted one of these dates of this group, or may come; without who changes them."""
    answers = await rsvps.of_members(ctx.tx, ctx.room.id, [meeting.id for meeting in changed])
    found = {
        one.user_id: Name(one.user_id, one.name)
        for date in answers.values()
        for one in date
        if one.answer != rsvps.Answer.DECLINED and one.user_id != ctx.sender
    }
    return Told(tuple(found), list(found.values())[:NAMED], max(0, len(found) - NAMED))
