"""What the bot says about itself."""

from commands.help import index
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.kit.words import first_words
from storage.rooms import RoomKind

EXPLAINED = 5


@command("help", where=Where.ANYWHERE)
async def show_help(ctx: Context, topic: str = "") -> Answer:
    """Show what there is: short in a room, whole in a direct chat; with a topic, how its commands go."""
    if topic:
        return _explain(ctx, topic)
    found = index.chapters(ctx.vocabulary, ctx.room.language, ctx.setup.prefix)
    if ctx.room.kind == RoomKind.DIRECT:
        return ctx.say("help-all", chapters=found)
    me = Name(ctx.setup.user_id, ctx.setup.name)
    return ctx.say("help-short", chapters=found, plain=ctx.room.kind == RoomKind.PLAIN, me=me)


@command("privacy", where=Where.ANYWHERE)
async def show_privacy(ctx: Context) -> Answer:
    """Say what is stored, who sees it and who is answerable (row G1)."""
    return ctx.say("privacy", operator=ctx.setup.operator)


def _explain(ctx: Context, topic: str) -> Answer:
    found = index.about(ctx.vocabulary, topic, ctx.room.language, ctx.setup.prefix)
    if not found:
        meant = ctx.vocabulary.near(first_words(topic.removeprefix(ctx.setup.prefix)))
        raise Refusal("help-unknown", topic=topic, meant=meant)
    shown, rest = found[:EXPLAINED], found[EXPLAINED:]
    thread = Say(key="help-topic", data={"entries": rest, "more": 0}) if rest else None
    return Say(key="help-topic", data={"entries": shown, "more": len(rest)}, thread=thread)
