"""Gathers the meetings of a window: how far their minutes are, and which municipalities were there."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import quote

from commands.chronicle.content import AHEAD, MeetingFact
from commands.kit.attendance import marked, present
from commands.kit.context import Context
from commands.votes import electorate
from storage import actions, links, meetings, minutes, municipalities, resolutions
from storage.links import LinkKind
from storage.meetings import Meeting, MeetingState
from storage.minutes import Minutes
from storage.municipalities import Standing
from storage.rooms import Room, RoomKind

LONGEST_MEETING = timedelta(days=7)  # a meeting counts when it ends, and is found by its start


class Represented(NamedTuple):
    """The names of the municipalities that were there, and how many the group has."""

    towns: tuple[str, ...]
    of_towns: int


async def meeting_facts(
    ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime
) -> list[MeetingFact]:
    """Return the meetings of these groups in a window and in the two weeks after it."""
    found = await meetings.between(ctx.tx, since - LONGEST_MEETING, until + AHEAD)
    found = [meeting for meeting in found if meeting.room_id in groups]
    held = [one.id for one in found if one.is_planned and since <= one.ends_at < until]
    written = await minutes.of_meetings(ctx.tx, held)
    archive = await _archive(ctx)
    there = await _represented(ctx, written) if written else {}
    return [_fact(meeting, written.get(meeting.id), archive, there.get(meeting.id)) for meeting in found]


def _fact(meeting: Meeting, written: Minutes | None, archive: str, there: Represented | None) -> MeetingFact:
    far = _far(written)
    return MeetingFact(
        name=meeting.name,
        group=meeting.room_id,
        title=meeting.title,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        cancelled=meeting.state == MeetingState.CANCELLED,
        skipped=meeting.state == MeetingState.SKIPPED,
        reason=meeting.reason,
        link=meeting.link,
        minutes=far,
        minutes_link=archive + quote(meeting.name) if archive and far == "approved" else None,
        towns=there.towns if there else None,
        of_towns=there.of_towns if there else 0,
    )


def _far(written: Minutes | None) -> Literal["none", "draft", "approved"]:
    """While a correction is a draft, the version that was approved before can be read."""
    if written is None or written.is_running:
        return "none"
    return "approved" if written.version else "draft"


async def _archive(ctx: Context) -> str:
    """Return the address under which this room reads approved minutes, empty as long as nobody has asked for it."""
    owner = ctx.room.id if ctx.room.kind == RoomKind.GROUP else None
    link = await links.current(ctx.tx, LinkKind.ARCHIVE, owner)
    return f"{ctx.setup.web}/archive/{link.secret}/" if link and ctx.setup.web else ""


async def _represented(ctx: Context, written: Mapping[int, Minutes]) -> dict[int, Represented]:
    """Return by meeting which municipalities were there, where anybody was noted.

    Who was there counts, also after having left the room.
    """
    here = await _present(ctx, written)
    known = await electorate.load(ctx.tx, {one.room_id for one in written.values()}, ctx.setup.nobody)
    sitting: dict[int, set[int]] = {}
    for voter in known.voters.values():
        if voter.town is not None:
            for room in voter.rooms:
                sitting.setdefault(room, set()).add(voter.town)
    everybody = {user for users in here.values() for user in users}
    seats = [seat for seat, _ in await municipalities.seats(ctx.tx, everybody) if seat.standing == Standing.MEMBER]
    stands = {seat.user_id: seat.municipality_id for seat in seats}
    found = {}
    for meeting_id, users in here.items():
        towns = {number for user in users if (number := stands.get(user)) is not None}
        names = tuple(town.name for number, town in known.towns.items() if number in towns)
        found[meeting_id] = Represented(names, len(towns | sitting.get(written[meeting_id].room_id, set())))
    return found


async def _present(ctx: Context, written: Mapping[int, Minutes]) -> dict[int, set[str]]:
    """Return the members who were at these meetings, as their minutes say, where these say of anybody."""
    numbers = [one.id for one in written.values()]
    noted = await minutes.noted(ctx.tx, numbers)
    said: dict[int, list[tuple[str, datetime]]] = {}
    of_minutes = {one.id: meeting_id for meeting_id, one in written.items()}
    for number, user, at in await minutes.speakers(ctx.tx, numbers):
        said.setdefault(of_minutes[number], []).append((user, at))
    for found in (await resolutions.makers(ctx.tx, written), await actions.givers(ctx.tx, written)):
        for meeting_id, user, at in found:
            said.setdefault(meeting_id, []).append((user, at))
    marks = {one: marked(noted.get(written[one].id, ()), said.get(one, ())) for one in written}
    return {one: present(found) for one, found in marks.items() if found}
