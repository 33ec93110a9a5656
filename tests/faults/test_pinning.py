"""Pinned messages, when the homeserver fails the bot or forbids it; what a real one makes of them: `tests/real`."""

from typing import Any

import pytest

from tests.fake import Event
from tests.faults.sampled import Bot
from tests.test_faults import ANNA, BOT

STATE, LIST = "/state/m.room.pinned_events", "Diese Liste bleibt aktuell"
PASSING: list[tuple[int, Any]] = [
    (502, "<html>Bad Gateway</html>"),
    (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}),
]


def pinned(bot: Bot) -> list[Event]:
    """Return how the bot has set the list of what is pinned."""
    return [event["content"] for event in bot.server.sent_by(BOT) if event["type"] == "m.room.pinned_events"]


async def goes_on(bot: Bot) -> None:
    """Wait until everything that came before was sent."""
    bot.server.member_says(bot.room, ANNA, "!probe leiten Wohin?")
    await bot.says("Gesagt: Wohin?")


@pytest.mark.parametrize("fault", [None, *PASSING])
async def test_a_message_is_pinned_beside_what_others_have_pinned(bot: Bot, fault: tuple[int, Any] | None) -> None:
    if fault is not None:
        bot.server.fail_next(STATE, *fault)
    else:
        bot.server.inject(bot.room, ANNA, "m.room.pinned_events", {"pinned": ["$hers"]}, "")
    bot.server.member_says(bot.room, ANNA, "!termine anheften")
    posted = (await bot.says(LIST))["event_id"]
    await goes_on(bot)
    hers = [] if fault else ["$hers"]
    assert pinned(bot) == [{"pinned": [*hers, posted]}]
    bot.server.member_says(bot.room, ANNA, "!termine loslösen")
    await bot.server.wait_until(lambda: len(pinned(bot)) == 2, 20)
    assert pinned(bot)[1:] == [{"pinned": hers}]


async def test_what_is_pinned_already_is_not_pinned_again(bot: Bot) -> None:
    go_on = bot.server.hang_next(STATE)
    bot.server.member_says(bot.room, ANNA, "!termine anheften")
    posted = (await bot.says(LIST))["event_id"]
    bot.server.inject(bot.room, ANNA, "m.room.pinned_events", {"pinned": [posted]}, "")
    go_on.set()
    await goes_on(bot)
    assert pinned(bot) == []


async def test_where_it_is_forbidden_the_room_goes_on_and_hears_of_it(bot: Bot) -> None:
    bot.server.fail_next(STATE, 403, {"errcode": "M_FORBIDDEN", "error": "You don't have permission"})
    bot.server.member_says(bot.room, ANNA, "!termine anheften")
    await bot.says("Bitte heften Sie die Liste selbst an")
    await goes_on(bot)
    assert pinned(bot) == []
    assert bot.app.health.send_failures == {}
