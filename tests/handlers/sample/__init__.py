"""A capability that does what a handler must not do, says what no other says, and notes what ran."""

from collections.abc import Sequence

from sqlalchemy import select

from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.message import Look
from commands.kit.roles import Role
from commands.kit.say import File, Refusal, Say
from commands.kit.tagging import Tagged
from commands.kit.triggers import MESSAGE, Answer, Capability, Trigger, command, job, reaction, source
from storage import people
from storage.inbox import HandledEvent


def capability(ran: list[str]) -> Capability:
    """Make the capability; each run of a handler is added to `ran`."""
    found = (*_failing(ran), *_leading(ran), *_timed(ran), *_looking(ran), *_past(ran), go_on, hand_out)
    return Capability(__name__, found)


async def _store(ctx: Context, ran: list[str], name: str) -> None:
    ran.append(name)
    await people.settings(ctx.tx, ctx.sender)
    await ctx.tx.flush()


def _failing(ran: list[str]) -> list[Trigger]:
    @command("sample break")
    async def break_down(ctx: Context) -> Answer:
        await _store(ctx, ran, "break")
        raise RuntimeError("a secret detail")

    @command("sample refuse")
    async def refuse(ctx: Context) -> Answer:
        await _store(ctx, ran, "refuse")
        raise Refusal("sample-no", why="today")

    @command("sample mistake")
    async def refuse_wrongly(ctx: Context) -> Answer:
        await _store(ctx, ran, "mistake")
        raise Refusal("sample-no")

    return [break_down, refuse, refuse_wrongly]


def _leading(ran: list[str]) -> list[Trigger]:
    @command("sample lead", role=Role.CHAIR)
    async def lead(ctx: Context, text: str) -> Answer:
        await _store(ctx, ran, "lead")
        return ctx.say("sample-said", about=ctx.room, text=text)

    @lead.edited
    async def lead_otherwise(ctx: Context, _: int, text: str) -> Answer:
        await _store(ctx, ran, "lead otherwise")
        return ctx.update("sample-said", about=ctx.room, text=text)

    @command("sample coordinate", role=Role.COORDINATOR)
    async def coordinate(ctx: Context) -> Answer:
        await _store(ctx, ran, "coordinate")
        return ctx.say("sample-said", text="coordinated")

    return [lead, coordinate]


def _timed(ran: list[str]) -> list[Trigger]:
    @job("sample broken deadline")
    async def break_later(ctx: Context, _: int) -> Answer:
        await _store(ctx, ran, "broken deadline")
        raise RuntimeError("a secret detail")

    @job("sample deadline")
    async def happen(ctx: Context, subject: int) -> Answer:
        ran.append(f"deadline {subject}")
        return ctx.say("sample-said", text=f"deadline {subject}")

    return [break_later, happen]


async def what_leads(ctx: Context, _: int) -> Sequence[Look]:
    """Look at the latest command that led, and at what relates to its answer."""
    ran_by = select(HandledEvent.event_id).where(HandledEvent.trigger == "sample lead")
    command_id = await ctx.tx.scalar(ran_by.order_by(HandledEvent.at.desc()).limit(1))
    said = await ctx.said("sample-said", ctx.room)
    looks = [Look(ctx.room.matrix_id, command_id, related=False)] if command_id else []
    return [*looks, Look(ctx.room.matrix_id, said.event_id, related=True)] if said and said.event_id else looks


def _looking(ran: list[str]) -> list[Trigger]:
    @job("sample look", looks=what_leads)
    async def look(ctx: Context, _: int) -> Answer:
        """Say what was found."""
        ran.append(f"look {len(ctx.found)}")
        return ctx.say("sample-found", found=ctx.found)

    @job("sample blind look", looks=_mistake)
    async def look_blindly(_: Context, __: int) -> Answer:
        ran.append("blind look")
        return None

    @command("sample look")
    async def plan_look(ctx: Context) -> Answer:
        await ctx.due("sample look", ctx.room, at=ctx.now)
        return None

    return [look, look_blindly, plan_look]


def _past(ran: list[str]) -> list[Trigger]:
    made: dict[str, list[int]] = {}

    @reaction(MESSAGE, "🌳")
    async def keep(ctx: Context, event_id: str) -> Answer:
        ran.append(f"kept {event_id}")
        await tagging.tag(ctx, "sample tag", event_id, reacted=True)
        return None

    @keep.redacted
    async def forget(ctx: Context, tag_id: int) -> Answer:
        ran.append("forgot")
        await tagging.untag(ctx, tag_id)
        return None

    @command("sample hash")
    async def say_it(ctx: Context, text: str) -> Answer:
        ran.append(f"hash {text}")
        return ctx.say("sample-said", about=ctx.room, text=text)

    @say_it.edited
    async def say_it_otherwise(ctx: Context, _: int, text: str) -> Answer:
        return ctx.update("sample-said", about=ctx.room, text=text)

    @tagging.reads("sample tag")
    async def read(ctx: Context, tag_id: int) -> Answer:
        found = await tagging.take(ctx, tag_id)
        if not isinstance(found, Tagged):
            return found
        ran.append(f"look at {found.text}")
        numbers = made.setdefault(found.tag.source_event_id, [])
        numbers.append(len(numbers) + 1)
        said = ctx.say("sample-said", text=f"{found.author} {found.text} ({ctx.sender})")
        return [tagging.acknowledge(found, "🌱"), said]

    return [keep, say_it, read, *(_source(ran, made, name) for name in ("sample source", "sample second source"))]


def _source(ran: list[str], made: dict[str, list[int]], name: str) -> Trigger:
    @source(name)
    async def made_of(_: Context, event_id: str) -> Sequence[int]:
        return made.get(event_id, [])

    @made_of.edited
    async def change(ctx: Context, number: int, text: str) -> Answer:
        ran.append(f"{name} {number} {ctx.sender} {text}")
        return ctx.say("sample-said", text=f"{number} {text}")

    @made_of.redacted
    async def lose(_: Context, number: int) -> Answer:
        ran.append(f"{name} {number} gone")
        return None

    return made_of


async def _mistake(_: Context, __: int) -> Sequence[Look]:
    raise RuntimeError("a secret detail")


@command("sample go on")
async def go_on(_: Context) -> Answer:
    """Say one thing, and another in a thread."""
    return Say(key="sample-said", data={"text": "one"}, thread=Say(key="sample-said", data={"text": "two"}))


MINUTES = "Protokoll\n\n1. Grüße aus Wörlitz 🌳\n"


@command("sample file")
async def hand_out(ctx: Context, text: str = MINUTES) -> Answer:
    """Hand out a file, and another in a thread."""
    plan = File("Plan.ics", "text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    more = Say(key="sample-said", data={"text": "der Plan"}, file=plan)
    minutes = File("Protokoll 7.md", "text/markdown", text)
    return Say(key="sample-said", data={"text": "das Protokoll"}, about=ctx.room, file=minutes, thread=more)
