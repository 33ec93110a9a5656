"""What `uagbot setup --recovery-key` promises: a new device in the place of the old one, whenever it is cut off."""

import re
from typing import Any

import pytest
from aiohttp import web

from bot.matrix.encryption.device import KeysTrouble
from bot.matrix.encryption.recovery import encode, new_recovery_key
from bot.matrix.errors import Unreachable
from bot.setup.keys import Wish
from bot.setup.terminal import SetupFailed
from tests.real.keys.enrolled import POSITION, RECOVERY_KEY, Between, Operator, elsewhere_only
from tests.real.keys.identities import ROOM, exported

DELETE = "/_matrix/client/v3/delete_devices"


# In the place of the old one


async def test_a_new_device_takes_the_place_of_the_old_one(ready: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    old = await ready.device()
    for name in ("uagbot", "Element"):
        async with ready.elsewhere(name):
            pass
    done = await ready.sets_up(monkeypatch, ready.recovery_key, wish=Wish.NEW_DEVICE)
    assert done.status == 0, done.text
    assert "Logged out 2 other devices" in done.text
    device = await ready.settled()
    assert device != old
    assert sorted(map(str, (await ready.devices()).values())) == ["Element", "uagbot"]
    now = await ready.row()
    assert (now.device_id, now.sync_token) == (device, POSITION)


async def test_room_keys_outlive_the_device_that_got_them(ready: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    session = exported()
    async with ready.elsewhere("uagbot", ready.keys) as homeserver:
        assert homeserver.device.machine.import_room_key(session, ROOM, session["session_id"])
    done = await ready.sets_up(monkeypatch, ready.recovery_key, wish=Wish.NEW_DEVICE)
    assert done.status == 0, done.text
    async with ready.elsewhere("uagbot", ready.keys) as homeserver:
        assert homeserver.device.machine.inbound_group_store.find(ROOM, session["session_id"]) is not None


async def test_a_wrong_recovery_key_leaves_the_old_device_as_it_is(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await ready.device()
    before = ready.kept(device), (await ready.row()).access_token
    wrong = encode(new_recovery_key())
    with pytest.raises(SetupFailed, match="Look for the key and do this again"):
        await ready.sets_up(monkeypatch, wrong, wrong, wrong, wish=Wish.NEW_DEVICE)
    assert (ready.kept(device), (await ready.row()).access_token) == before
    assert await ready.settled() == device


async def test_a_copy_that_holds_the_identity_needs_no_recovery_key(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await ready.device()
    done = await ready.sets_up(monkeypatch, "\n", wish=Wish.NEW_DEVICE)
    assert done.status == 0, done.text
    assert await ready.settled() != old


async def test_without_an_identity_there_is_nothing_to_recover(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await operator.sets_up(monkeypatch, wish=Wish.NEW_DEVICE)
    assert done.status == 0, done.text
    assert "there is nothing to recover" in done.text
    await operator.settled()
    assert (await operator.checks(done.recovery_key)).status == 0


async def test_lost_keys_and_a_lost_recovery_key_leave_a_new_identity(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await ready.device()
    (ready.keys / "keys.db").unlink()
    with pytest.raises(KeysTrouble):
        await ready.sets_up(monkeypatch)
    done = await ready.sets_up(monkeypatch, wish=Wish.NEW_IDENTITY)
    assert done.status == 0, done.text
    assert await ready.settled() != old
    assert (await ready.checks(done.recovery_key)).status == 0


async def test_a_new_token_goes_where_the_settings_look_for_it(ready: Operator) -> None:
    file = await ready.by_token()
    before = file.read_text()
    done = await ready.calls("setup", "--recovery-key", typed=f"password\ngeheim\n{ready.recovery_key}\n")
    assert done.status == 0, done.text
    assert file.read_text() != before
    assert file.stat().st_mode & 0o777 == 0o600
    await ready.settled()
    assert (await ready.row()).access_token is None


@pytest.mark.parametrize("way", ["access_token", "access_token_file"])
async def test_a_token_that_cannot_be_put_into_the_settings_is_left_to_the_operator(
    ready: Operator, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    file = await ready.by_token(way)
    if way == "access_token_file":
        file.unlink()
        ready.settings["matrix"][way] = "/dev/null/access_token"  # as systemd's, nobody can write it
    done = await ready.sets_up(monkeypatch, "password", "geheim", ready.recovery_key, wish=Wish.NEW_DEVICE)
    place = ready.folder / "access_token.new"
    assert f"Before the next start: put the new token from {place} into" in done.text
    ready.settings["matrix"] |= {way: place.read_text() if way == "access_token" else str(place)}
    await ready.settled()


async def test_a_pasted_token_has_to_be_of_a_session_of_its_own(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await ready.device()
    await ready.by_token()
    async with ready.elsewhere("Element", ready.folder / "elsewhere") as element:
        await element.take_up_keys()
        token = str(element.client.access_token)
    with pytest.raises(SetupFailed, match="has keys of its own already"):
        await ready.sets_up(monkeypatch, "token", token, ready.recovery_key, wish=Wish.NEW_DEVICE)
    assert await ready.settled() == old

    async with ready.elsewhere("uagbot") as session:
        token = str(session.client.access_token)
    done = await ready.sets_up(monkeypatch, "token", token, ready.recovery_key, wish=Wish.NEW_DEVICE)
    assert done.status == 0, done.text
    assert await ready.settled() == session.client.device_id


async def test_old_devices_that_cannot_be_logged_out_are_named_and_remembered(
    ready: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await ready.device()
    async with ready.elsewhere("uagbot", None) as other:
        await other.call("PUT", f"/_matrix/client/v3/devices/{old}", {"display_name": "der Bot"})
    async with Between(ready.url).listening() as between:
        between.before = elsewhere_only(DELETE)
        ready.settings["matrix"]["homeserver"] = between.url
        done = await ready.sets_up(monkeypatch, ready.recovery_key, wish=Wish.NEW_DEVICE)
        assert done.status == 1
        assert re.search(f"Still logged in: .*{old}.*by hand", done.text)
    ready.settings["matrix"]["homeserver"] = ready.url
    done = await ready.sets_up(monkeypatch, "y")
    assert done.status == 0, done.text
    assert old not in await ready.devices()
    await ready.settled()


# Cut off anywhere


async def survived(operator: Operator, monkeypatch: pytest.MonkeyPatch, wish: Wish, *typed: str, after: bool) -> int:
    """Lose the server at the first request, then at the second, and so on until setup ends well; returns how often."""
    async with Between(operator.url).listening() as between:
        operator.settings["matrix"]["homeserver"] = between.url
        for left in range(100):
            hook = cutting(left)
            between.before, between.after = (lambda _method, _path: None, hook) if after else (hook, between.after)
            try:
                done = await operator.sets_up(monkeypatch, *typed, wish=wish)
            except Unreachable:
                continue
            except KeysTrouble:
                assert wish is Wish.NEW_DEVICE
                continue
            if done.status == 0:
                operator.settings["matrix"]["homeserver"] = operator.url
                return left
    pytest.fail("setup never ended")


def cutting(left: int) -> Any:
    """Let so many requests through and none of the later ones."""

    def hook(_method: str, _path: str) -> web.Response | None:
        nonlocal left
        left -= 1
        return None if left >= 0 else web.Response(status=502)

    return hook


@pytest.mark.parametrize("after", [False, True])
async def test_a_first_setup_that_is_cut_off_anywhere_comes_to_a_good_end(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    yes = ["y"] * 9  # whoever answers a login but is not heard leaves a device behind
    assert await survived(operator, monkeypatch, Wish.FINISH, *yes, after=after) > 10
    assert len(await operator.devices()) == 1
    *_, last = RECOVERY_KEY.findall(operator.printed.getvalue())
    checked = await operator.checks(last)
    assert checked.status == 0, checked.text


@pytest.mark.parametrize("after", [False, True])
async def test_a_move_that_is_cut_off_anywhere_comes_to_a_good_end(
    ready: Operator, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    old = await ready.device()
    assert await survived(ready, monkeypatch, Wish.NEW_DEVICE, ready.recovery_key, after=after) > 15
    assert await ready.settled() != old
    assert len(await ready.devices()) == 1
    assert (await ready.row()).sync_token == POSITION
    assert (await ready.checks(ready.recovery_key)).status == 0
