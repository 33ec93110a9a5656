"""Files that the bot hands out, when the homeserver fails it; what a real one and real clients make of them is told
in `tests/real/test_files.py`.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nio.crypto.attachments import decrypt_attachment
from sqlalchemy import select

from storage.outbox import Outgoing
from tests.fake import Event, Session
from tests.fake.homeserver import FakeHomeserver
from tests.fake.media import LARGEST_FILE
from tests.fake.members import Crowd
from tests.faults.sampled import Bot
from tests.handlers.sample import MINUTES
from tests.test_faults import ANNA, BOT

UPLOAD, SEND = "/media/v3/upload", "/send/m.room.message"
TOO_LARGE = {"errcode": "M_TOO_LARGE", "error": "too large"}
PASSING: list[tuple[int, Any]] = [
    (502, "<html>Bad Gateway</html>"),
    (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}),
    (200, "not JSON"),
    (200, {}),
    (200, {"content_uri": None}),
]


def files(server: FakeHomeserver) -> list[Event]:
    """Return the files among what the bot has sent."""
    return [event for event in server.sent_by(BOT) if event["content"].get("msgtype") == "m.file"]


async def stored(bot: Bot) -> list[tuple[str | None, str | None]]:
    """Return (attachment, error) of all that the bot sent, once nothing waits."""
    async with asyncio.timeout(20):
        while True:
            async with bot.app.database.begin() as tx:
                rows = (await tx.scalars(select(Outgoing).where(Outgoing.key == "sample-said"))).all()
            if all(row.sent_at for row in rows):
                return [(row.attachment, row.error) for row in rows]
            await asyncio.sleep(0.05)


async def test_files_are_uploaded_before_their_events_in_order(bot: Bot) -> None:
    bot.server.member_says(bot.room, ANNA, "!probe datei")
    await bot.says("der Plan")
    minutes, plan = files(bot.server)
    uploads = bot.server.media.uploads
    assert [event["content"]["url"] for event in (minutes, plan)] == list(uploads)
    (one, other) = uploads.values()
    assert (one.content.decode(), one.mimetype, one.name) == (MINUTES, "text/markdown", "Protokoll 7.md")
    assert (other.mimetype, other.name) == ("text/calendar", "Plan.ics")
    assert minutes["content"]["info"] == {"mimetype": "text/markdown", "size": len(one.content)}
    assert plan["content"]["m.relates_to"]["rel_type"] == "m.thread"
    assert plan["content"]["m.relates_to"]["event_id"] == minutes["event_id"]
    assert await stored(bot) == [(None, None), (None, None)]


@pytest.mark.parametrize("path", [UPLOAD, SEND])
@pytest.mark.parametrize("fault", PASSING)
async def test_a_passing_fault_delays_a_file_and_makes_no_second_event(
    bot: Bot, path: str, fault: tuple[int, Any]
) -> None:
    bot.server.fail_next(path, *fault)
    bot.server.member_says(bot.room, ANNA, "!probe datei")
    await bot.says("der Plan")
    assert [event["content"]["filename"] for event in files(bot.server)] == ["Protokoll 7.md", "Plan.ics"]
    assert len(bot.server.media.uploads) == 2
    assert await stored(bot) == [(None, None), (None, None)]


@pytest.mark.parametrize("after_handling", [False, True])
@pytest.mark.parametrize("path", [UPLOAD, SEND])
async def test_a_cut_connection_may_repeat_the_upload_and_never_the_event(
    bot: Bot, path: str, *, after_handling: bool
) -> None:
    bot.server.drop_next(path, times=1 if path == UPLOAD else 2, after_handling=after_handling)
    bot.server.member_says(bot.room, ANNA, "!probe datei")
    await bot.says("der Plan")
    await asyncio.sleep(0.3)
    uploads = bot.server.media.uploads
    assert len(uploads) == (3 if path == UPLOAD and after_handling else 2)
    assert len(files(bot.server)) == 2
    assert {event["content"]["url"] for event in files(bot.server)} <= uploads.keys()


@pytest.mark.parametrize("body", [TOO_LARGE, "<html>413 Request Entity Too Large</html>"])
async def test_a_file_that_is_too_large_is_given_up_and_the_room_goes_on(
    bot: Bot, body: dict[str, str] | str, capsys: pytest.CaptureFixture[str]
) -> None:
    bot.server.fail_next(UPLOAD, 413, body)
    bot.server.member_says(bot.room, ANNA, "!probe datei")
    bot.server.member_says(bot.room, ANNA, "!probe leiten Wohin?")
    await bot.says("Gesagt: Wohin?")
    assert files(bot.server) == []
    assert bot.app.health.send_failures == {"M_TOO_LARGE": 1, "TARGET_NOT_SENT": 1}
    assert await stored(bot) == [(None, "M_TOO_LARGE"), (None, "TARGET_NOT_SENT"), (None, None)]
    assert "Wörlitz" not in capsys.readouterr().out


async def test_a_server_has_the_last_word_on_size(bot: Bot) -> None:
    async with bot.app.database.begin() as tx:
        content = {"msgtype": "m.file", "filename": "x", "info": {"mimetype": "text/plain"}}
        text = "x" * (LARGEST_FILE + 1)
        row = Outgoing(
            room_id=1,
            event_type="m.room.message",
            content=content,
            key="sample-said",
            created_at=bot.app.clock(),
            attachment=text,
        )
        tx.add(row)
    bot.app.sender.wake()
    assert await stored(bot) == [(None, "M_TOO_LARGE")]


async def test_a_file_that_waits_for_its_upload_is_sent_after_the_next_start(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    bot = Bot(server, tmp_path, room)
    async with bot.running():
        server.fail_next(UPLOAD, 502, "<html>Bad Gateway</html>", times=100)
        server.member_says(room, ANNA, "!probe datei")
        await bot.asked(UPLOAD)
    server.forgive()
    async with Bot(server, tmp_path, room).running():
        await bot.says("der Plan")
    assert len(files(server)) == 2


async def test_a_crash_between_upload_and_send_makes_one_event(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    """The server takes the event in, and the bot ends without ever hearing of it."""
    bot = Bot(server, tmp_path, room)
    async with bot.running():
        server.drop_next(SEND, times=100, after_handling=True)
        server.member_says(room, ANNA, "!probe datei")
        await bot.asked(SEND, times=2)
    server.forgive()
    again = Bot(server, tmp_path, room)
    async with again.running():
        await again.says("der Plan")
    assert [event["content"]["filename"] for event in files(server)] == ["Protokoll 7.md", "Plan.ics"]
    assert len(server.media.uploads) == 3


async def test_in_an_encrypted_room_the_server_learns_neither_name_nor_type_nor_words(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    crowd = Crowd(server, Session(BOT, "DEVICE"), [ANNA], devices=1)
    crowd.encrypt(room)
    bot = Bot(server, tmp_path, room)
    async with bot.running():
        await server.wait_until(crowd.bot_is_reachable, 20)
        server.fail_next("/send/m.room.encrypted", 502, "<html>Bad Gateway</html>")
        crowd.member_says(room, ANNA, "!probe datei")
        await server.wait_until(lambda: len(sealed(server)) == 2, 20)
    minutes, plan = (crowd.clear(ANNA, event)["content"] for event in sealed(server))
    assert (minutes["filename"], plan["filename"]) == ("Protokoll 7.md", "Plan.ics")
    assert minutes["info"]["mimetype"] == "text/markdown"
    assert "url" not in minutes
    file = minutes["file"]
    upload = server.media.uploads[file["url"]]
    assert (upload.mimetype, upload.name, len(server.media.uploads)) == ("application/octet-stream", None, 2)
    assert file["v"] == "v2"
    assert {name: file["key"][name] for name in ("kty", "alg", "ext")} == {"kty": "oct", "alg": "A256CTR", "ext": True}
    assert {"encrypt", "decrypt"} <= set(file["key"]["key_ops"])
    opened = decrypt_attachment(upload.content, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    assert opened.decode() == MINUTES
    assert file["key"]["k"] != plan["file"]["key"]["k"]


def sealed(server: FakeHomeserver) -> list[Event]:
    return [event for event in server.sent_by(BOT) if event["type"] == "m.room.encrypted"]
