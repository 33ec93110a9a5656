"""Jobs that look at the server before they work, when the homeserver fails them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage import due, rooms
from tests.fake.homeserver import FakeHomeserver
from tests.faults.sampled import NO_MORE_THAN, Bot
from tests.test_faults import ANNA, BOT

RELATIONS, EVENT = "/relations/", "/event/"
LIMITED = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}
GONE = {"errcode": "M_NOT_FOUND", "error": "Event not found"}


async def test_all_pages_of_what_relates_to_an_event_are_read_in_order(bot: Bot) -> None:
    event = await bot.leads()
    bot.server.clock_ms = iter(range(2_000_000_000_000, 2_000_000_001_000)).__next__
    reactions = [bot.reacts(event, str(number)) for number in range(234)]
    bot.server.inject(bot.room, ANNA, "m.room.redaction", {"redacts": reactions[100]})
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    lines = (await bot.says("Gefunden:"))["content"]["body"].splitlines()
    assert lines[1:] == [
        f"text {ANNA} !probe leiten Wohin?",
        *(f"reaction {ANNA} {number}" for number in range(234) if number != 100),
    ]
    assert sum(RELATIONS in one for one in bot.server.requests) == 3


async def test_what_is_no_event_of_a_member_is_passed_over(bot: Bot) -> None:
    event = await bot.leads()
    for odd in ({"key": 7}, {"key": None}, {"key": ["a"]}):
        relation = {"rel_type": "m.annotation", "event_id": event, **odd}
        bot.server.inject(bot.room, ANNA, "m.reaction", {"m.relates_to": relation})
    reference = {"m.relates_to": {"rel_type": "m.reference", "event_id": event}}
    for kind in ("m.room.encrypted", "m.room.message", "org.matrix.msc3381.poll.end", "m.room.encryption"):
        bot.server.inject(bot.room, ANNA, kind, reference)
    bot.server.inject(bot.room, ANNA, "m.room.topic", {**reference, "topic": "x"}, "")
    bot.server.inject(bot.room, BOT, "m.reaction", {"m.relates_to": {**reference["m.relates_to"], "key": "1"}})
    bot.server.member_says(bot.room, ANNA, "Gute Frage", **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})
    bot.server.inject(bot.room, ANNA, "m.poll.response", {**reference, "m.selections": ["halle"]})
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    found = await bot.says("Gefunden:")
    assert found["content"]["body"].splitlines()[1:] == [f"text {ANNA} !probe leiten Wohin?", f"vote {ANNA} halle"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda server: server.fail_next(RELATIONS, 429, LIMITED),
        lambda server: server.fail_next(RELATIONS, 502, "<html>Bad Gateway</html>"),
        lambda server: server.fail_next(RELATIONS, 200, {}),
        lambda server: server.fail_next(RELATIONS, 200, "not JSON"),
        lambda server: server.fail_next(EVENT, 502, "<html>Bad Gateway</html>"),
        lambda server: server.fail_next(EVENT, 200, {}),
        lambda server: server.drop_next(RELATIONS, times=2),
        lambda server: server.drop_next(EVENT, times=2, after_handling=True),
    ],
)
async def test_a_passing_fault_leads_to_exactly_one_run(bot: Bot, fault: Callable[[FakeHomeserver], None]) -> None:
    bot.reacts(await bot.leads(), "1️⃣")
    fault(bot.server)
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    await _put_off(bot)
    assert bot.ran == ["lead"]
    bot.moved += timedelta(seconds=31)
    await bot.says("Gefunden:")
    await asyncio.sleep(0.3)
    assert bot.ran == ["lead", "look 2"]
    assert len(bot.said("Gefunden:")) == 1


async def _put_off(bot: Bot) -> None:
    """Wait until the look has failed."""
    async with asyncio.timeout(NO_MORE_THAN):
        while True:
            async with bot.app.database.begin() as tx:
                upcoming = await due.next_at(tx, only=["sample look"])
            if upcoming is not None and upcoming > bot.app.clock() + timedelta(seconds=1):
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "found"), [(EVENT, f"reaction {ANNA} 1️⃣"), (RELATIONS, f"text {ANNA} !probe leiten Wohin?")]
)
async def test_what_the_server_will_not_show_is_not_found_and_the_rest_is(bot: Bot, path: str, found: str) -> None:
    bot.reacts(await bot.leads(), "1️⃣")
    bot.server.fail_next(path, 404, GONE)
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    assert (await bot.says("Gefunden:"))["content"]["body"].splitlines()[1:] == [found]


async def test_a_hanging_server_delays_no_other_deadline(bot: Bot) -> None:
    await bot.leads()
    go_on = bot.server.hang_next(EVENT)
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    await bot.asked(EVENT)
    await bot.plans("sample deadline", 7)
    await bot.says("Gesagt: deadline 7")
    assert bot.ran == ["lead", "deadline 7"]
    go_on.set()


async def test_the_bot_stops_at_once_while_the_server_hangs_and_looks_after_the_next_start(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    bot = Bot(server, tmp_path, room)
    async with bot.running():
        await bot.leads()
        server.hang_next(EVENT)
        server.member_says(room, ANNA, "!probe nachsehen")
        await bot.asked(EVENT)
        before = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - before < 5
    again = Bot(server, tmp_path, room)
    async with again.running():
        await again.says("Gefunden:")
    assert (bot.ran, again.ran) == (["lead"], ["look 1"])


async def test_a_deadline_that_is_cancelled_while_the_server_is_read_does_not_come(bot: Bot) -> None:
    await bot.leads()
    go_on = bot.server.hang_next(EVENT)
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    await bot.asked(EVENT)
    async with bot.app.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, bot.room)
        assert found is not None
        await due.cancel(tx, "sample look", found.id)
    go_on.set()
    await bot.asked(RELATIONS)
    await bot.plans("sample deadline", 7)
    await bot.says("Gesagt: deadline 7")
    assert bot.ran == ["lead", "deadline 7"]


async def test_what_is_taken_back_while_the_server_is_read_is_not_found(bot: Bot) -> None:
    event = await bot.leads()
    reaction = bot.reacts(event, "1️⃣")
    bot.reacts(event, "2️⃣")
    held = asyncio.Event()
    _hold_after_reading(bot, held)
    bot.server.member_says(bot.room, ANNA, "!probe nachsehen")
    await bot.asked(RELATIONS)
    await asyncio.sleep(0.2)
    bot.server.inject(bot.room, ANNA, "m.room.redaction", {"redacts": reaction})
    bot.server.member_says(bot.room, ANNA, "!probe weiter")
    await bot.says("Gesagt: one")
    held.set()
    found = await bot.says("Gefunden:")
    assert found["content"]["body"].splitlines()[1:] == [f"text {ANNA} !probe leiten Wohin?", f"reaction {ANNA} 2️⃣"]


def _hold_after_reading(bot: Bot, held: asyncio.Event) -> None:
    """Let the lookout wait between reading and working, as if the server were slow with its last bytes."""
    read: Callable[..., Awaitable[Any]] = bot.app.lookout._read

    async def slowly(looks: Any) -> Any:
        found = await read(looks)
        await held.wait()
        return found

    bot.app.lookout._read = slowly  # type: ignore[method-assign]
