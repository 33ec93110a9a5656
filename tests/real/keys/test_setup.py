"""What `uagbot setup` promises of keys: a bot that clients accept, a way to a new machine, nothing done silently."""

import asyncio
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bot.matrix.encryption.recovery import encode, new_recovery_key
from bot.settings import load
from bot.setup.keys import Wish
from bot.setup.terminal import SetupFailed
from storage.database import Database
from tests.real.conftest import People
from tests.real.keys.enrolled import RECOVERY_KEY, Between, Operator, elsewhere_only
from tests.real.operating import COMMAND, ENVIRONMENT
from tests.real.strict import StrictClients

UPLOAD = "/_matrix/client/v3/keys/device_signing/upload"


# The first time


async def test_five_questions_make_a_bot_that_strict_clients_accept(
    operator: Operator, people: People, strict: StrictClients
) -> None:
    answers = [operator.url, operator.account.user_id, "password", operator.account.password, "de", operator.folder]
    done = await operator.calls("setup", typed="\n".join(map(str, answers)) + "\n")
    assert done.status == 0, done.text
    device = await operator.device()
    [anna] = await people("Anna")
    phone = await strict.login(anna.account)
    assert await phone.has_identity(operator.account.user_id)
    trust = await phone.trust(operator.account.user_id, device)
    assert trust is not None
    assert trust["signedByOwner"]
    checked = await operator.calls("check", "--recovery-key", typed=done.recovery_key + "\n")
    assert checked.status == 0, checked.text
    assert "✔ This recovery key brings everything back." in checked.text
    for file in operator.folder.rglob("*"):
        if file.is_file():
            assert done.recovery_key.encode() not in file.read_bytes()

    config = operator.config.read_bytes()
    again = await operator.calls("setup")
    assert again.status == 0, again.text
    assert "Write it anew?" in again.text
    assert f"Clients will accept the bot: its identity is published and has signed device {device}." in again.text
    assert not RECOVERY_KEY.findall(again.text)
    assert operator.config.read_bytes() == config
    assert await operator.device() == device


async def test_a_second_setup_changes_nothing(ready: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    device = await ready.device()
    before = ready.kept(device), (await ready.row()).access_token
    done = await ready.sets_up(monkeypatch)
    assert done.status == 0, done.text
    assert done.text.count("✔") == 4
    assert (ready.kept(device), (await ready.row()).access_token) == before
    assert await ready.device() == device


async def test_setup_waits_for_no_bot_that_runs(ready: Operator) -> None:
    database = Database(load(ready.config).storage.url)
    await database.lock()
    done = await ready.calls("setup", "--recovery-key")
    await database.close()
    assert done.status == 1
    assert done.text.splitlines()[-1].startswith("uagbot: Another uagbot works on this database. Stop it first.")


async def test_a_setup_that_gets_no_answers_says_so(operator: Operator) -> None:
    done = await operator.calls("setup", typed=f"{operator.url}\n")
    assert done.status == 1
    assert done.text.endswith("uagbot: The answers ended before the questions did.\n")
    assert not operator.config.exists()


async def test_two_wishes_at_once_are_refused(ready: Operator) -> None:
    done = await ready.calls("setup", "--recovery-key", "--new-identity")
    assert done.status == 2
    assert "--recovery-key and --new-identity exclude each other" in done.text


async def test_a_token_that_is_not_valid_any_more_is_explained(ready: Operator) -> None:
    file = await ready.by_token()
    file.write_text("syt_vorbei")
    done = await ready.calls("setup")
    assert done.status == 1
    assert "does not accept the bot's access token" in done.text
    assert done.text.endswith("uagbot setup --recovery-key\n")


@pytest.mark.parametrize("right", [False, True])
async def test_a_person_types_the_end_of_the_recovery_key_before_it_is_gone(operator: Operator, *, right: bool) -> None:
    operator.write()
    output = await asyncio.to_thread(_at_a_terminal, operator, right=right)
    assert "Those are not its last four letters" in output
    [key] = RECOVERY_KEY.findall(output)
    assert (await operator.checks(key)).status == 0
    again = await operator.calls("setup")
    assert again.status == 0
    shown = RECOVERY_KEY.findall(again.text)
    assert len(shown) == (0 if right else 1)  # who pressed Ctrl+C has perhaps not written it down
    if shown:
        assert (await operator.checks(shown[0])).status == 0
        assert (await operator.checks(key)).status == 1


def _at_a_terminal(operator: Operator, *, right: bool) -> str:
    """Run setup at a terminal, type something wrong, then what is right or Ctrl+C; returns what stood there."""
    master, slave = pty.openpty()
    words = [*COMMAND, "setup", "--config", str(operator.config)]
    with subprocess.Popen(  # noqa: S603 - our own program
        words, stdin=slave, stdout=slave, stderr=slave, env={**ENVIRONMENT, "COLUMNS": "200", "TERM": "dumb"}
    ) as process:
        try:
            os.close(slave)
            output = _until(master, "exists. Write it anew?")
            os.write(master, b"n\n")
            output += _until(master, "type its last four letters")
            os.write(master, b"xxxx\n")
            output += _until(master, "type its last four letters")
            [key] = RECOVERY_KEY.findall(output.replace("\r\n", "\n"))
            if right:
                os.write(master, f"{key[-4:]}\n".encode())
                output += _until(master, "Next: uagbot check")
            else:
                time.sleep(1)  # the question stands there a moment before it is read from
                process.send_signal(signal.SIGINT)
            assert process.wait(30) == (0 if right else 130)
        finally:
            process.kill()
    os.close(master)
    return output.replace("\r\n", "\n")


def _until(terminal: int, words: str) -> str:
    output = ""
    while words not in output:
        output += os.read(terminal, 4096).decode(errors="replace")
    return output


# An identity that is there already


async def test_an_identity_that_exists_is_taken_up_with_its_recovery_key(
    ready: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = await ready.device()
    (tmp_path / "new").mkdir()
    new = Operator(tmp_path / "new", ready.url, ready.account)
    master = ready.kept(before).secrets["m.cross_signing.master"]
    done = await new.sets_up(monkeypatch, "abc", encode(new_recovery_key()), ready.recovery_key, "y")
    assert done.status == 0, done.text
    assert "this one has 3" in done.text
    assert "This is not the recovery key" in done.text
    assert not RECOVERY_KEY.findall(done.text)
    device = await new.settled()
    assert device != before
    assert new.kept(device).secrets["m.cross_signing.master"] == master


async def test_an_identity_is_never_replaced_silently(
    ready: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    new = Operator(tmp_path / "new", ready.url, ready.account)
    with pytest.raises(SetupFailed, match="uagbot setup --new-identity"):
        await new.sets_up(monkeypatch, "abc", "abc", "abc")
    assert (await ready.checks(ready.recovery_key)).text.count("✔ This recovery key brings everything back.") == 1

    done = await ready.calls("setup", "--new-identity", typed="n\n")
    assert done.status == 1
    assert "All who have verified the bot are warned" in done.text
    assert done.text.endswith("uagbot: Nothing was changed.\n")


async def test_a_new_identity_takes_the_password(ready: Operator) -> None:
    device = await ready.device()
    before = ready.kept(device).secrets["m.cross_signing.master"]
    await ready.by_token()
    done = await ready.calls("setup", "--new-identity", typed="y\nfalsch\ngeheim\n")
    assert done.status == 0, done.text
    assert "That is not the password." in done.text
    assert ready.kept(device).secrets["m.cross_signing.master"] != before
    assert (await ready.checks(done.recovery_key)).status == 0
    assert (await ready.checks(ready.recovery_key)).status == 1


async def test_a_new_recovery_key_closes_the_door_to_the_old_one(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await ready.sets_up(monkeypatch, wish=Wish.NEW_RECOVERY_KEY)
    assert done.status == 0, done.text
    assert (await ready.checks(done.recovery_key)).status == 0
    assert (await ready.checks(ready.recovery_key)).status == 1


# Servers that let nobody in by password


async def test_an_account_that_is_managed_elsewhere_is_explained_and_gone_on_with(operator: Operator) -> None:
    async with Between(operator.url).listening() as between:
        between.before = elsewhere_only(UPLOAD, "https://konto.example.org/reset")
        operator.settings["matrix"]["homeserver"] = between.url
        operator.write()
        done = await operator.calls("setup")
        assert done.status == 1
        assert "open https://konto.example.org/reset, log in there, allow it, and do this again" in done.text
        between.before = lambda _method, _path: None
        done = await operator.calls("setup")
        assert done.status == 0, done.text
        assert (await operator.checks(done.recovery_key)).status == 0
