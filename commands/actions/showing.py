"""How an action item is shown with all that happened to it."""

from collections.abc import Sequence
from typing import Any

from commands.actions.items import ActionId, Entry, assigned, history, link, picture, reach
from commands.kit.context import Context
from commands.kit.pages import pages
from commands.kit.say import Say
from commands.kit.triggers import Answer, Where, command
from storage import municipalities, rooms
from storage.actions import ActionItem
from storage.rooms import Room


@command("action show", where=Where.ANYWHERE)
async def show(ctx: Context, action: ActionId) -> Answer:
    """Show an item with all that happened to it, the newest first."""
    found, home = await reach(ctx, action)
    entries = list(reversed(await history(ctx, found)))
    first, *more = pages(entries)
    data = {
        **await picture(ctx, found),
        "link": link(found, home),
        "entries": first,
        "rest": len(entries) - len(first),
        "home": home.name,
        **await _missing(ctx, found, home, entries),
    }
    return Say(key="action-shown", data=data, about=found, thread=_continued(found, more))


async def _missing(ctx: Context, action: ActionItem, home: Room, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return who has an unfinished item and cannot be met in its room: who left it, and municipalities without people.

    Who took an item of another group was never there.
    """
    if not action.is_unfinished:
        return {"left": []}
    given_to = await assigned(ctx, action)
    present = {one.user_id for one in await rooms.joined_in(ctx.tx, [home, *given_to.groups])}
    took = {one.by.user_id for one in entries if one.what == "taken"}
    sitting = await municipalities.sitting_in(ctx.tx, home.id, given_to.town_ids)
    return {
        "left": [one for one in given_to.people if one.user_id not in present | took],
        "vacant": [one.name for one in given_to.towns if one.id not in sitting],
    }


def _continued(action: ActionItem, more: Sequence[Sequence[Entry]]) -> Say | None:
    if not more:
        return None
    return Say(key="action-history", data={"action": action, "entries": more[0]}, thread=_continued(action, more[1:]))
