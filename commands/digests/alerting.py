"""Alerts as coordinators get them: with their digest, and whole when they ask."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from commands.chronicle.facts import AN_INSTANT
from commands.digests import alert_facts
from commands.digests.alerts import AlertContent, alerts, on_a_screen, reports_due, rest
from commands.digests.sending import groups_told
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command
from storage.rooms import Room, RoomKind


@command("alerts show", role=Role.COORDINATOR, where=Where.ANYWHERE)
async def show_alerts(ctx: Context) -> Answer:
    """Show coordinators all that is silent, stuck or unanswered now, what does not fit on a screen in the thread."""
    if ctx.room.kind not in (RoomKind.COORDINATORS, RoomKind.DIRECT):
        raise Refusal("alerts-elsewhere", prefix=ctx.setup.prefix)
    until = ctx.now + AN_INSTANT
    found = alerts(
        await alert_facts.load(ctx, await groups_told(ctx.tx, ctx.room.kind), until), until, ctx.setup.alerts
    )
    thread = None
    for part in reversed(rest(found)):
        thread = Say(key="alerts-more", data={"alerts": part}, thread=thread)
    return Say(key="alerts-now", data={"alerts": on_a_screen(found)}, thread=thread)


async def told(ctx: Context, groups: Sequence[Room], since: datetime, until: datetime) -> AlertContent | None:
    """Return what goes with the coordinators' digest of a window; other rooms are told nothing of it."""
    if ctx.room.kind != RoomKind.COORDINATORS:
        return None
    found = alerts(await alert_facts.load(ctx, groups, until), until, ctx.setup.alerts)
    return replace(on_a_screen(found), reports=reports_due(since, until, ctx.zone))
