"""Makes the digest of a window: gathers what happened, and says it as the room may read it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from commands.chronicle.facts import gather, words
from commands.digests.alerts import AlertContent
from commands.digests.pages import readable, said
from commands.digests.sizes import SHOWN
from commands.kit.context import Context
from commands.kit.say import Say
from storage import digests
from storage.base import Subject
from storage.rooms import Room


async def tell(
    ctx: Context,
    groups: Sequence[Room],
    since: datetime,
    until: datetime,
    *,
    about: Subject | None = None,
    alerts: AlertContent | None = None,
    inside: bool = False,
    highlights_until: datetime | None = None,
) -> Say | None:
    """Return the digest of these groups with its thread, as `said` lays it out; None where there is nothing to say.

    What coordinators point out is for those who are told of all groups; `highlights_until` leaves later ones out.
    """
    content = readable(await gather(ctx, groups, since, until, SHOWN))
    told = content.highlights if ctx.room.kind in digests.RECEIVERS else ()
    early = tuple(one for one in told if highlights_until is None or one.counts_at < highlights_until)
    content = replace(content, highlights=early)
    found = await words(ctx, content)
    await asyncio.sleep(0)  # much may have been read, and others shall be heard
    return said(content, found, ctx.zone, late=ctx.late, about=about, alerts=alerts, inside=inside)
