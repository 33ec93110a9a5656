"""A capability that does what a handler must not do, and notes what ran."""

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Capability, Trigger, command, job
from storage import people


def capability(ran: list[str]) -> Capability:
    """Make the capability; each run of a handler is added to `ran`."""
    return Capability(__name__, (*_failing(ran), *_leading(ran), *_timed(ran), go_on))


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


@command("sample go on")
async def go_on(_: Context) -> Answer:
    """Say one thing, and another in a thread."""
    return Say(key="sample-said", data={"text": "one"}, thread=Say(key="sample-said", data={"text": "two"}))
