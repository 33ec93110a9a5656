"""Drives the verifications that people ask of the bot: who may, what is sent, what is written down and said."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock
from bot.matrix.encryption import heard
from bot.matrix.encryption.heard import REQUEST, Content, Event, Heard
from bot.matrix.encryption.sas import METHOD, MISMATCHES, PREFIX, REASONS, Party, Sas, State, Step, reference
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from commands.kit.dispatch import Dispatcher
from commands.kit.outcome import Outcome
from commands.kit.roles import Role, role_of
from commands.kit.say import Say
from commands.kit.texts import Name, zone
from storage import inbox, rooms, verifications
from storage.base import Subject
from storage.database import Database, DatabaseTrouble
from storage.rooms import Room, RoomKind
from storage.verifications import Verification, VerificationState

OLDEST, NEWEST = timedelta(minutes=10), timedelta(minutes=5)
REMEMBERED = 1_000
SERVER_SAYS_NO = (Unreachable, Limited, Rejected)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keys:
    """What a user has published: public keys by device, the public master key, and that key's object as it came."""

    devices: Mapping[str, str]
    master: str | None
    raw_master: Content | None


class Wire(Protocol):
    """The way to the homeserver. Raises TokenRevoked, Unreachable, Limited and Rejected."""

    @property
    def own(self) -> Party:
        """The bot itself."""

    async def send_to_device(self, user: str, device: str, event_type: str, content: Content) -> None:
        """Send a message to one device, or with `*` to all of the user's."""

    async def send_in_room(self, room: str, event_type: str, content: Content) -> None:
        """Send an event, encrypted where the room is; the content arrives as it is, its relation included."""

    async def keys_of(self, user: str) -> Keys:
        """Ask the server for the keys of a user as they are now; only devices that sign for themselves count."""

    async def sign_user(self, raw_master: Content) -> None:
        """Publish that the bot trusts this master key."""


@dataclass(slots=True)
class Flow:
    """One verification under way: who asked how, where it stands, its stored row, and what of it was noted there."""

    asked: Heard
    sas: Sas
    keys: Keys
    row: int
    noted: State = State.READY
    quiet: bool = False
    failed: bool = False


class Verifier:
    """All verifications of one process. `worked` is called when something waits in the outbox.

    Its methods may be called at the same time; they raise DatabaseTrouble and TokenRevoked only, and after
    DatabaseTrouble the same may be handed in again.
    """

    def __init__(
        self,
        wire: Wire,
        database: Database,
        dispatcher: Dispatcher,
        clock: Clock,
        worked: Callable[[Outcome], None],
    ) -> None:
        self.wire = wire
        self.database = database
        self.dispatcher = dispatcher
        self.setup = dispatcher.setup
        self.clock = clock
        self.worked = worked
        self._flows: dict[tuple[str, str], Flow] = {}
        self._past: dict[tuple[str, str], None] = {}
        self._turn = asyncio.Lock()

    async def abandon_all(self) -> None:
        """At the start: what a former process has begun cannot be ended by this one."""
        async with self.database.begin() as tx:
            await verifications.abandon(tx, self.clock())

    async def in_room(self, room: str, event: Event) -> None:
        """Take a decrypted event of a room; what is no matter of verification with the bot is left alone."""
        await self._safely(lambda: self._take(heard.in_room(room, event, self.setup.user_id, self.clock)))

    async def to_device(self, event: Event) -> None:
        """Take a message that came to this device."""
        await self._safely(lambda: self._take(heard.by_device(event, self.clock)))

    async def decided(self) -> None:
        """Act on what `!verifizieren` has written down; costs nothing while there is no verification."""
        if self._flows:
            await self._safely(self._act_on_decisions)

    async def tick(self, now: datetime) -> None:
        """Let time pass: every few seconds; costs nothing while there is no verification."""
        if self._flows:
            await self._safely(lambda: self._pass_time(now))

    async def _safely(self, work: Callable[[], Awaitable[None]]) -> None:
        """One thing after the other; no message of a stranger stops the bot."""
        async with self._turn:
            try:
                await work()
            except (DatabaseTrouble, TokenRevoked):
                raise
            except SERVER_SAYS_NO as error:
                log.warning("a verification could not be answered", why=str(error))
            except Exception:
                log.exception("a verification could not be handled")

    # -- what comes

    async def _take(self, found: Heard | None) -> None:
        if found is None or found.user == self.setup.user_id or found.user in self.setup.nobody:
            return
        flow = self._flows.get(found.name)
        if found.kind == REQUEST:
            if flow is None and found.name not in self._past:
                await self._on_request(found)
        elif flow is not None:
            if flow.asked.room == found.room:
                await self._follow(flow, flow.sas.receive(found.kind, found.content, self.clock()))
        elif found.name not in self._past and found.kind not in ("cancel", "done") and await self._is_ours(found):
            await self._refuse(found, "m.unknown_transaction")

    async def _on_request(self, asked: Heard) -> None:
        now = self.clock()
        if not now - OLDEST <= asked.at <= now + NEWEST:
            return
        async with self.database.begin() as tx:
            place = await self._place(tx, asked)
            may = place is not None and await self._is_coordinator(tx, place, asked.user)
        if place is None and asked.room is not None:
            return  # a room that the bot has left
        if place is None or not may:
            await self._decline(asked, place if asked.room else None)
        elif await self._is_known(asked):
            await self._refuse(asked, "m.unknown_transaction")
        else:
            await self._accept(asked, place, now)

    async def _place(self, tx: AsyncSession, asked: Heard) -> Room | None:
        """Return the room in which this person reads what the bot says to them."""
        if asked.room is not None:
            room = await rooms.by_matrix_id(tx, asked.room)
            return room if room is not None and room.joined else None
        chat = await rooms.direct_chat(tx, asked.user)
        shared = [] if chat else await rooms.rooms_of(tx, asked.user)
        return chat or next((room for room in shared if room.kind == RoomKind.COORDINATORS), None)

    async def _is_coordinator(self, tx: AsyncSession, place: Room, user: str) -> bool:
        return await role_of(tx, place, user, self.setup.coordinators) is Role.COORDINATOR

    async def _accept(self, asked: Heard, place: Room, now: datetime) -> None:
        for older in [flow for flow in self._flows.values() if flow.asked.user == asked.user]:
            older.quiet = True
            await self._follow(older, older.sas.cancel("m.user"))
        if METHOD not in asked.methods:
            await self._refuse(asked, "m.unknown_method")
            return
        keys = await self.wire.keys_of(asked.user)
        key = keys.devices.get(asked.device)
        if key is None or keys.master in keys.devices:
            # A device that is called like the master key would let one stand for the other.
            await self._refuse(asked, "m.key_mismatch")
            return
        theirs = Party(asked.user, asked.device, key, keys.master)
        in_room = asked.room is not None
        sas = Sas(self.wire.own, theirs, asked.transaction, in_room=in_room, asked_at=asked.at, now=now)
        flow = Flow(asked, sas, keys, await self._store(asked, place, now))
        self._flows[asked.name] = flow
        await self._follow(flow, sas.ready())

    async def _store(self, asked: Heard, place: Room, now: datetime) -> int:
        async with self.database.begin() as tx:
            row = Verification(
                room_id=place.id,
                user_id=asked.user,
                device_id=asked.device,
                transaction=asked.transaction,
                state=VerificationState.ASKED,
                asked_at=now,
            )
            tx.add(row)
            await tx.flush()
            return row.id

    async def _decline(self, asked: Heard, room: Room | None) -> None:
        """Say no to who is no coordinator; in a room also in words, once a day."""
        if room is not None:
            now = self.clock()
            day = now.astimezone(zone(room.zone)).date()
            async with self.database.begin() as tx:
                if await inbox.claim(tx, f"verification {asked.user} {day}", asked.user, now):
                    await self._say(tx, room, asked.user, "verification-declined")
            self.worked(Outcome(handled=True))
        await self._refuse(asked, "m.user")

    async def _refuse(self, asked: Heard, code: str) -> None:
        """Cancel what has no flow, once."""
        self._forget(asked.name)
        named = reference(asked.transaction, in_room=asked.room is not None)
        await self._send(asked, [Step(f"{PREFIX}cancel", {"code": code, "reason": REASONS[code], **named})])

    # -- a flow

    async def _act_on_decisions(self) -> None:
        async with self.database.begin() as tx:
            found = await verifications.decided(tx, [flow.row for flow in self._flows.values()])
        for flow in list(self._flows.values()):
            if found.get(flow.row) == VerificationState.CONFIRMED:
                await self._follow(flow, flow.sas.confirm(self.clock()))
            elif found.get(flow.row) == VerificationState.REJECTED:
                await self._follow(flow, flow.sas.reject())

    async def _pass_time(self, now: datetime) -> None:
        for flow in list(self._flows.values()):
            await self._follow(flow, flow.sas.tick(now))

    async def _follow(self, flow: Flow, steps: list[Step]) -> None:
        """Do what the flow has come to: sign, send, and then write down and say where it stands."""
        try:
            if steps and flow.sas.state is State.DONE and flow.sas.master_proven and flow.keys.raw_master:
                await self.wire.sign_user(flow.keys.raw_master)
            await self._send(flow.asked, steps)
        except TokenRevoked:
            raise
        except SERVER_SAYS_NO as error:
            log.warning("a verification failed", user=flow.asked.user, why=str(error))
            await self._fail(flow)
        except Exception:
            log.exception("a verification failed", user=flow.asked.user)
            await self._fail(flow)
        await self._note(flow)

    async def _fail(self, flow: Flow) -> None:
        """End a flow whose messages do not get through; the other side may hear of it or not."""
        flow.failed = True
        with suppress(*SERVER_SAYS_NO):
            await self._send(flow.asked, flow.sas.fail())

    async def _note(self, flow: Flow) -> None:
        """Bring what is stored up to the flow, and say what is new; done later if the database is away."""
        state = flow.sas.state
        if state not in (State.SHOWN, State.DONE, State.CANCELLED) or flow.noted is state:
            return
        async with self.database.begin() as tx:
            row = await verifications.find(tx, flow.row)
            if row is not None:
                place = await tx.get_one(Room, row.room_id)
                await (self._show(tx, place, flow, row) if state is State.SHOWN else self._end(tx, place, flow, row))
        flow.noted = state
        if flow.sas.is_over:
            self._forget(flow.asked.name)
            self._flows.pop(flow.asked.name, None)
        self.worked(Outcome(handled=True))

    async def _show(self, tx: AsyncSession, place: Room, flow: Flow, row: Verification) -> None:
        if row.state != VerificationState.ASKED:
            return  # its person has said no before there was anything to see
        row.state = VerificationState.SHOWN
        sas = flow.sas
        data = {"emoji": sas.emoji if "emoji" in sas.strings else (), "numbers": sas.numbers, "until": sas.until}
        await self._say(tx, place, row.user_id, "verification-shown", row, **data)

    async def _end(self, tx: AsyncSession, place: Room, flow: Flow, row: Verification) -> None:
        before, row.ended_at = row.state, self.clock()
        if flow.sas.state is State.DONE:
            row.state = VerificationState.VERIFIED
            await self._say(tx, place, row.user_id, "verification-done", row)
            return
        row.state = VerificationState.CANCELLED
        why = _why(flow)
        # Who has said no was answered; who has seen nothing yet misses nothing, unless something is wrong.
        seen = before in (VerificationState.SHOWN, VerificationState.CONFIRMED)
        wrong = before == VerificationState.ASKED and why in ("mismatch", "failed")
        if (seen or wrong) and not flow.quiet:
            await self._say(tx, place, row.user_id, "verification-ended", row, why=why)

    async def _say(
        self, tx: AsyncSession, place: Room, user: str, key: str, about: Subject | None = None, **data: Any
    ) -> None:
        """Tell a person something in a room; what is about their verification rings where others read it too."""
        names = await rooms.names(tx, [user])
        mention = (user,) if about is not None and place.kind != RoomKind.DIRECT else ()
        data["who"] = Name(user, names[user])
        await self.dispatcher.tell(tx, place, self.clock(), Say(key=key, data=data, about=about, mention=mention))

    # -- the wire, and what is past

    async def _send(self, asked: Heard, steps: Iterable[Step]) -> None:
        for step in steps:
            if asked.room is not None:
                await self.wire.send_in_room(asked.room, step.type, step.content)
            else:
                await self.wire.send_to_device(asked.user, asked.device, step.type, step.content)

    async def _is_ours(self, found: Heard) -> bool:
        """Whether a message was meant for the bot: rooms carry the verifications of others too."""
        return found.room is None or await self._is_known(found)

    async def _is_known(self, asked: Heard) -> bool:
        """Whether this was a verification of the bot before, of a former process too."""
        async with self.database.begin() as tx:
            return await verifications.known(tx, asked.user, asked.transaction)

    def _forget(self, name: tuple[str, str]) -> None:
        """Answer this verification no more."""
        self._past[name] = None
        while len(self._past) > REMEMBERED:
            del self._past[next(iter(self._past))]


def _why(flow: Flow) -> str:
    if flow.failed:
        return "failed"
    if flow.sas.code in MISMATCHES:
        return "mismatch"
    return "timeout" if flow.sas.code == "m.timeout" else "cancelled"
