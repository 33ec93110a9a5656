"""What `uagbot check` promises of encryption: it says whether clients accept the bot, what is wrong, and the remedy."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from bot.matrix.encryption.identity import Identity
from bot.matrix.encryption.key_backup import KeyBackup
from bot.matrix.encryption.recovery import BACKUP, CROSS_SIGNING, MASTER, SELF_SIGNING, encode, new_recovery_key
from bot.matrix.encryption.signing import SigningKey
from bot.matrix.encryption.store import open_store
from bot.matrix.homeserver import Homeserver
from tests.real.conftest import People
from tests.real.keys.enrolled import Operator, Said

ACCEPTED = "✔ Clients will accept the bot: its identity is published and has signed device {}."
NOT_ACCEPTED = "Clients will not accept the bot"


@pytest.fixture
async def anna(people: People) -> Member:
    [anna] = await people("Anna")
    return anna


@pytest.fixture
async def bot(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Homeserver]:
    """Set the bot up; what is given is the way to the server on its device."""
    done = await operator.sets_up(monkeypatch)
    assert done.status == 0, done.text
    operator.recovery_key = done.recovery_key
    homeserver = Homeserver(operator.url, operator.account.user_id, None)
    async with operator.elsewhere("bystander") as other:
        [device] = [one for one, name in (await operator.devices()).items() if name == "uagbot"]
        homeserver.client.access_token = other.client.access_token
        homeserver.client.device_id = device
        yield homeserver
    await homeserver.close()


def secrets_of(operator: Operator, device: str) -> dict[str, str]:
    store = open_store(operator.keys, operator.account.user_id, device)
    found = dict(store.secrets)
    store.database.close()
    return found


def change_secrets(operator: Operator, device: str, found: dict[str, str]) -> None:
    store = open_store(operator.keys, operator.account.user_id, device)
    for name in list(store.secrets):
        del store.secrets[name]
    store.secrets.update(found)
    store.database.close()


async def mended(operator: Operator, monkeypatch: pytest.MonkeyPatch, *answers: str) -> Said:
    """Run setup, after which nothing may be wrong any more."""
    done = await operator.sets_up(monkeypatch, *answers)
    assert done.status == 0, done.text
    checked = await operator.checks()
    assert checked.status == 0, checked.text
    return done


# Nothing wrong


async def test_clients_will_accept_a_bot_that_is_set_up(operator: Operator, bot: Homeserver) -> None:
    report = await operator.checks()
    assert report.status == 0, report.text
    assert ACCEPTED.format(bot.client.device_id) in report.text
    assert "✔ Recovery is possible: secret storage is complete, and the recovery key that the bot knows" in report.text
    assert "✔ 0 room keys are backed up, in version 1." in report.text
    assert report.text.rstrip().endswith("Everything is ready.")


async def test_a_check_of_the_keys_changes_nothing(operator: Operator, bot: Homeserver) -> None:
    def files() -> dict[str, str]:
        found = [one for one in operator.folder.rglob("*") if one.is_file()]
        return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in found}

    await operator.checks()
    before, devices, facts = files(), await operator.devices(), await _facts(operator, bot)
    report = await operator.checks(operator.recovery_key)
    assert report.status == 0, report.text
    assert files() == before
    assert await operator.devices() == devices
    assert await _facts(operator, bot) == facts


async def _facts(operator: Operator, bot: Homeserver) -> object:
    return await Identity(bot.call, operator.account.user_id, str(bot.client.device_id), {}, {}).examine()


async def test_the_private_keys_and_the_recovery_key_are_never_shown(operator: Operator, bot: Homeserver) -> None:
    secrets = secrets_of(operator, str(bot.client.device_id))
    for key in (operator.recovery_key, encode(new_recovery_key()), "geheimes Wort"):
        report = await operator.checks(key)
        assert key not in report.text
        assert not [one for one in (*CROSS_SIGNING, BACKUP) if secrets[one] in report.text]


async def test_a_bot_without_encrypted_rooms_needs_no_identity(operator: Operator) -> None:
    report = await operator.checks()
    assert report.status == 0, report.text
    assert "✔ The bot has no identity, and none of its rooms is encrypted. For encrypted ones: uagbot setup" in (
        report.text
    )


# The identity


async def test_a_bot_in_an_encrypted_room_needs_an_identity(
    operator: Operator, anna: Member, synapse: Synapse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Member(operator.account, synapse.url) as account:
        for encrypted in (False, True):
            room = await anna.create_room("UAG", invite=[operator.account.user_id], encrypted=encrypted)
            await account.join(room)
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, room, "encrypted", "no identity") == "Stop the bot and make one: uagbot setup"
    await mended(operator, monkeypatch)


async def test_an_identity_that_the_server_has_lost_is_missed(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_secrets(operator, "NONE", {MASTER: SigningKey.generate().seed})
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, "no identity is published") == "Stop the bot, then: uagbot setup"
    await mended(operator, monkeypatch)


async def test_an_identity_of_which_only_a_part_is_published_is_found(operator: Operator) -> None:
    async with operator.elsewhere() as other:
        key = SigningKey.generate()
        user = operator.account.user_id
        master = {"user_id": user, "usage": ["master"], "keys": {f"ed25519:{key.public}": key.public}}
        await other.call("POST", "/_matrix/client/v3/keys/device_signing/upload", {"master_key": master})
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, "incomplete").endswith("uagbot setup --new-identity")


async def test_an_unsigned_device_is_found(
    operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = str(bot.client.device_id)
    kept = secrets_of(operator, before)
    change_secrets(operator, before, {})
    async with operator.elsewhere("uagbot neu", operator.keys) as unsigned:
        assert await unsigned.take_up_keys() == "no-identity"
        device, token = str(unsigned.client.device_id), str(unsigned.client.access_token)
    made = secrets_of(operator, device)
    change_secrets(operator, device, kept | made)
    del operator.settings["matrix"]["password"]
    operator.settings["matrix"]["access_token"] = token
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, f"its identity has not signed device {device}").endswith(": uagbot setup")
    await mended(operator, monkeypatch)
    assert ACCEPTED.format(device) in (await operator.checks()).text


async def test_an_identity_that_another_client_has_put_there_is_found(
    operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with operator.elsewhere("Element", operator.folder / "elsewhere") as other:
        await other.take_up_keys()
        theirs = await other.identity.create(lambda: operator.account.password, replace=True)
    report = await operator.checks()
    assert report.status == 1
    remedies = report.remedies
    [signed] = [
        remedy for finding, remedy in remedies.items() if f"not signed device {bot.client.device_id}" in finding
    ]
    assert signed.endswith(": uagbot setup")
    [foreign] = [remedy for finding, remedy in remedies.items() if "another client has replaced it" in finding]
    assert "uagbot setup with the recovery key that the other client showed" in foreign
    assert "uagbot setup --new-identity" in foreign
    done = await mended(operator, monkeypatch, operator.recovery_key, theirs)
    assert "This is not the recovery key of the account's secret storage" in done.text
    assert "has brought the identity back" in done.text


async def test_private_keys_that_are_kept_elsewhere_are_missed(
    operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = str(bot.client.device_id)
    kept = secrets_of(operator, device)
    change_secrets(operator, device, {name: kept[name] for name in kept if name.startswith("keys_made")})
    report = await operator.checks()
    assert report.status == 1
    assert ACCEPTED.format(device) in report.text
    assert "asks for the recovery key" in report.remedy("The private keys of the identity are not kept here.")
    await mended(operator, monkeypatch, operator.recovery_key)
    assert secrets_of(operator, device)[SELF_SIGNING] == kept[SELF_SIGNING]


# The key store


async def test_a_lost_store_is_found(operator: Operator, bot: Homeserver) -> None:
    shutil.rmtree(operator.keys)
    report = await operator.checks()
    assert report.status == 1
    remedy = report.remedy(NOT_ACCEPTED, f"lost the keys of device {bot.client.device_id}", "key store is missing")
    assert remedy.endswith(": uagbot setup --recovery-key")
    assert "✔ Recovery is possible: secret storage is complete." in report.text
    assert not operator.keys.exists()


async def test_a_store_with_other_keys_is_found(operator: Operator, bot: Homeserver) -> None:
    shutil.rmtree(operator.keys)
    async with operator.elsewhere("Element", operator.keys) as other:
        await other.log_out()
    report = await operator.checks()
    assert report.status == 1
    remedy = report.remedy(f"lost the keys of device {bot.client.device_id}", "key store holds other keys")
    assert remedy.endswith(": uagbot setup --recovery-key")


async def test_a_damaged_store_is_found(operator: Operator, bot: Homeserver) -> None:
    assert bot.client.device_id
    (operator.keys / "keys.db").write_bytes(b"Protokoll der Sitzung vom 8. Dezember" * 500)
    report = await operator.checks()
    assert report.status == 1
    assert "uagbot setup --recovery-key" in report.remedy("The key store cannot be read", "keys.db")


async def test_a_store_that_is_an_old_copy_is_found(operator: Operator, bot: Homeserver) -> None:
    user = quote(operator.account.user_id, safe="")
    noted = f"/_matrix/client/v3/user/{user}/account_data/uagbot.one_time_keys"
    before = await bot.call("GET", noted)
    await bot.call("PUT", noted, before | {"made": before["made"] + 50})
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, "old copy", str(bot.client.device_id)).endswith("uagbot setup --recovery-key")


async def test_a_bot_that_is_set_up_on_another_machine_has_no_device_here(
    operator: Operator, bot: Homeserver, tmp_path: Path
) -> None:
    assert bot.client.device_id
    (tmp_path / "new").mkdir()
    new = Operator(tmp_path / "new", operator.url, operator.account)
    before = await operator.devices()
    report = await new.checks()
    assert report.status == 1
    assert report.remedy(NOT_ACCEPTED, "no device of its own").endswith(": uagbot setup")
    assert await operator.devices() == before


# Recovery


async def test_the_right_recovery_key_is_told_from_others(operator: Operator, bot: Homeserver) -> None:
    assert bot.client.device_id
    right = operator.recovery_key
    report = await operator.checks(right)
    assert report.status == 0
    assert "✔ This recovery key brings everything back." in report.text

    report = await operator.checks(encode(new_recovery_key()))
    assert report.status == 1
    assert "uagbot setup --new-recovery-key" in report.remedy("does not bring the identity back")

    report = await operator.checks(right[:-4])
    assert report.status == 1
    assert "uagbot check --recovery-key" in report.remedy("has 48 letters and digits, this one has 44")


async def test_a_recovery_key_that_another_client_has_made_is_noticed(operator: Operator, bot: Homeserver) -> None:
    device = str(bot.client.device_id)
    theirs = dict(secrets_of(operator, device))
    newer = await Identity(bot.call, operator.account.user_id, device, theirs, {}).renew_recovery_key()
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy("The bot's recovery key is out of use").endswith("uagbot setup --new-recovery-key")
    assert (await operator.checks(newer)).status == 0
    assert (await operator.checks(operator.recovery_key)).status == 1


async def test_secret_storage_that_lacks_something_is_found(operator: Operator, bot: Homeserver) -> None:
    user = quote(operator.account.user_id, safe="")
    await bot.call("PUT", f"/_matrix/client/v3/user/{user}/account_data/{SELF_SIGNING}", {})
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy("Nothing can be recovered", SELF_SIGNING).endswith("uagbot setup --new-recovery-key")


# The key backup


async def test_a_backup_of_another_client_is_found(
    operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {MASTER: SigningKey.generate().seed}
    await KeyBackup(bot.call, operator.account.user_id, theirs).open()
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy("key backup on the server (version 2) is not the bot's").endswith(": uagbot setup")
    assert "A new key backup is begun" in (await mended(operator, monkeypatch)).text


async def test_a_missing_backup_is_found(operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch) -> None:
    await bot.call("DELETE", "/_matrix/client/v3/room_keys/version/1")
    report = await operator.checks()
    assert report.status == 1
    assert report.remedy("The room keys are not backed up").endswith(": uagbot setup")
    await mended(operator, monkeypatch)


# Other devices


async def test_a_second_device_of_the_same_name_is_found(
    operator: Operator, bot: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with operator.elsewhere("uagbot") as twin:
        second = str(twin.client.device_id)
        await twin.joined_rooms()
    report = await operator.checks()
    assert report.status == 1
    remedy = report.remedy(f"another device of the same name: {second} (last seen 20", "UTC)")
    assert "If a uagbot runs there, stop it." in remedy
    assert "uagbot setup offers to log the other device out" in remedy

    assert (await operator.sets_up(monkeypatch, "n")).status == 1
    assert second in await operator.devices()
    assert f"Logged out 1 other device: {second}." in (await mended(operator, monkeypatch, "y")).text
    assert (await operator.devices()).keys() >= {str(bot.client.device_id)}
    assert second not in await operator.devices()
