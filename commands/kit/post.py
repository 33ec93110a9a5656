"""Renders what handlers say and queues it: the way from a text key to an outbox row."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from commands.kit.context import Context
from commands.kit.say import File, Rendered, Say
from commands.kit.texts import Catalogue, zone
from commands.kit.triggers import Answer
from storage import outbox
from storage.base import Subject
from storage.outbox import Outgoing

NOTHING = Rendered("", "")
MESSAGE = "m.room.message"


async def post(ctx: Context, answer: Answer, catalogues: Mapping[str, Catalogue]) -> Subject | None:
    """Queue all that a handler said; returns the first subject that it was about."""
    await ctx.tx.flush()
    says: Sequence[Say] = [answer] if isinstance(answer, Say) else list(answer or ())
    first = next((say for say in says if say.form is None and not say.in_place), None)
    for say in says:
        await _queue(ctx, say, catalogues, answers=say is first)
    return next((say.about for say in says if say.about is not None), None)


async def _queue(ctx: Context, say: Say, catalogues: Mapping[str, Catalogue], *, answers: bool) -> None:
    room = say.room or ctx.room
    catalogue = catalogues[room.language]
    rendered = catalogue.render(say.key, say.data, zone(room.zone)) if say.key else NOTHING
    event_type, content = say.form(rendered) if say.form else (MESSAGE, _message(say, rendered))
    if answers and room is ctx.room:
        content |= _reply(ctx)
    row = Outgoing(
        room_id=room.id,
        event_type=event_type,
        content=content,
        key=say.key,
        about_kind=say.about.noun if say.about else None,
        about_id=say.about.id if say.about else None,
        created_at=ctx.now,
        attachment=say.file.text if say.file else None,
    )
    placed = await _place(ctx, say, row)
    if say.thread is not None and placed is not None:
        await _queue_thread(ctx, say.thread, placed, catalogues)


async def _place(ctx: Context, say: Say, row: Outgoing) -> Outgoing | None:
    """Queue the row as what it is: new, an edit of an earlier message, or an event that references or pins one.

    Where there is no earlier message to edit or to pin, nothing is queued.
    """
    key = say.key if say.in_place else say.refers_to
    if key is None or say.about is None:
        return await outbox.add(ctx.tx, row)
    earlier = await outbox.first_about(ctx.tx, say.about.noun, say.about.id, key, row.room_id)
    if earlier is None:
        return None if say.in_place or say.pinning else await outbox.add(ctx.tx, row)
    row.target_id = earlier.id
    if not say.in_place:
        row.relation = say.pinning or "m.reference"
        return await outbox.add(ctx.tx, row)
    row.relation = "m.replace"
    row.content = edit_of(row.content)
    return await outbox.replace(ctx.tx, row)


async def _queue_thread(ctx: Context, say: Say, root: Outgoing, catalogues: Mapping[str, Catalogue]) -> None:
    await asyncio.sleep(0)  # a thread may be long, and others shall be heard meanwhile
    room = say.room or ctx.room
    rendered = catalogues[room.language].render(say.key, say.data, zone(room.zone))
    row = Outgoing(
        room_id=root.room_id,
        event_type=MESSAGE,
        content=_message(say, rendered),
        key=say.key,
        created_at=ctx.now,
        attachment=say.file.text if say.file else None,
    )
    if ctx.message is not None and ctx.message.thread is not None and root.room_id == ctx.room.id:
        row.content |= _reply(ctx)  # threads do not nest: this one goes on in the thread that it was asked in
    else:
        # What continues an edit goes on below the message that was edited.
        row.relation, row.target_id = "m.thread", root.target_id if root.relation == "m.replace" else root.id
    await outbox.add(ctx.tx, row)
    if say.thread is not None:
        await _queue_thread(ctx, say.thread, root, catalogues)


def _message(say: Say, rendered: Rendered) -> dict[str, Any]:
    content = notice(rendered, say.mention)
    return captioned(content, say.file) if say.file else content


def captioned(content: dict[str, Any], file: File) -> dict[str, Any]:
    """Return the content of a file whose caption is that of a message (spec: "Media captions").

    Where the file lies is not known before it is sent.
    """
    info = {"mimetype": file.mimetype, "size": len(file.text.encode())}
    return {**content, "msgtype": "m.file", "filename": file.name, "info": info}


def notice(rendered: Rendered, mention: Sequence[str] = ()) -> dict[str, Any]:
    """Return the content of a message that rings exactly the people mentioned.

    Notices ring nobody (spec: "Predefined rules", `.m.rule.suppress_notices`), so what shall ring is `m.text`.
    """
    return {
        "msgtype": "m.text" if mention else "m.notice",
        "body": rendered.plain,
        "format": "org.matrix.custom.html",
        "formatted_body": rendered.html,
        "m.mentions": {"user_ids": list(mention)} if mention else {},
    }


def edit_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of an edit to `content` (spec: "Event replacements"); the sender adds whose edit it is."""
    new = {key: value for key, value in content.items() if key != "m.relates_to"}
    fallback: dict[str, Any] = {key: f"* {new[key]}" for key in ("body", "formatted_body") if key in new}
    return {**new, **fallback, "m.mentions": {}, "m.new_content": new}


def _reply(ctx: Context) -> dict[str, Any]:
    message = ctx.message
    if message is None or message.kind not in ("text", "edit"):
        return {}
    event_id = message.relates_to if message.kind == "edit" and message.relates_to else message.event_id
    relation: dict[str, Any] = {"m.in_reply_to": {"event_id": event_id}}
    if message.thread is not None:
        relation |= {"rel_type": "m.thread", "event_id": message.thread, "is_falling_back": False}
    return {"m.relates_to": relation}
