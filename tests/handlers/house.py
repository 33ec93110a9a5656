"""An initiative in a test: rooms, people and a clock around the real dispatcher."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import exists, select

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Kind, Message
from commands.kit.setup import Setup
from storage import due, rooms, tables
from storage.base import Base
from storage.database import Database
from storage.outbox import Outgoing
from storage.rooms import Room, RoomKind

BOT = "@uagbot:localhost"
MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # 9:00 in Berlin
Language = Literal["de", "en"]
assert tables.ALL

# Built once, and of the many tables only those are read that hold anything.
ROWS = {
    name: select(table) for name, table in Base.metadata.tables.items() if name not in ("inbox", "outbox", "account")
}
FILLED = select(*(exists(rows).label(name) for name, rows in ROWS.items()))


def user(name: str) -> str:
    """Return the user id of a test member."""
    return name if name.startswith("@") else f"@{name.lower()}:localhost"


@dataclass(frozen=True)
class Sent:
    """One event that the bot sent."""

    room: str
    event_id: str
    type: str
    key: str
    content: dict[str, Any]
    relation: str | None
    edits: str | None = None
    file_text: str | None = None

    @property
    def text(self) -> str:
        """The words that people read."""
        new = self.content.get("m.new_content", self.content)
        return str(new.get("body", new.get("org.matrix.msc1767.text", "")))

    @property
    def html(self) -> str:
        """The formatted words."""
        return str(self.content.get("m.new_content", self.content).get("formatted_body", ""))

    @property
    def mentions(self) -> list[str]:
        """Who is notified."""
        return list(self.content.get("m.mentions", {}).get("user_ids", []))


@dataclass
class Answer:
    """All that the bot sent because of one message or one sleep."""

    sent: list[Sent]
    event_id: str = ""

    @property
    def messages(self) -> list[Sent]:
        """The new messages, without edits, other events, and the calendar file in the thread below what is said."""
        new = [one for one in self.sent if one.type == "m.room.message" and one.relation != "m.replace"]
        return [one for one in new if one.relation != "m.thread" or one.key != "calendar-file"]

    @property
    def text(self) -> str:
        """The words of all new messages."""
        return "\n".join(one.text for one in self.messages)

    @property
    def message(self) -> Sent:
        """The only new message."""
        assert len(self.messages) == 1, [one.text for one in self.messages]
        return self.messages[0]

    @property
    def reactions(self) -> list[str]:
        """The keys of the bot's reactions."""
        return [one.content["m.relates_to"]["key"] for one in self.sent if one.type == "m.reaction"]

    def of(self, key: str) -> Sent:
        """Return the event that was said with this text key."""
        return next(one for one in self.sent if one.key == key)


@dataclass
class House:
    """The bot with an empty database; `now` moves only by `sleep`.

    `on_server` is what jobs find that look at the server: all that members have said, but what was redacted.
    """

    database: Database
    setup: Setup = field(default_factory=lambda: Setup(user_id=BOT))
    now: datetime = MONDAY
    may_fail: bool = False
    counter: Any = field(default_factory=lambda: itertools.count(1))
    on_server: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:  # noqa: D105
        self.dispatcher = Dispatcher(self.database, self.setup, CAPABILITIES)

    async def room(
        self,
        key: str | None = "UAG1",
        *members: str,
        kind: str = RoomKind.GROUP,
        title: str = "Bürger-Apps",
        language: Language = "de",
        powers: dict[str, int] | None = None,
    ) -> "TestRoom":
        """Make a room with these members (Anna, Bodo and Carla if none are named)."""
        matrix_id = f"!room{next(self.counter)}"
        async with self.database.begin() as tx:
            room = Room(
                matrix_id=matrix_id,
                kind=kind,
                key=key,
                title=title if kind != RoomKind.PLAIN else "",
                language=language,
                zone="Europe/Berlin",
                joined=True,
                powers={"users": {user(name): level for name, level in (powers or {}).items()}},
                created_at=self.now,
            )
            tx.add(room)
            await tx.flush()
            people = [*(members or ("Anna", "Bodo", "Carla")), BOT]
            await rooms.set_members(tx, room, {user(one): (one, "join") for one in people})
        return TestRoom(self, matrix_id)

    async def sleep(self, **delta: float) -> Answer:
        """Let time pass; what falls due happens one after the other, each at its own time."""
        return await self.sleep_until(self.now + timedelta(**delta))

    async def sleep_until(self, until: datetime, *, away: bool = False) -> Answer:
        """Let time pass up to an instant; `away`: the bot was down and wakes only then."""
        sent: list[Sent] = []
        while True:
            due_at = None if away else await self._next_due()
            self.now = max(self.now, min(due_at, until)) if due_at else until
            fired = await self._fire()
            sent += await self.deliver()
            if not fired and self.now >= until:
                return Answer(sent)

    async def hear(self, message: Message) -> Answer:
        """Hear a message as from the server, then do what is due at this very instant."""
        if message.kind == "redaction":
            self.on_server.pop(message.relates_to or "", None)
        else:
            self.on_server[message.event_id] = message
        await self.dispatcher.handle(message, self.now)
        answer = Answer(await self.deliver(), message.event_id)
        due_at = await self._next_due()
        if due_at is not None and due_at <= self.now:
            answer.sent += (await self.sleep_until(self.now)).sent
        return answer

    async def _next_due(self) -> datetime | None:
        async with self.database.begin() as tx:
            return await due.next_at(tx)

    async def _fire(self) -> bool:
        deadlines = self.dispatcher.deadlines
        if (await deadlines.fire_next(self.now)).handled:
            return True
        errand = await deadlines.next_errand(self.now)
        if errand is None:
            return False
        found = [one for one in self.on_server.values() if any(look.finds(one) for look in errand.looks)]
        await deadlines.run(errand, found, self.now)
        return True

    async def deliver(self) -> list[Sent]:
        """Be the sender and the homeserver: everything in the outbox becomes an event."""
        sent = []
        async with self.database.begin() as tx:
            rows = await tx.execute(
                select(Outgoing, Room.matrix_id)
                .join(Room, Room.id == Outgoing.room_id)
                .where(Outgoing.sent_at.is_(None))
                .order_by(Outgoing.id)
            )
            for row, matrix_id in rows:
                row.event_id, row.sent_at = f"$bot{next(self.counter)}", self.now
                target = await tx.get(Outgoing, row.target_id) if row.target_id else None
                edits = target.event_id if target else None
                sent.append(
                    Sent(
                        matrix_id,
                        row.event_id,
                        row.event_type,
                        row.key,
                        row.content,
                        row.relation,
                        edits,
                        row.attachment,
                    )
                )
                row.attachment = None
        return sent

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all stored rows except what every message leaves behind, to compare before and after."""
        async with self.database.engine.connect() as connection:
            filled = (await connection.execute(FILLED)).one()._mapping
            return {
                name: sorted(tuple(map(str, row)) for row in await connection.execute(rows)) if filled[name] else []
                for name, rows in ROWS.items()
            }


@dataclass
class TestRoom:
    """One room of the house."""

    __test__ = False

    house: House
    id: str

    async def says(
        self,
        text: str,
        *,
        who: str = "Anna",
        reply_to: str | None = None,
        thread: str | None = None,
        mentions_bot: bool = False,
        after: timedelta = timedelta(0),
    ) -> Answer:
        return await self._event(
            "text", who, text=text, relates_to=reply_to, thread=thread, mentions_bot=mentions_bot, after=after
        )

    async def edits(self, event_id: str, text: str, *, who: str = "Anna") -> Answer:
        return await self._event("edit", who, text=text, relates_to=event_id)

    async def redacts(self, event_id: str, *, who: str = "Anna", after: timedelta = timedelta(0)) -> Answer:
        return await self._event("redaction", who, relates_to=event_id, after=after)

    async def reacts(self, event_id: str, key: str, *, who: str = "Anna", after: timedelta = timedelta(0)) -> Answer:
        return await self._event("reaction", who, text=key, relates_to=event_id, after=after)

    async def votes(self, event_id: str, answers: Sequence[str], *, who: str = "Anna") -> Answer:
        return await self._event("vote", who, answers=tuple(answers), relates_to=event_id)

    async def _event(self, kind: Kind, who: str, *, after: timedelta = timedelta(0), **fields: Any) -> Answer:
        message = Message(
            kind=kind,
            event_id=f"$event{next(self.house.counter)}",
            room=self.id,
            sender=user(who),
            at=self.house.now + after,
            **fields,
        )
        answer = await self.house.hear(message)
        assert self.house.may_fail or not any(one.key == "apology" for one in answer.sent), "see the log above"
        return answer
