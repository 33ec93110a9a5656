"""The life of a message: one transaction, from the words to the outbox."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.context import Context
from commands.kit.deadlines import Deadlines
from commands.kit.grammar import NotThisCommand, choose
from commands.kit.message import Message
from commands.kit.outcome import Outcome
from commands.kit.post import post
from commands.kit.say import Refusal, Say
from commands.kit.setup import Setup
from commands.kit.texts import LANGUAGES, load_catalogue
from commands.kit.triggers import (
    MESSAGE,
    VOTE,
    Answer,
    Capability,
    Command,
    Job,
    Reaction,
    Source,
    Trigger,
    Where,
    bare_key,
)
from commands.kit.vocabulary import Spoken, Vocabulary
from commands.kit.words import Word, first_words, split_words
from storage import inbox, minutes, outbox, rooms
from storage.database import Database, DatabaseTrouble
from storage.rooms import Room, RoomKind

KIT = "commands.kit"
MAX_LENGTH = 8_000
HASH, HASH_START = "#", "#startmeeting"  # MeetBot's words
log = structlog.get_logger()

Work = Callable[[AsyncSession], Awaitable[Context | None]]


class Repeat(Exception):
    """This event was handled before; its transaction must end."""


class Dispatcher:
    """Turns messages into changes and answers, and `deadlines` likewise."""

    def __init__(self, database: Database, setup: Setup, capabilities: Sequence[Capability]) -> None:
        self.database = database
        self.setup = setup
        packages = [KIT, *(capability.package for capability in capabilities)]
        self.catalogues = {language: load_catalogue(language, packages) for language in LANGUAGES}
        self.vocabulary = Vocabulary(capabilities, self.catalogues)
        triggers = [trigger for capability in capabilities for trigger in capability.triggers]
        self._by_name: Mapping[str, Trigger] = {one.name: one for one in triggers}
        self._reactions = [one for one in triggers if isinstance(one, Reaction)]
        self._sources = [one for one in triggers if isinstance(one, Source)]
        jobs = [one for one in triggers if isinstance(one, Job)]
        self.deadlines = Deadlines(database, setup, self.vocabulary, self.catalogues, jobs)
        self._upkeep = [capability.upkeep for capability in capabilities if capability.upkeep]
        self._called = re.compile(
            rf"(?:{re.escape(setup.user_id)}|@?{re.escape(setup.name)})(?P<mark>[:,]?)(?:\s+|$)", re.IGNORECASE
        )

    # -- messages

    async def handle(self, message: Message, now: datetime) -> Outcome:
        """Act on one event and, in the same transaction, note it as handled; a repeat does nothing.

        Raises only DatabaseTrouble.
        """
        if message.kind == "redaction" and message.relates_to is not None:
            self.deadlines.taken_back(message.relates_to)
        try:
            try:
                return await self._in_transaction(lambda tx: self._on_message(tx, message, now))
            except Refusal as refusal:
                return await self._answer(message, now, Say(key=refusal.key, data=refusal.data))
        except DatabaseTrouble:
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("a message could not be handled", reference=reference, event_id=message.event_id)
        return await self._answer(message, now, Say(key="apology", data={"reference": reference}))

    async def _answer(self, message: Message, now: datetime, answer: Say) -> Outcome:
        return await self._in_transaction(lambda tx: self._only_answer(tx, message, now, answer))

    async def _in_transaction(self, work: Work) -> Outcome:
        try:
            async with self.database.begin() as tx:
                ctx = await work(tx)
                return Outcome(ctx is not None, ctx.next_due if ctx else None)
        except Repeat:
            return Outcome(handled=False)

    async def _on_message(self, tx: AsyncSession, message: Message, now: datetime) -> Context | None:
        room = await rooms.by_matrix_id(tx, message.room)
        if room is None or not room.joined or message.sender in self.setup.nobody:
            return None
        ctx = Context(tx, self.setup, self.vocabulary, room, message.sender, now, message)
        act = {
            "text": self._on_text,
            "edit": self._on_edit,
            "reaction": self._on_reaction,
            "vote": self._on_reaction,
            "redaction": self._on_redaction,
        }[message.kind]
        try:
            found = await act(ctx, message)
        except Refusal:
            tx.expunge_all()  # the answer may name what was loaded, also after the rollback
            raise
        if found is None:
            return None
        trigger, answer = found
        about = await post(ctx, answer, self.catalogues)
        await inbox.note(tx, message.event_id, trigger.name, about or ctx.about)
        return ctx

    async def _only_answer(self, tx: AsyncSession, message: Message, now: datetime, answer: Say) -> Context | None:
        room = await rooms.by_matrix_id(tx, message.room)
        if room is None:
            return None
        ctx = Context(tx, self.setup, self.vocabulary, room, message.sender, now, message)
        await _claim(ctx, message)
        await post(ctx, answer, self.catalogues)
        return ctx

    async def _on_text(self, ctx: Context, message: Message) -> tuple[Trigger, Answer] | None:
        text = self._command_text(message, ctx.room)
        if text is None:
            text = await self._hash_text(ctx, message)
        if text is None:
            return None
        await _claim(ctx, message)
        await self._note_reply(ctx, message)
        called = message.mentions_bot or not message.text.strip().startswith((self.setup.prefix, HASH))
        spoken, words = self._find(text, addressed=called or ctx.room.kind == RoomKind.DIRECT)
        return await self._run(ctx, spoken, words) if spoken else None

    async def _run(self, ctx: Context, spoken: list[Spoken], words: Sequence[Word]) -> tuple[Trigger, Answer]:
        here = [one for one in spoken if _works_in(ctx.room, one.command)]
        if not here:
            raise self._misplaced(ctx)
        try:
            chosen, (values, options) = await choose(here, words, ctx)
        except NotThisCommand:
            raise (self._usage(spoken[-1], ctx) if here == spoken else self._misplaced(ctx)) from None
        await ctx.allow(chosen.command.role)
        return chosen.command, await chosen.command.handler(ctx, *values, **options)

    async def _on_edit(self, ctx: Context, message: Message) -> tuple[Trigger, Answer] | None:
        assert message.relates_to is not None  # noqa: S101 - an edit is of something
        before = await inbox.find(ctx.tx, message.relates_to)
        text = self._command_text(message, ctx.room)
        if text is None:
            text = self._hash_command(message) if before else await self._hash_text(ctx, message)
        trigger = self._by_name.get(before.trigger) if before and before.trigger else None
        if trigger is None and not (text and self.vocabulary.find(first_words(text))[0]):
            return await self._on_source(ctx, message) if before is None else None
        if before is not None and before.sender != message.sender:
            return None  # the homeserver does not ask whose message an edit replaces; clients ignore such edits
        await _claim(ctx, message)
        if before is None or before.about_id is None or trigger is None or trigger.on_edit is None:
            raise Refusal("edit-not-run")
        spoken, words = self._find(text or "", addressed=False)
        same = [one for one in spoken if one.command is trigger]
        if not same:
            raise Refusal("edit-other-command")
        if not _works_in(ctx.room, same[0].command):
            raise self._misplaced(ctx)
        await ctx.allow(same[0].command.role)
        try:
            _, (values, options) = await choose(same, words, ctx)
        except NotThisCommand:
            raise self._usage(same[-1], ctx) from None
        return trigger, await trigger.on_edit(ctx, before.about_id, *values, **options)

    async def _on_reaction(self, ctx: Context, message: Message) -> tuple[Trigger, Answer] | None:
        target = await outbox.find(ctx.tx, message.relates_to or "")
        key = VOTE if message.kind == "vote" else bare_key(message.text)
        noun, about = (target.about_kind, target.about_id) if target else (MESSAGE, message.relates_to)
        for one in self._reactions:
            if about is not None and one.noun == noun and key in one.keys:
                if noun == MESSAGE and await inbox.find(ctx.tx, message.relates_to or ""):
                    return None  # a command has its own meaning
                await _claim(ctx, message)
                return one, await one.handler(ctx, about)
        return None

    async def _on_redaction(self, ctx: Context, message: Message) -> tuple[Trigger, Answer] | None:
        before = await inbox.find(ctx.tx, message.relates_to or "")
        if before is None:
            return await self._on_source(ctx, message)
        trigger = self._by_name.get(before.trigger) if before.trigger else None
        if before.about_id is None or trigger is None or trigger.on_redaction is None:
            return None
        await _claim(ctx, message)
        return trigger, await trigger.on_redaction(ctx, before.about_id)

    async def _on_source(self, ctx: Context, message: Message) -> tuple[Trigger, Answer] | None:
        """Let an edit or a redaction change what was made of a message that was no command."""
        answers: list[Say] = []
        last: Trigger | None = None
        for one in self._sources:
            act = one.on_edit if message.kind == "edit" else one.on_redaction
            found = await one.handler(ctx, message.relates_to) if act else []
            if act is None or not found:
                continue
            if last is None:
                await _claim(ctx, message)
            last = one
            for number in found:
                answer = await (act(ctx, number, message.text) if message.kind == "edit" else act(ctx, number))
                answers += [answer] if isinstance(answer, Say) else (answer or ())
        return (last, answers) if last else None

    async def _note_reply(self, ctx: Context, message: Message) -> None:
        if message.relates_to is None:
            return
        target = await outbox.find(ctx.tx, message.relates_to)
        if target is not None and target.about_kind is not None and target.about_id is not None:
            ctx.replied = (target.about_kind, target.about_id)
            return
        made = await inbox.find(ctx.tx, message.relates_to)
        if made is not None and made.about_kind is not None and made.about_id is not None:
            ctx.replied = (made.about_kind, made.about_id)

    def _command_text(self, message: Message, room: Room) -> str | None:
        text = message.text.strip()
        prefix = self.setup.prefix
        if text.startswith(prefix):
            text = text.removeprefix(prefix)
            return text if text[:1].isalpha() else None
        called = self._called.match(text)
        if called and (message.mentions_bot or called["mark"] or text.startswith("@")):
            return text[called.end() :].removeprefix(prefix)
        return text if room.kind == RoomKind.DIRECT else None

    async def _hash_text(self, ctx: Context, message: Message) -> str | None:
        """Return the text of a command in MeetBot's words, if they count: to start a meeting, or while one runs."""
        text = self._hash_command(message)
        if text is None or text.split(maxsplit=1)[0].casefold() == HASH_START:
            return text
        return text if await minutes.running(ctx.tx, ctx.room.id) else None

    def _hash_command(self, message: Message) -> str | None:
        text = message.text.strip()
        return text if text.startswith(HASH) and self.vocabulary.find(first_words(text))[0] else None

    def _find(self, text: str, *, addressed: bool) -> tuple[list[Spoken], Sequence[Word]]:
        """Return what the first words name and the other words; what names nothing is no command, however odd."""
        words = first_words(text)
        found, taken = self.vocabulary.find(words)
        if found:
            if len(text) > MAX_LENGTH:
                raise Refusal("message-too-long", limit=MAX_LENGTH)
            return found, split_words(text)[taken:]
        near = self.vocabulary.near(words)
        if near:
            raise Refusal("did-you-mean", meant=near, prefix=self.setup.prefix)
        if addressed:
            raise Refusal("command-unknown", prefix=self.setup.prefix)
        return [], []

    def _misplaced(self, ctx: Context) -> Refusal:
        key = "no-group" if ctx.room.kind == RoomKind.PLAIN else "not-in-direct"
        return Refusal(key, prefix=self.setup.prefix)

    def _usage(self, spoken: Spoken, ctx: Context) -> Refusal:
        language = ctx.room.language
        return Refusal(
            "usage", usage=spoken.usage(language, self.setup.prefix), example=spoken.wordings[language].example
        )

    # -- what no message brings

    async def upkeep(self, now: datetime) -> Outcome:
        """Let each capability plan what is missing; `handled` is False if nothing is. Raises only DatabaseTrouble.

        Of two processes that plan the same at once, one plans nothing.
        """
        try:
            async with self.database.begin() as tx:
                planned = [await plan(tx, self.setup, now) for plan in self._upkeep]
        except DatabaseTrouble:
            raise
        except Exception:
            log.exception("what is missing could not be planned")
            return Outcome(handled=False)
        earliest = min((at for at in planned if at is not None), default=None)
        return Outcome(earliest is not None, earliest)

    async def report(self, once: str, now: datetime, what: str, **facts: Any) -> Outcome:
        """Tell the coordinators' rooms something that no message and no deadline brought; `once` names it for ever."""
        async with self.database.begin() as tx:
            if not await inbox.claim(tx, once, self.setup.user_id, now):
                return Outcome(handled=False)
            for room in await rooms.of_kind(tx, RoomKind.COORDINATORS):
                await self.tell(tx, room, now, Say(key=what, data=facts))
        return Outcome(handled=True)

    async def tell(self, tx: AsyncSession, room: Room, now: datetime, say: Say) -> None:
        """Queue a text for a room, in the caller's transaction: what neither a message nor a deadline brought."""
        ctx = Context(tx, self.setup, self.vocabulary, room, self.setup.user_id, now)
        await post(ctx, say, self.catalogues)


def _works_in(room: Room, command: Command) -> bool:
    return command.where is Where.ANYWHERE or room.is_group


async def _claim(ctx: Context, message: Message) -> None:
    if not await inbox.claim(ctx.tx, message.event_id, message.sender, ctx.now):
        raise Repeat
