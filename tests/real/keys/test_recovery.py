"""An identity and its room keys on another device: by recovery key, and out of the key backup."""

from typing import Any

import pytest

from bot.matrix.encryption.identity import KeysDiffer
from bot.matrix.encryption.key_backup import NoBackup
from bot.matrix.encryption.recovery import (
    BACKUP,
    CROSS_SIGNING,
    DEFAULT_KEY,
    KEY,
    STORED,
    NoRecovery,
    WrongRecoveryKey,
    encode,
    new_recovery_key,
)
from bot.matrix.encryption.signing import SigningKey
from tests.real.keys.identities import API, ROOM, Device, Devices, PowerCut, assert_good, exported, password

# Recovered


async def test_another_device_recovers_the_identity(new_device: Devices) -> None:
    old = await new_device()
    recovery_key = await old.identity().create(password)
    device = await new_device(old)
    facts = await device.identity().examine(recovery_key)
    assert (facts.published, facts.ours, facts.device_signed, facts.recovery_key_opens) == (True, False, False, True)
    await device.identity().recover(recovery_key.replace(" ", ""))
    assert device.secrets == old.secrets
    assert_good(await device.identity().examine(recovery_key))


async def test_a_wrong_recovery_key_recovers_nothing(new_device: Devices) -> None:
    old = await new_device()
    await old.identity().create(password)
    device = await new_device(old)
    for wrong in (encode(new_recovery_key()), "EsT1", ""):
        with pytest.raises(WrongRecoveryKey):
            await device.identity().recover(wrong)
        assert (await device.identity().examine(wrong)).recovery_key_opens is False
    assert device.secrets == {}
    assert not (await device.identity().published()).signs(device.name)


async def test_without_secret_storage_nothing_is_recovered(new_device: Devices) -> None:
    device = await new_device()
    with pytest.raises(NoRecovery) as refusal:
        await device.identity().recover(encode(new_recovery_key()))
    assert refusal.value.missing == (DEFAULT_KEY, *CROSS_SIGNING)


@pytest.mark.parametrize("part", CROSS_SIGNING)
async def test_a_secret_that_another_client_removed_is_named(new_device: Devices, part: str) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(password)
    await device.account_data(part, {})
    with pytest.raises(NoRecovery) as refusal:
        await device.identity().recover(recovery_key)
    assert refusal.value.missing == (part,)
    facts = await device.identity().examine(recovery_key)
    assert (facts.missing, facts.recovery_key_opens) == ((part,), False)


async def test_another_clients_new_default_key_is_noticed_and_can_be_put_right(new_device: Devices) -> None:
    """The other client stores its own copy of the keys under its own recovery key, as clients do."""
    ours = await new_device()
    old_key = await ours.identity().create(password)
    other = await new_device(ours)
    await other.identity().recover(old_key)
    other_key = await other.identity().renew_recovery_key()

    facts = await ours.identity().examine(old_key)
    assert (facts.recovery_key_current, facts.recovery_key_opens, facts.ours) == (False, False, True)
    with pytest.raises(WrongRecoveryKey, match="another client"):
        await ours.identity().recover(old_key)
    assert (await ours.identity().examine(other_key)).recovery_key_opens is True

    new_key = await ours.identity().renew_recovery_key()
    assert_good(await ours.identity().examine(new_key))
    assert (await ours.identity().examine(other_key)).recovery_key_opens is False


async def test_a_default_key_that_is_not_described_is_noticed(new_device: Devices) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(password)
    await device.account_data(DEFAULT_KEY, {"key": "fremd"})
    facts = await device.identity().examine(recovery_key)
    assert facts.missing == (KEY + "fremd", *STORED)
    assert facts.recovery_key_current is False


async def test_keys_of_a_replaced_identity_are_not_taken_for_the_new_one(new_device: Devices) -> None:
    """Secret storage still holds the old ones: the replacement was cut off before it came there."""
    old = await new_device()
    recovery_key = await old.identity().create(password)
    other = await new_device(old)

    async def without_storage(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        if "account_data" in path:
            raise PowerCut
        return await other.home.call(method, path, content)

    with pytest.raises(PowerCut):
        await other.identity(without_storage).create(password, replace=True)
    with pytest.raises(NoRecovery, match="another identity"):
        await old.identity().recover(recovery_key)
    facts = await old.identity().examine(recovery_key)
    assert (facts.ours, facts.recovery_key_opens, facts.device_signed) == (False, False, False)
    with pytest.raises(KeysDiffer):
        await old.identity().sign_device()
    with pytest.raises(KeysDiffer):
        await old.identity().renew_recovery_key()


async def test_an_identity_without_a_backup_is_recovered_and_gets_one(new_device: Devices) -> None:
    """As another client makes it if its user wants no backup."""
    old = await new_device()
    recovery_key = await old.identity().create(password)
    version = (await old.identity().examine()).backup_version
    await old.home.call("DELETE", f"{API}/room_keys/version/{version}")
    await old.account_data(BACKUP, {})
    device = await new_device(old)
    await device.identity().recover(recovery_key)
    assert (await device.identity().examine(recovery_key)).missing == (BACKUP,)
    with pytest.raises(NoBackup):
        await device.identity().backup.upload_sessions([exported()])
    assert_good(await device.identity().examine(await device.identity().renew_recovery_key()))


# The key backup


async def test_room_keys_come_back_from_the_backup_on_another_device(new_device: Devices) -> None:
    old = await new_device()
    recovery_key = await old.identity().create(password)
    sessions = [exported() for _ in range(30)]  # among thirty ids there is surely one with a slash
    assert any("/" in one["session_id"] for one in sessions)
    await old.identity().backup.upload_sessions(sessions)
    await old.identity().backup.upload_sessions([])
    device = await new_device(old)
    await device.identity().recover(recovery_key)
    for one in sessions:
        assert await device.identity().backup.fetch_session(ROOM, one["session_id"]) == one
    assert_good(await device.identity().examine(recovery_key), keys_in_backup=30)


async def test_a_room_key_that_is_not_in_the_backup_is_not_there(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    assert await device.identity().backup.fetch_session(ROOM, "unbekannt") is None


async def test_a_room_key_put_under_another_id_is_not_taken(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    await device.identity().backup.upload_sessions([exported() | {"session_id": "anders"}])
    assert await device.identity().backup.fetch_session(ROOM, "anders") is None


async def test_a_damaged_room_key_is_as_good_as_none(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    version = (await device.identity().examine()).backup_version
    damaged = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": {"mac": "x"}}
    content = {"rooms": {ROOM: {"sessions": {"krank": damaged}}}}
    await device.home.call("PUT", f"{API}/room_keys/keys?version={version}", content)
    assert await device.identity().backup.fetch_session(ROOM, "krank") is None


async def start_version(device: Device, public: str) -> None:
    """Start a version as somebody who does not have our private keys."""
    content = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": public}}
    await device.home.call("POST", f"{API}/room_keys/version", content)


async def test_no_room_key_goes_into_somebody_elses_backup(new_device: Devices) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(password)
    await start_version(device, SigningKey.generate().public)
    with pytest.raises(NoBackup, match="not ours"):
        await device.identity().backup.upload_sessions([exported()])
    facts = await device.identity().examine(recovery_key)
    assert (facts.backup_ours, facts.backup_signed, facts.backup_count) == (False, False, 0)


@pytest.mark.parametrize("friendly", [True, False])
async def test_a_version_started_in_between_is_looked_at_again(new_device: Devices, friendly: bool) -> None:
    device = await new_device()
    await device.identity().create(password)
    public = (await device.identity().backup.version())["auth_data"]["public_key"]
    started = False

    async def overtaken(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        nonlocal started
        if "/room_keys/keys" in path and not started:
            started = True
            await start_version(device, public if friendly else SigningKey.generate().public)
        return await device.home.call(method, path, content)

    session = exported()
    if friendly:
        await device.identity(overtaken).backup.upload_sessions([session])
        assert await device.identity().backup.fetch_session(ROOM, session["session_id"]) == session
    else:
        with pytest.raises(NoBackup):
            await device.identity(overtaken).backup.upload_sessions([session])


async def test_a_deleted_backup_is_noticed(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    version = (await device.identity().examine()).backup_version
    await device.home.call("DELETE", f"{API}/room_keys/version/{version}")
    with pytest.raises(NoBackup):
        await device.identity().backup.upload_sessions([exported()])
    with pytest.raises(NoBackup):
        await device.identity().backup.fetch_session(ROOM, "x")
    assert (await device.identity().examine()).backup_version is None
