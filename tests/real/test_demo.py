"""The demonstration ends well only if every expectation held."""

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot.clock import Clock
from bot.demo.encrypted import EncryptedMember
from bot.demo.ledger import Event, Ledger, Sent
from bot.demo.moved import MovedTime, clock_of
from bot.demo.play import play
from bot.demo.stage import Stage
from bot.demo.story import Scene
from bot.demo.synapse import Synapse
from bot.demo.transcript import Sheet
from tests.real.strict import Node, StrictClients

BOT, ANNA = "@uagbot:localhost", "@anna:localhost"
DEMO = [sys.executable, "-m", "bot.cli", "demo"]


def message(event_id: str, body: str, relation: Event | None = None) -> Event:
    content: Event = {"msgtype": "m.text", "body": body, "m.relates_to": relation or {}}
    return {"event_id": event_id, "type": "m.room.message", "sender": BOT, "origin_server_ts": 0, "content": content}


def reply(event_id: str, to: str) -> Event:
    return message(event_id, "Antwort", {"m.in_reply_to": {"event_id": to}})


def reaction(event_id: str, to: str, key: str) -> Event:
    relation = {"rel_type": "m.annotation", "event_id": to, "key": key}
    return {**message(event_id, ""), "type": "m.reaction", "content": {"m.relates_to": relation}}


def settled(*events: Event, edits: int = 0) -> Ledger:
    ledger = Ledger(scene="Szene")
    ledger.sent(Sent("$command", "!room", "Anna", "!hilfe"))
    for _ in range(edits):
        ledger.edited("$command")
    ledger.settle([events], BOT)
    return ledger


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("options", "encrypted"), [([], 4), (["--encrypted"], 9)])
def test_the_month_is_played_and_every_expectation_holds(options: list[str], encrypted: int) -> None:
    command = [*DEMO, "--once", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    assert " 0 verfehlt" in run.stdout.splitlines()[-1]
    assert "UAG1 · Bürger-Apps · 🔒 verschlüsselt" in run.stdout
    assert run.stdout.count("🔒 verschlüsselt") == encrypted


async def test_an_event_is_read_when_its_late_key_comes_and_not_taken_for_anything_before(
    synapse: Synapse, tmp_path: Path
) -> None:
    def replies(event: Event) -> bool:
        return "m.relates_to" in event["content"]  # in clear even while the rest cannot be read

    async with AsyncExitStack() as stack:
        members = []
        for name in ("late-anna", "late-bodo"):
            account = await asyncio.to_thread(synapse.register, name, "geheim")
            member = EncryptedMember(account, synapse.url, tmp_path / name)
            members.append(await stack.enter_async_context(member))
        anna, bodo = members
        room = await anna.create_room("Vertraulich", invite=[bodo.user_id], encrypted=True)
        await bodo.join(room)
        first = await anna.say(room, "Guten Morgen.")
        async with anna.late_keys(room):
            late = await anna.say(room, "Der Haushalt ist da.", reply_to=first)
            with pytest.raises(TimeoutError):
                await bodo.wait_for(room, replies, 1)
        found = await bodo.wait_for(room, replies, after=first)
        own = await anna.wait_for(room, lambda event: event["event_id"] == late)
    assert (found["type"], found["encrypted"]) == ("m.room.message", True)
    assert found["content"]["body"] == own["content"]["body"] == "Der Haushalt ist da."


@pytest.mark.timeout(120)
async def test_an_expectation_that_does_not_hold_is_named_and_gives_exit_status_1(tmp_path: Path) -> None:
    async def disappointed(stage: Stage) -> None:
        await stage.says("Anna", stage["INI"], "!umfarge", "Meinten Sie", "Kaffee")

    with (tmp_path / "printed").open("w+", encoding="utf-8") as printed:
        console = Console(file=printed, width=200)
        scenes = [Scene("Enttäuschung", disappointed)]
        assert await play(console, once=True, folder=tmp_path / "demo", scenes=scenes) == 1
        printed.seek(0)
        shown = printed.read()
    assert "Enttäuschung: Anna: !umfarge: „Kaffee“" in shown
    assert "gekommen: Diesen Befehl kenne ich nicht. Meinten Sie" in shown
    assert "2 Erwartungen erfüllt, 1 verfehlt" in shown


@pytest.mark.timeout(120)
def test_ctrl_c_before_the_end_stops_bot_and_server(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with (tmp_path / "printed").open("wb") as printed:
        running = subprocess.Popen([*DEMO, "--folder", str(folder)], stdout=printed, stderr=printed)  # noqa: S603 - our own words
        give_up = time.monotonic() + 60
        while not (folder / "uagbot.db").exists() and time.monotonic() < give_up:
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    command_lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in command_lines if str(folder).encode() in line]


@pytest.mark.timeout(120)
async def test_who_logs_in_with_a_client_that_trusts_signed_devices_only_is_answered_in_an_encrypted_room(
    node: Node, tmp_path: Path
) -> None:
    async def visit(stage: Stage) -> None:
        account, room = stage.members["Anna"].account, stage["UAG1"].id
        async with StrictClients(stage.members["Anna"].url, node) as clients:
            anna = await clients.login(account, device="Anna Telefon")
            command = await anna.say(room, "!hilfe")
            answer = await anna.wait_for(room, lambda event: event["type"] == "m.room.message", after=command)
        said = f"{answer['sender']}: {answer['content']['body']}"
        held = answer["encrypted"] and said.startswith(f"{BOT}: Das kann ich")
        stage.ledger.expect("die verschlüsselte Hilfe", said, held=held)

    with (tmp_path / "printed").open("w+", encoding="utf-8") as printed:
        status = await play(Console(file=printed), once=True, folder=None, scenes=[Scene("Besuch", visit)])
        printed.seek(0)
        assert status == 0, printed.read()


async def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("wichtig")
    with (tmp_path / "printed").open("w+", encoding="utf-8") as printed:
        assert await play(Console(file=printed), once=True, folder=tmp_path) == 2
    assert (tmp_path / "notes.txt").read_text() == "wichtig"


def test_a_ledger_without_any_expectation_is_no_success() -> None:
    assert not Ledger().all_met


def test_a_missing_word_is_a_miss_whatever_else_came() -> None:
    ledger = Ledger(scene="Szene")
    assert not ledger.expect_words("Anna: !hilfe", "Das kann\n ich", ["Das kann ich", "Treffen"])
    assert (ledger.met, len(ledger.missed), ledger.all_met) == (1, 1, False)
    assert ledger.missed[0].expected == "Anna: !hilfe: „Treffen“"


def test_a_word_that_must_not_come_is_a_miss() -> None:
    ledger = Ledger()
    assert not ledger.expect_words("das Ergebnis", "Ergebnis (verspätet)", ["Ergebnis"], without=["verspätet"])
    assert not ledger.all_met


@pytest.mark.parametrize(
    "events",
    [
        [reply("$1", "$command")],
        [reaction("$1", "$command", "✅")],
        [reaction("$1", "$command", "👍"), reply("$2", "$command")],
    ],
)
def test_one_answer_settles_a_command(events: list[Event]) -> None:
    assert settled(*events).all_met


@pytest.mark.parametrize(
    "events",
    [
        [],
        [reply("$1", "$other")],
        [reply("$1", "$command"), reply("$2", "$command")],
        [reaction("$1", "$command", "✅"), reaction("$2", "$command", "👍")],
        [reply("$1", "$command"), reaction("$2", "$command", "✏️")],
        [{**reply("$1", "$command"), "sender": ANNA}],
    ],
)
def test_no_answer_or_more_than_one_does_not_settle_a_command(events: list[Event]) -> None:
    assert len(settled(*events).missed) == 1


def test_an_edited_command_needs_its_answer_and_the_sign_that_the_edit_was_seen() -> None:
    assert settled(reply("$1", "$command"), reaction("$2", "$command", "✏️"), edits=1).all_met
    assert not settled(reply("$1", "$command"), edits=1).all_met


def test_an_apology_anywhere_is_a_miss() -> None:
    ledger = settled(reply("$1", "$command"), message("$2", "Das hat leider nicht geklappt, 1234"))
    assert len(ledger.missed) == 1


@pytest.mark.parametrize(
    "events",
    [
        [],
        [message("$1", "im Klartext")],
        [{**message("$1", ""), "type": "m.room.encrypted", "content": {"ciphertext": "…"}}],
    ],
)
def test_an_encrypted_room_without_words_with_some_in_clear_or_unreadable_is_a_miss(events: list[Event]) -> None:
    assert not Ledger().expect_encrypted("UAG1", events, encrypted=True)


def test_reactions_and_what_was_deleted_may_be_in_clear_in_an_encrypted_room() -> None:
    deleted = {**message("$3", ""), "content": {}}
    events = [{**message("$1", "geheim"), "encrypted": True}, reaction("$2", "$1", "✅"), deleted]
    assert Ledger().expect_encrypted("UAG1", events, encrypted=True)
    assert not Ledger().expect_encrypted("UAG2", events, encrypted=False)


def test_moved_time_goes_on_from_where_it_was_moved_to(tmp_path: Path) -> None:
    clock = clock_of(tmp_path / "clock")
    begin = datetime(2026, 11, 2, 8, tzinfo=UTC)
    clock.moved.move_to(begin)
    assert timedelta(0) <= clock() - begin < timedelta(seconds=5)
    clock.moved.move_to(begin + timedelta(days=30))
    assert timedelta(days=30) <= clock() - begin < timedelta(days=30, seconds=5)


async def test_an_event_keeps_the_time_at_which_it_was_sent_when_time_is_moved_later(tmp_path: Path) -> None:
    moved = MovedTime(tmp_path / "clock")
    begin = datetime(2026, 11, 2, 8, tzinfo=UTC)
    moved.move_to(begin)
    sent = int(Clock()().timestamp() * 1000)
    await asyncio.sleep(0.01)
    moved.move_to(begin + timedelta(days=1))
    clock = clock_of(moved.file)
    assert abs(clock.server_time(sent) - begin) < timedelta(seconds=5)
    assert abs(clock.server_time(sent + 1000) - begin - timedelta(days=1)) < timedelta(seconds=5)


def test_the_transcript_shows_the_newest_words_and_who_reacted() -> None:
    edit = message("$2", "* neu", {"rel_type": "m.replace", "event_id": "$1"})
    edit["content"]["m.new_content"] = {"msgtype": "m.notice", "body": "neu"}
    events = [message("$1", "alt"), edit, {**reaction("$3", "$1", "✅"), "sender": ANNA}]
    sheet = Sheet({BOT: "uagbot", ANNA: "Anna"}, BOT, lambda stamp: datetime.fromtimestamp(stamp, UTC))
    [line] = sheet.read(events)
    assert (line.who, line.body, line.edits, line.chips) == ("uagbot", "neu", 1, {"✅": ["Anna"]})


def test_the_transcript_leaves_out_what_was_deleted() -> None:
    gone: list[Event] = [
        {**message(f"$redaction{of}", ""), "type": "m.room.redaction", "redacts": of} for of in ("$1", "$3")
    ]
    events = [message("$1", "alt"), message("$2", "neu"), {**reaction("$3", "$2", "✅"), "sender": ANNA}, *gone]
    first, second = Sheet({}, BOT, lambda stamp: datetime.fromtimestamp(stamp, UTC)).read(events)
    assert first.deleted
    assert not second.deleted
    assert second.chips == {"✅": []}
