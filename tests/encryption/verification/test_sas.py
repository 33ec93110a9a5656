"""What one verification promises: both sides see the same, and it ends well, or when people or time say so."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.matrix.encryption.sas import EMOJI, Party, Sas, State
from tests.encryption.verification.peer import Peer
from tests.encryption.verification.runs import (
    ANNA,
    BOT,
    NOON,
    ZOE,
    asked,
    compared,
    compared_after_our_start,
    ended,
    only,
)

WAYS = pytest.mark.parametrize("way", [compared, compared_after_our_start])
PLACES = pytest.mark.parametrize("in_room", [False, True])


# -- a good end


@WAYS
@PLACES
@pytest.mark.parametrize("by", [ANNA, ZOE])
def test_both_sides_see_the_same_and_prove_their_keys(
    way: Callable[..., tuple[Sas, Peer]], by: Party, *, in_room: bool
) -> None:
    sas, peer = way(by, in_room=in_room)
    assert [EMOJI.index(one) for one in sas.emoji] == peer.emoji
    assert sas.numbers == peer.numbers
    mac = only(sas.confirm(NOON), "mac")
    assert peer.trusts(mac)
    assert not sas.is_over
    done = only(sas.receive("mac", peer.mac(), NOON), "done")
    assert done == peer.done()
    assert sas.state is State.DONE
    assert sas.master_proven == (by.master is not None)
    assert sas.receive("done", peer.done(), NOON) == []


@WAYS
def test_who_confirms_first_waits_for_the_other(way: Callable[..., tuple[Sas, Peer]]) -> None:
    sas, peer = way()
    assert sas.receive("mac", peer.mac(), NOON) == []
    assert (sas.state, sas.confirmed) == (State.SHOWN, False)
    mac, done = sas.confirm(NOON)
    assert peer.trusts(mac.content)
    assert done.type == "m.key.verification.done"
    assert sas.state is State.DONE


def test_nothing_is_confirmed_twice() -> None:
    sas, _ = compared()
    assert len(sas.confirm(NOON)) == 1
    assert sas.confirm(NOON) == []


def test_nothing_is_confirmed_before_it_was_seen() -> None:
    sas, peer = asked()
    assert sas.confirm(NOON) == []
    sas.receive("start", peer.start(), NOON)
    assert sas.confirm(NOON) == []
    assert not sas.confirmed
    with pytest.raises(RuntimeError):
        _ = sas.emoji


@PLACES
def test_every_message_says_to_which_verification_it_belongs(*, in_room: bool) -> None:
    sas, peer = asked(in_room=in_room)
    steps = sas.receive("start", peer.start(), NOON) + sas.receive("key", peer.key(), NOON) + sas.reject()
    for step in steps:
        if in_room:
            assert step.content["m.relates_to"] == {"rel_type": "m.reference", "event_id": "$event"}
            assert "transaction_id" not in step.content
        else:
            assert step.content["transaction_id"] == "transaction"
            assert "m.relates_to" not in step.content


def test_the_master_key_is_proven_only_where_it_was_sent() -> None:
    sas, peer = compared()
    device_only = {"ed25519:PHONE": ANNA.ed25519}
    sas.confirm(NOON)
    only(sas.receive("mac", peer.mac(keys=device_only), NOON), "done")
    assert not sas.master_proven


def test_the_bot_proves_its_device_alone_where_it_has_no_identity() -> None:
    bare = Party(BOT.user, BOT.device, BOT.ed25519)
    sas = Sas(bare, ANNA, "transaction", in_room=False, asked_at=NOON, now=NOON)
    peer = Peer(ANNA, bare, "transaction")
    sas.receive("start", peer.start(), NOON)
    peer.bots_key = only(sas.receive("key", peer.key(), NOON), "key")["key"]
    mac = only(sas.confirm(NOON), "mac")
    assert list(mac["mac"]) == ["ed25519:BOTDEVICE"]
    assert peer.trusts(mac)


def test_every_run_has_keys_of_its_own_and_agrees() -> None:
    runs = [compared() for _ in range(50)]
    assert len({peer.bots_key for _, peer in runs}) == 50
    for sas, peer in runs:
        assert [EMOJI.index(one) for one in sas.emoji] == peer.emoji
        assert sas.numbers == peer.numbers


def test_only_numbers_are_compared_where_the_other_side_has_no_emoji() -> None:
    sas, peer = asked()
    accept = only(sas.receive("start", peer.start(short_authentication_string=["decimal"]), NOON), "accept")
    assert accept["short_authentication_string"] == ["decimal"]
    assert sas.strings == ("decimal",)


def test_there_are_64_emoji_with_two_names_each() -> None:
    assert len({one.symbol for one in EMOJI}) == len({one.de for one in EMOJI}) == len({one.en for one in EMOJI}) == 64
    assert (EMOJI[0].symbol, EMOJI[0].de, EMOJI[0].en) == ("🐶", "Hund", "Dog")
    assert (EMOJI[37].symbol, EMOJI[37].de, EMOJI[37].en) == ("☂️", "Regenschirm", "Umbrella")
    assert (EMOJI[63].symbol, EMOJI[63].de, EMOJI[63].en) == ("📌", "Stecknadel", "Pin")


# -- both start


def test_of_two_starts_that_of_the_smaller_user_counts_and_is_theirs() -> None:
    sas, peer = asked(ANNA)
    only(sas.tick(NOON + timedelta(seconds=10)), "start")
    only(sas.receive("start", peer.start(), NOON), "accept")
    peer.bots_key = only(sas.receive("key", peer.key(), NOON), "key")["key"]
    assert [EMOJI.index(one) for one in sas.emoji] == peer.emoji


def test_of_two_starts_that_of_the_smaller_user_counts_and_is_ours() -> None:
    sas, peer = asked(ZOE)
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    assert sas.receive("start", peer.start(), NOON) == []
    peer.bots_key = only(sas.receive("accept", peer.accept(start), NOON), "key")["key"]
    sas.receive("key", peer.key(), NOON)
    assert [EMOJI.index(one) for one in sas.emoji] == peer.emoji


@pytest.mark.parametrize("by", [ANNA, ZOE])
def test_two_starts_with_different_methods_end_it(by: Party) -> None:
    sas, peer = asked(by)
    sas.tick(NOON + timedelta(seconds=10))
    ended(sas, sas.receive("start", peer.start(method="m.reciprocate.v1"), NOON), "m.unexpected_message")


def test_the_bot_starts_once_and_only_where_nobody_else_does() -> None:
    sas, peer = asked()
    assert sas.tick(NOON + timedelta(seconds=9)) == []
    only(sas.tick(NOON + timedelta(seconds=10)), "start")
    assert sas.tick(NOON + timedelta(seconds=20)) == []
    sas, peer = asked()
    sas.receive("start", peer.start(), NOON)
    assert sas.tick(NOON + timedelta(seconds=20)) == []


# -- other ends


def test_who_sees_something_else_ends_it() -> None:
    sas, _ = compared()
    ended(sas, sas.reject(), "m.mismatched_sas")


def test_a_cancel_of_the_other_side_is_not_answered() -> None:
    sas, peer = compared()
    assert sas.receive("cancel", peer.cancel("m.mismatched_sas"), NOON) == []
    assert (sas.state, sas.code) == (State.CANCELLED, "m.mismatched_sas")
    assert sas.cancel("m.user") == []


def test_what_does_not_get_through_does_not_count() -> None:
    sas, peer = compared()
    sas.receive("mac", peer.mac(), NOON)
    sas.confirm(NOON)
    assert sas.state is State.DONE
    assert sas.cancel("m.user") == []
    ended(sas, sas.fail(), "m.user")
    assert sas.fail() == []


@pytest.mark.parametrize("steps", [1, 2])
def test_two_minutes_without_progress_end_it(steps: int) -> None:
    sas, peer = asked()
    moved = NOON
    if steps == 2:
        moved += timedelta(seconds=90)
        sas.tick(NOON + timedelta(seconds=10))
        sas.receive("accept", peer.accept({}), moved)
    else:
        sas.receive("start", peer.start(), moved)
    assert sas.tick(moved + timedelta(seconds=119)) == []
    ended(sas, sas.tick(moved + timedelta(minutes=2)), "m.timeout")


def test_people_who_compare_have_the_whole_ten_minutes() -> None:
    sas, _ = compared()
    assert sas.until == NOON + timedelta(minutes=10)
    assert sas.tick(NOON + timedelta(minutes=9, seconds=59)) == []
    ended(sas, sas.tick(NOON + timedelta(minutes=10)), "m.timeout")


@pytest.mark.parametrize(("asked_at", "minutes"), [(-4, 6), (0, 10), (3, 10)])
def test_the_ten_minutes_begin_with_the_request(asked_at: int, minutes: int) -> None:
    sas, _ = asked(asked_at=NOON + timedelta(minutes=asked_at))
    assert sas.until == NOON + timedelta(minutes=minutes)


def test_who_is_done_is_not_timed_out() -> None:
    sas, peer = compared()
    sas.receive("mac", peer.mac(), NOON)
    sas.confirm(NOON)
    assert sas.tick(NOON + timedelta(hours=1)) == []
    assert sas.state is State.DONE
