"""Who leads a session and writes its minutes, how it is called, and by which rules the group holds its sessions."""

from collections.abc import Sequence

from commands.kit.context import Context
from commands.kit.readers import NamedPeople
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, command
from commands.minutes.presence import attending
from commands.minutes.running import meeting_of, needed
from commands.votes.arguments import Quorum, YesNo
from storage import meeting_rules, minutes
from storage.meeting_rules import MeetingRules
from storage.minutes import Minutes

LONGEST_TITLE = 150


@command("session leads")
async def add_leads(ctx: Context, people: NamedPeople) -> Answer:
    """Let these people lead the session too."""
    found = await _led(ctx)
    found.leads = _with(found.leads, people)
    return await _shown(ctx, found)


@command("session leads off")
async def remove_leads(ctx: Context, people: NamedPeople) -> Answer:
    """Let these people lead the session no more."""
    found = await _led(ctx)
    found.leads = _without(found.leads, people)
    return await _shown(ctx, found)


@command("session scribes")
async def add_scribes(ctx: Context, people: NamedPeople) -> Answer:
    """Let these people write the minutes."""
    found = await _led(ctx)
    found.scribes = _with(found.scribes, people)
    return await _shown(ctx, found)


@command("session scribes off")
async def remove_scribes(ctx: Context, people: NamedPeople) -> Answer:
    """Let these people write the minutes no more."""
    found = await _led(ctx)
    found.scribes = _without(found.scribes, people)
    return await _shown(ctx, found)


@command("session title")
async def entitle(ctx: Context, title: str) -> Answer:
    """Give the session another title; other dates of its series keep theirs."""
    found = await _led(ctx)
    if len(title) > LONGEST_TITLE:
        raise Refusal("text-too-long", length=len(title), limit=LONGEST_TITLE)
    meeting = await meeting_of(ctx, found)
    meeting.title, meeting.override = title, True
    meeting.sequence += 1
    return ctx.react("✅")


@command("session quorum")
async def set_quorum(ctx: Context, quorum: Quorum | None = None) -> Answer:
    """Choose how many municipalities must be there for the group to decide; without a choice, show it."""
    if quorum is not None:
        await ctx.allow(Role.CHAIR)
        (await _rules(ctx)).quorum = quorum
    return await _quorum(ctx)


@command("session quorum off", role=Role.CHAIR)
async def no_quorum(ctx: Context) -> Answer:
    """Let the group decide however few are there."""
    (await _rules(ctx)).quorum = None
    return await _quorum(ctx)


@command("session automatic", role=Role.CHAIR)
async def set_automatic(ctx: Context, choice: YesNo) -> Answer:
    """Choose whether sessions start by themselves at their planned time."""
    chosen = await _rules(ctx)
    chosen.starts_by_itself = choice == "yes"
    return ctx.say("session-automatic", on=chosen.starts_by_itself)


async def _led(ctx: Context) -> Minutes:
    found = await needed(ctx)
    await ctx.allow(Role.CHAIR)
    return found


def _with(users: Sequence[str], people: Sequence[Name]) -> list[str]:
    return list(dict.fromkeys([*users, *(one.user_id for one in people)]))


def _without(users: Sequence[str], people: Sequence[Name]) -> list[str]:
    gone = {one.user_id for one in people}
    return [user for user in users if user not in gone]


async def _shown(ctx: Context, found: Minutes) -> Say:
    leads, scribes = await ctx.people(found.leads), await ctx.people(found.scribes)
    return ctx.say("session-roles", leads=leads, scribes=scribes)


async def _rules(ctx: Context) -> MeetingRules:
    """Return the rules of this group, to be changed."""
    found = await meeting_rules.of_room(ctx.tx, ctx.room.id)
    ctx.tx.add(found)
    return found


async def _quorum(ctx: Context) -> Say:
    await ctx.tx.flush()
    found = await minutes.running(ctx.tx, ctx.room.id)
    there = await attending(ctx.tx, ctx.room, found, ctx.setup.nobody) if found else None
    rule = (await meeting_rules.of_room(ctx.tx, ctx.room.id)).quorum
    return ctx.say("session-quorum", rule=rule, share=there.share if there else None)
