"""The report on a period, for coordinators: its figures in a few words, and the whole of it as files."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from commands.chronicle.content import DigestContent
from commands.chronicle.facts import AN_INSTANT, gather
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import File, Refusal, Say
from commands.kit.texts import zone
from commands.kit.triggers import Where, command
from commands.reports.arguments import Wanted
from commands.reports.figures import LISTED, Answer, Report, figures
from commands.reports.periods import Period, around
from commands.reports.rendering import Frame, html, markdown, stem
from storage import municipalities, requests, rooms
from storage.rooms import Room, RoomKind

PLACES = (RoomKind.COORDINATORS, RoomKind.DIRECT)


@command("report", role=Role.COORDINATOR, where=Where.ANYWHERE)
async def show_report(ctx: Context, period: Wanted | None = None) -> Say:
    """Report on a period, the last complete month unless another is named, to coordinators and nobody else."""
    if ctx.room.kind not in PLACES:
        raise Refusal("report-elsewhere")
    at = zone(ctx.setup.zone)
    wanted = period or around("month", ctx.now.astimezone(at).date()).before
    since, end = wanted.window(at)
    until = min(end, ctx.now + AN_INSTANT)  # what happened at this very instant counts
    groups = await rooms.groups(ctx.tx)
    # What the coordinators do among themselves is told in their own room only, and a report is handed on.
    told = [group for group in groups if group.kind != RoomKind.COORDINATORS]
    content = await gather(ctx, told, since, until, LISTED, silent=True)
    seated = await municipalities.of_rooms(ctx.tx, [group.id for group in told])
    answers = await _answers(ctx, groups, since, until)
    initiative = next((group.title for group in told if group.kind == RoomKind.MAIN), "")
    frame = Frame(ctx.room.language, at, initiative, ctx.now)
    # In a thread: a year of a large initiative takes its time, in which nobody else would be heard.
    report, files = await asyncio.to_thread(_made, content, wanted, frame, seated, answers)
    thread = None
    for file in reversed(files):
        form = file.name.rpartition(".")[2]
        thread = Say(key="report-file", data={"period": wanted, "form": form}, file=file, thread=thread)
    return Say(key="report", data={"report": report}, thread=thread)


def _made(
    content: DigestContent,
    period: Period,
    frame: Frame,
    seated: Mapping[int, Collection[str]],
    answers: Sequence[Answer],
) -> tuple[Report, Sequence[File]]:
    report = figures(content, period, frame.zone, seated, answers)
    name = stem(period, frame.language)
    return report, [
        File(f"{name}.html", "text/html", html(report, frame)),
        File(f"{name}.md", "text/markdown", markdown(report, frame)),
    ]


async def _answers(ctx: Context, groups: Sequence[Room], since: datetime, until: datetime) -> list[Answer]:
    names = {group.id: group.name for group in groups}
    return [
        Answer(one.id, names.get(one.from_room_id, ""), one.to_room_id, one.question, one.answered_at)
        for one in await requests.answered_between(ctx.tx, since, until)
        if one.answered_at is not None
    ]
