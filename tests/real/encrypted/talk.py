"""What tests of encrypted rooms share: a bot with an identity, and what members at strict clients say and wait for."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.demo.speaker import Event
from bot.demo.synapse import Account
from bot.matrix.homeserver import Homeserver
from tests.real.running import RunningBot
from tests.real.strict import StrictClient

PATIENCE = 30.0
POLL = '!umfrage "Wo tagen wir?" Halle Stendal'


async def set_up(folder: Path, url: str, account: Account) -> str:
    """Give the bot's account an identity that has signed its device; returns the recovery key."""
    homeserver = Homeserver(url, account.user_id, folder / "keys")
    try:
        await homeserver.resume(None, account.access_token)
        await homeserver.take_up_keys()
        return await homeserver.identity.create(lambda: account.password)
    finally:
        await homeserver.close()


def says(account: Account, *words: str, kind: str = "m.room.message") -> Callable[[Event], bool]:
    """An event of the bot that can be read and has these words."""

    def fits(event: Event) -> bool:
        ours = event["sender"] == account.user_id and event["type"] == kind and event["unreadable"] is None
        return ours and all(word in str(event["content"]) for word in words)

    return fits


def answers(account: Account, command: str) -> Callable[[Event], bool]:
    """The bot's answer to this command."""
    return lambda event: says(account)(event) and answered(event) == command


def answered(event: Event) -> str | None:
    found: str | None = event["content"].get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id")
    return found


async def encrypted_room(host: StrictClient, account: Account, *guests: StrictClient, key: str = "UAG1") -> str:
    """Open an encrypted room and let it become a working group."""
    room = await host.create_room("UAG Bürger-Apps", invite=[account.user_id, *(guest.user_id for guest in guests)])
    for guest in guests:
        await guest.join(room)
    await host.wait_for(room, says(account, "!hilfe"), PATIENCE)
    await asks(host, room, account, f'!gruppe einrichten {key} "Bürger-Apps"')
    return room


async def asks(member: StrictClient, room: str, account: Account, text: str = POLL) -> Event:
    """Say something to the bot and return its answer."""
    command = await member.say(room, text)
    return await member.wait_for(room, answers(account, command), PATIENCE)


def rows(bot: RunningBot, query: str) -> list[Any]:
    with closing(sqlite3.connect(bot.database)) as database:
        return database.execute(query).fetchall()


def answers_with(event_id: str) -> Callable[[Event], bool]:
    return lambda event: event["event_id"] == event_id and event["unreadable"] is None
