"""The sync loop: reads what happened, in order, and hands it to the commands; the position is saved with the work."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.events import Event, message_of, own_join, redacted, seen_in
from bot.matrix.homeserver import Homeserver
from bot.matrix.verifier import Verifier
from bot.matrix.waiting import Waiting
from bot.settings import Settings
from commands.kit.dispatch import Dispatcher
from commands.kit.outcome import Outcome
from storage import account, due, rooms, seen
from storage.database import Database, DatabaseTrouble
from storage.seen import Seen

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
SAVE_SECONDS = 2.0
log = structlog.get_logger()


class Reader:
    """Reads one account's rooms. `worked` is called after each piece of work with what it left to do."""

    def __init__(
        self,
        settings: Settings,
        homeserver: Homeserver,
        database: Database,
        dispatcher: Dispatcher,
        clock: Clock,
        health: Health,
        worked: Callable[[Outcome], None],
        verifier: Verifier,
    ) -> None:
        self.settings = settings
        self.bot = settings.matrix.user
        self.homeserver = homeserver
        self.database = database
        self.dispatcher = dispatcher
        self.clock = clock
        self.health = health
        self.worked = worked
        self.verifier = verifier
        self.waiting = Waiting(homeserver, database, clock)
        self.rooms_known = asyncio.Event()
        self.caught_up = asyncio.Event()
        self._stopping = False
        self._waiting: asyncio.Task[Any] | None = None
        self._position: str | None = None
        self._saved: str | None = None
        self._saved_at = 0.0
        self._arrived: set[tuple[str, str]] = set()

    def stop(self) -> None:
        """End after the event in hand; a wait for news ends at once."""
        self._stopping = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def run(self) -> None:
        """Read until stopped. Raises TokenRevoked; everything else is waited out."""
        async with self.database.begin() as tx:
            self._position = self._saved = await account.position(tx, self.bot)
        await self.verifier.abandon_all()
        pause = FIRST_PAUSE
        while not self._stopping:
            try:
                await self._step()
                pause = FIRST_PAUSE
            except TokenRevoked:
                raise
            except Limited as limited:
                await self._pause(limited.seconds)
            except (Unreachable, Rejected, DatabaseTrouble) as error:
                log.warning("cannot read the rooms", why=str(error), again_in=round(pause))
                await self._pause(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries
                pause = min(pause * 2, LONGEST_PAUSE)
        with contextlib.suppress(DatabaseTrouble):
            await self._save_position()

    async def _pause(self, seconds: float) -> None:
        await self._interruptible(asyncio.sleep(seconds))

    async def _interruptible(self, work: Any) -> Any:
        self._waiting = asyncio.ensure_future(work)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return None
        finally:
            self._waiting = None

    async def _step(self) -> None:
        first = not self.caught_up.is_set()
        news = await self._interruptible(self.homeserver.sync(self._position, full_state=first))
        if news is None:
            return
        self.rooms_known.set()
        self._arrived |= news.arrived
        await self._take(news.response, first=first)
        if self._stopping:
            return
        await self._read_late(self._arrived, everything=first)
        self._arrived.clear()
        for event in news.to_device:
            await self.verifier.to_device(event)
        await self._keep_keys()
        self.health.synced(self.clock())
        self.caught_up.set()

    async def _take(self, response: Any, *, first: bool) -> None:
        """Handle one response; only when all of it is done does the position move on."""
        complete = await self._write_rooms(response, first=first)
        for room, info in response.rooms.join.items():
            if info.timeline.events or info.timeline.limited:
                await self._read_room(room, info.timeline, state_known=room in complete)
            if self._stopping:
                return
        await self._answer_invitations(response)
        self._position = response.next_batch
        await self._save_position(at_most_every=0.0 if first else SAVE_SECONDS)

    async def _save_position(self, at_most_every: float = 0.0) -> None:
        """Save how far all is done; a little late costs nothing, for the inbox knows what was handled since."""
        now = asyncio.get_running_loop().time()
        if self._position in (None, self._saved) or now - self._saved_at < at_most_every:
            return
        async with self.database.begin() as tx:
            await account.save_position(tx, self.bot, self._position)
        self._saved, self._saved_at = self._position, now

    async def _read_late(
        self, arrived: Collection[tuple[str, str]] = (), answered: Collection[str] = (), *, everything: bool = False
    ) -> None:
        """Handle what could not be decrypted before and can be now; at the start, look at all that waits."""
        async for event, room in self.waiting.readable(arrived, answered, everything=everything):
            await self._handle(event, room)

    async def _keep_keys(self) -> None:
        """Do what encryption needs between two syncs; a server that says no is asked again after the next one."""
        try:
            answered = await self.homeserver.keep_keys()
        except Rejected as error:
            log.warning("the keys could not be brought up to date", why=error.code)
        else:
            await self._read_late(answered=answered)

    # -- rooms

    async def _write_rooms(self, response: Any, *, first: bool) -> set[str]:
        """Write what the state blocks say; returns the rooms whose timelines' state is in it already.

        That is all of them at the first sync and those newly joined; in the others state follows event by event, so
        that a command is judged by the roles of its moment. What a state block says of such a room may be long past
        where its events had forked (element-hq/synapse#16940): the room is asked for its state instead.
        """
        now = self.clock()
        found = []
        complete = set()
        for room, info in response.rooms.join.items():
            states = [*map(_source, info.state)]
            timeline = info.timeline.events
            if first or any(own_join(event, self.bot) for event in timeline):
                states += timeline
                complete.add(room)
            elif states:
                states = await self.homeserver.state(room)
            one = seen_in(room, states, self.bot)
            one.whole = first
            if not one.is_empty:
                found.append(one)
        gone = list(response.rooms.leave)
        if found or gone:
            await self._write(found, now, gone)
        return complete

    async def _write(self, found: Sequence[Seen], now: datetime, gone: Sequence[str] = ()) -> None:
        bot = self.settings.bot
        async with self.database.begin() as tx:
            replaced = await seen.write(tx, found, now, bot.language, bot.zone, introduce=self._position is not None)
            if gone:
                await seen.left(tx, gone)
        self.worked(Outcome(handled=False, next_due=now))
        for one in replaced:
            await self._follow(one, now)

    async def _follow(self, one: Seen, now: datetime) -> None:
        """Go along into the room that replaces another (row R7)."""
        assert one.successor is not None  # noqa: S101 - the caller looked
        try:
            await self.homeserver.join(one.successor, [one.successor_via])
        except Rejected as error:
            log.warning("cannot follow a room to its successor", room=one.matrix_id, why=error.code)
            async with self.database.begin() as tx:
                room = await rooms.by_matrix_id(tx, one.matrix_id)
                if room is not None:
                    await due.add(tx, "room upgrade failed", room.id, room.id, now)
            self.worked(Outcome(handled=True, next_due=now))

    # -- timelines

    async def _read_room(self, room: str, timeline: Any, *, state_known: bool) -> None:
        events = await self._whole(room, timeline)
        joined_at = max((number for number, event in enumerate(events) if own_join(event, self.bot)), default=None)
        first_ever = self._position is None
        for number, event in enumerate(events):
            if self._stopping:
                return
            if "state_key" in event:
                if not state_known:
                    await self._write_state(room, event)
            elif not first_ever and (joined_at is None or number > joined_at):
                await self._read_event(event, room)

    async def _write_state(self, room: str, event: Event) -> None:
        found = seen_in(room, [event], self.bot)
        if not found.is_empty:
            await self._write([found], self.clock())

    async def _read_event(self, event: Event, room: str) -> None:
        if event.get("sender") in (self.bot, *self.settings.bot.other_bots):
            return
        if event.get("type") == "m.room.encrypted":
            found = await self._clear(event, room)
            if found is not None:
                await self._handle(found, room)
            return
        if event.get("type") == "m.room.redaction":
            await self.waiting.forget(redacted(event) or "")
        await self._handle(event, room)

    async def _clear(self, event: Event, room: str) -> Event | None:
        if not event.get("content"):
            return None  # taken back
        try:
            return await self.waiting.clear(event, room)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.exception("an event could not be read", event_id=event.get("event_id"))
            return None

    async def _handle(self, event: Event, room: str) -> None:
        await self.verifier.in_room(room, event)
        try:
            message = message_of(event, room, self.bot, self.clock)
        except Exception:
            # One event that nobody can read must not stop the reading of all others.
            log.exception("an event could not be read", event_id=event.get("event_id"))
            return
        if message is None:
            return
        outcome = await self.dispatcher.handle(message, self.clock())
        if outcome.handled:
            self.health.handled += 1
            self.worked(outcome)
            await self.verifier.decided()

    async def _whole(self, room: str, timeline: Any) -> list[Event]:
        """Return the timeline with what a limited one left out, back to the last position or our own join."""
        events: list[Event] = timeline.events
        if not timeline.limited or self._position is None or timeline.prev_batch is None:
            return events
        if any(own_join(event, self.bot) for event in events):
            return events
        return await self.homeserver.gap(room, timeline.prev_batch, self._position) + events

    # -- invitations

    async def _answer_invitations(self, response: Any) -> None:
        for room, info in response.rooms.invite.items():
            for event in info.invite_state:
                # nio takes the content out of the source of these events.
                if getattr(event, "membership", "") == "invite" and event.state_key == self.bot:
                    await self._answer_invitation(room, event.sender)

    async def _answer_invitation(self, room: str, inviter: str) -> None:
        """Accept from those who may, decline and report the others (row R1)."""
        try:
            if self.settings.matrix.may_invite(inviter):
                await self.homeserver.join(room, [inviter.partition(":")[2]])
                return
            await self.dispatcher.report(
                f"invitation {room}", self.clock(), "invitation-declined", inviter=inviter, room=room
            )
            await self.homeserver.leave(room)
        except Rejected as error:
            log.warning("an invitation could not be answered", room=room, why=error.code)
        self.worked(Outcome(handled=True))


def _source(event: Any) -> Event:
    source: Event = event.source
    return source
