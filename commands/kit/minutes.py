"""What is said in a meeting stands in its minutes, and stays as it is once these are approved."""

from datetime import datetime
from typing import NamedTuple

from commands.kit.context import Context
from commands.kit.say import Refusal
from commands.kit.tagging import Tagged
from storage import meetings, minutes
from storage.minutes import Minutes, MinutesState


class Place(NamedTuple):
    """The minutes in which something stands, None where it was said in no meeting; and when it counts as said."""

    minutes: Minutes | None
    at: datetime

    @property
    def meeting_id(self) -> int | None:
        """The meeting of these minutes."""
        return self.minutes.meeting_id if self.minutes else None


async def place_of(ctx: Context, found: Tagged) -> Place:
    """Return where a tagged message stands: in the meeting in which it was said, else in the one that ran when tagged.

    What was said during that meeting counts as said then, everything else when it was tagged.
    """
    said_in = await minutes.covering(ctx.tx, ctx.room.id, found.at)
    if said_in is not None and said_in.state != MinutesState.APPROVED:
        return Place(said_in, found.at)
    number = found.tag.details.get("minutes")
    ran = await minutes.by_id(ctx.tx, number) if number else None
    return Place(ran if ran and ran.state != MinutesState.APPROVED else None, found.tag.at)


async def is_approved(ctx: Context, meeting_id: int | None) -> bool:
    """Whether the minutes of this meeting are approved."""
    found = await minutes.of_meeting(ctx.tx, meeting_id) if meeting_id is not None else None
    return found is not None and found.state == MinutesState.APPROVED


async def check_changeable(ctx: Context, meeting_id: int | None) -> None:
    """Refuse to change what stands in approved minutes."""
    if meeting_id is not None and await is_approved(ctx, meeting_id):
        raise Refusal("in-approved-minutes", meeting=await meetings.by_id(ctx.tx, meeting_id))
