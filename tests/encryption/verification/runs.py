"""Verifications that tests begin: the bot's side, the other side, and what is expected of a step."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.matrix.encryption.sas import Party, Sas, State, Step
from tests.encryption.verification.peer import Peer

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BOT = Party("@uagbot:localhost", "BOTDEVICE", "Ym90IGRldmljZSBrZXk", "Ym90IG1hc3RlciBrZXk")
ANNA = Party("@anna:localhost", "PHONE", "YW5uYSBkZXZpY2Uga2V5", "YW5uYSBtYXN0ZXIga2V5")
ZOE = Party("@zoe:localhost", "PHONE", "em9lIGRldmljZSBrZXk", None)


def asked(by: Party = ANNA, *, in_room: bool = False, asked_at: datetime = NOON) -> tuple[Sas, Peer]:
    """Let somebody ask the bot; it has accepted."""
    transaction = "$event" if in_room else "transaction"
    sas = Sas(BOT, by, transaction, in_room=in_room, asked_at=asked_at, now=NOON)
    peer = Peer(by, BOT, transaction, in_room=in_room)
    (ready,) = sas.ready()
    assert ready.type == "m.key.verification.ready"
    assert ready.content == peer.content(from_device="BOTDEVICE", methods=["m.sas.v1"])
    return sas, peer


def only(steps: list[Step], kind: str) -> dict[str, Any]:
    """Return the content of the only step, which is of this kind."""
    assert [step.type for step in steps] == [f"m.key.verification.{kind}"]
    return steps[0].content


def ended(sas: Sas, steps: list[Step], code: str) -> None:
    """Make sure that the verification has ended with this code, and that nothing revives it."""
    assert only(steps, "cancel")["code"] == code
    assert only(steps, "cancel")["reason"]
    assert (sas.state, sas.code) == (State.CANCELLED, code)
    assert sas.confirm(NOON) == sas.reject() == sas.tick(NOON + timedelta(days=1)) == []
    assert sas.receive("start", {}, NOON) == sas.receive("key", {}, NOON) == []


def compared(by: Party = ANNA, *, in_room: bool = False) -> tuple[Sas, Peer]:
    """Let the other side start, up to the moment at which people compare."""
    sas, peer = asked(by, in_room=in_room)
    accept = only(sas.receive("start", peer.start(), NOON), "accept")
    key = only(sas.receive("key", peer.key(), NOON), "key")
    peer.bots_key = key["key"]
    assert accept["commitment"] == peer.commitment(peer.bots_key)
    return sas, peer


def compared_after_our_start(by: Party = ANNA, *, in_room: bool = False) -> tuple[Sas, Peer]:
    """Let the bot start, up to the moment at which people compare."""
    sas, peer = asked(by, in_room=in_room)
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    peer.bots_key = only(sas.receive("accept", peer.accept(start), NOON), "key")["key"]
    assert sas.receive("key", peer.key(), NOON) == []
    return sas, peer
