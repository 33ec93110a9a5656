"""A bot that can be verified, with a wire that is noted, and its members' clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.clock import Clock
from bot.matrix.encryption.sas import Party
from bot.matrix.verifier import Keys, Verifier
from commands.kit.outcome import Outcome
from storage.verifications import Verification
from tests.encryption.verification.peer import Peer
from tests.handlers.house import BOT, Answer, House, TestRoom, user

BOT_PARTY = Party(BOT, "BOTDEVICE", "Ym90IGRldmljZSBrZXk", "Ym90IG1hc3RlciBrZXk")
VERIFICATION = "m.key.verification."


def party(who: str) -> Party:
    """Return the keys of a member's telephone."""
    return Party(user(who), "PHONE", f"{who}DeviceKey", f"{who}MasterKey")


@dataclass
class Line:
    """The wire, noted: what was sent where, whose keys were signed; it can be cut."""

    own: Party = BOT_PARTY
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    published: dict[str, Keys] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)

    async def send_to_device(self, user: str, device: str, event_type: str, content: dict[str, Any]) -> None:
        await self._send(f"{user} {device}", event_type, content)

    async def send_in_room(self, room: str, event_type: str, content: dict[str, Any]) -> None:
        await self._send(room, event_type, content)

    async def keys_of(self, user: str) -> Keys:
        if "keys" in self.broken:
            raise self.broken["keys"]
        return self.published[user]

    async def sign_user(self, raw_master: dict[str, Any]) -> None:
        if "sign" in self.broken:
            raise self.broken["sign"]
        self.signed.append(raw_master["user_id"])

    async def _send(self, to: str, event_type: str, content: dict[str, Any]) -> None:
        kind = event_type.removeprefix(VERIFICATION)
        if kind in self.broken:
            raise self.broken[kind]
        self.sent.append((to, kind, content))


@dataclass(frozen=True, slots=True)
class HeldClock(Clock):
    """The clock of the house."""

    house: House | None = None

    def __call__(self) -> datetime:
        """Return what the test says."""
        assert self.house is not None
        return self.house.now


@dataclass
class Desk:
    """A bot that can be verified, and the clients of its members."""

    house: House
    line: Line
    verifier: Verifier
    woken: list[Outcome]

    async def asks(
        self, who: str, room: TestRoom | None = None, *, transaction: str = "$ask", **changes: Any
    ) -> tuple[Peer, Answer]:
        """Let somebody ask, in a room or from device to device."""
        me = party(who)
        self.line.published.setdefault(me.user, keys_of(me))
        peer = Peer(me, BOT_PARTY, transaction, in_room=room is not None)
        content = {"from_device": "PHONE", "methods": ["m.sas.v1", "m.qr_code.show.v1"], **changes}
        at = int(self.house.now.timestamp() * 1000)
        if room is not None:
            said = {"msgtype": f"{VERIFICATION}request", "body": "…", "to": BOT, **content}
            event = {"type": "m.room.message", "sender": me.user, "event_id": transaction, "content": said}
            await self.verifier.in_room(room.id, {"origin_server_ts": at, **event})
        else:
            said = {"timestamp": at, "transaction_id": transaction, **content}
            await self.verifier.to_device({"type": f"{VERIFICATION}request", "sender": me.user, "content": said})
        return peer, Answer(await self.house.deliver())

    async def sends(
        self, peer: Peer, kind: str, content: dict[str, Any], room: TestRoom | None = None, **changes: Any
    ) -> Answer:
        """Let the other side send a message of the verification."""
        event = {"type": VERIFICATION + kind, "sender": peer.me.user, "content": content, **changes}
        await (self.verifier.in_room(room.id, event) if room else self.verifier.to_device(event))
        return Answer(await self.house.deliver())

    async def shows(self, peer: Peer, room: TestRoom | None = None) -> Answer:
        """Go on up to the emoji; returns what the bot says then."""
        await self.sends(peer, "start", peer.start(), room)
        answer = await self.sends(peer, "key", peer.key(), room)
        peer.bots_key = self.last("key")["key"]
        return answer

    async def acts(self) -> Answer:
        """Let the bot act on what was decided."""
        await self.verifier.decided()
        return Answer(await self.house.deliver())

    async def waits(self, **delta: float) -> Answer:
        """Let time pass for the verifications."""
        self.house.now += timedelta(**delta)
        await self.verifier.tick(self.house.now)
        return Answer(await self.house.deliver())

    def last(self, kind: str) -> dict[str, Any]:
        """Return the content of the last message that was sent, which is of this kind."""
        assert self.line.sent[-1][1] == kind, [found for _, found, _ in self.line.sent]
        return self.line.sent[-1][2]

    def kinds(self) -> list[str]:
        """Return what was sent."""
        return [kind for _, kind, _ in self.line.sent]

    async def rows(self) -> list[tuple[str, str]]:
        """Return (person, state) of all that is stored."""
        async with self.house.database.begin() as tx:
            found = await tx.execute(select(Verification.user_id, Verification.state).order_by(Verification.id))
            return [(who, state) for who, state in found]


def keys_of(who: Party, *, devices: Mapping[str, str] | None = None) -> Keys:
    """Return what a member has published."""
    raw = {"user_id": who.user, "usage": ["master"], "keys": {f"ed25519:{who.master}": who.master}}
    return Keys(devices or {who.device: who.ed25519}, who.master, raw)


def verifier(house: House, line: Line, woken: list[Outcome]) -> Verifier:
    """Start a process."""
    return Verifier(line, house.database, house.dispatcher, HeldClock(house=house), woken.append)
