"""Who, where, now, and the open transaction: all that a handler may use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.message import Message
from commands.kit.roles import Role, leaders, role_of
from commands.kit.say import Form, Refusal, Rendered, Say
from commands.kit.setup import Setup
from commands.kit.texts import Name, zone
from storage import due, outbox, rooms
from storage.base import Subject
from storage.rooms import Room

if TYPE_CHECKING:
    from commands.kit.vocabulary import Vocabulary

LATE_SECONDS = 600
NAMED = 5  # chairs that a refusal names


@dataclass(slots=True)
class Context:
    """One piece of work; `message` is None for a job, `planned` is when a job was due.

    `about` is what the message made or changed, where no answer says so; its edit or redaction is about the same.
    `found` is what a job that looks at the server first has read there: each event once, the earliest first.
    """

    tx: AsyncSession
    setup: Setup
    vocabulary: "Vocabulary"
    room: Room
    sender: str
    now: datetime
    message: Message | None = None
    planned: datetime | None = None
    found: Sequence[Message] = ()
    replied: tuple[str, int] | None = None
    next_due: datetime | None = None
    about: Subject | None = None

    @property
    def event(self) -> Message:
        """The message that brought this work; a job has none."""
        if self.message is None:
            raise TypeError("a job has no message")
        return self.message

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this room reads and writes times."""
        return zone(self.room.zone)

    @property
    def late(self) -> bool:
        """Whether a job runs long after it was due, because the bot was away."""
        return self.planned is not None and (self.now - self.planned).total_seconds() > LATE_SECONDS

    def say(self, key: str, *, about: Subject | None = None, room: Room | None = None, **data: Any) -> Say:
        """Answer with this text; `about` is what replies and reactions to it will mean."""
        return Say(key=key, data=data, about=about, room=room)

    def update(self, key: str, *, about: Subject, room: Room | None = None, **data: Any) -> Say:
        """Show the newest state in the earlier message of the same key and subject, if there is one."""
        return Say(key=key, data=data, about=about, room=room, in_place=True)

    def react(self, key: str, *, about: Subject | None = None) -> Say:
        """Acknowledge the message by a reaction (for an edit: on the message that was edited).

        `about` is what the message made, where nothing else is said of it.
        """
        edited = self.event.relates_to if self.event.kind == "edit" else None
        return Say(key="", form=reaction_on(edited or self.event.event_id, key), about=about)

    async def due(self, what: str, subject: Subject, *, at: datetime, room: Room | None = None) -> None:
        """Plan the job `what` for the subject, in this transaction."""
        await self.tx.flush()
        await due.add(self.tx, what, subject.id, (room or self.room).id, at)
        self.next_due = min(at, self.next_due or at)

    async def people(self, user_ids: Iterable[str]) -> list[Name]:
        """Return these people as texts show them, in the order given."""
        wanted = list(user_ids)
        found = await rooms.names(self.tx, wanted)
        return [Name(user, found[user]) for user in wanted]

    async def role(self) -> Role:
        """Return the sender's role in this room."""
        return await role_of(self.tx, self.room, self.sender, self.setup.coordinators)

    async def allow(self, role: Role, *, or_user: str | None = None) -> None:
        """Go on only if the sender has this role (or is `or_user`), else refuse and say who may."""
        if role is Role.MEMBER or self.sender == or_user or await self.role() >= role:
            return
        who = await self.people(await leaders(self.tx, self.room, self.setup.nobody))
        raise Refusal("role-needed", role=role.name.lower(), or_author=or_user is not None, who=who[:NAMED])

    async def members(self) -> list[str]:
        """Return the people in this room, without bots."""
        found = await rooms.members(self.tx, self.room)
        return [member.user_id for member in found if member.user_id not in self.setup.nobody]

    async def said(self, key: str, about: Subject) -> outbox.Outgoing | None:
        """Return the message that was said with this key about the subject."""
        return await outbox.first_about(self.tx, about.noun, about.id, key)


def reaction_on(event_id: str, key: str) -> Form:
    """Make the form of a reaction (MSC2677); the text is not used."""

    def form(_: Rendered) -> tuple[str, dict[str, Any]]:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return "m.reaction", {"m.relates_to": relation}

    return form
