"""The cross-signing identity on a real homeserver: made, replaced, cut off anywhere, and put to use."""

from typing import Any

import pytest
from vodozemac import Account as OlmAccount

from bot.matrix.encryption.identity import (
    DRAFT,
    RECOVERY_KEY_ID,
    AuthenticationNeeded,
    Facts,
    Identity,
    IdentityExists,
    KeysDiffer,
)
from bot.matrix.encryption.recovery import (
    CROSS_SIGNING,
    DEFAULT_KEY,
    SELF_SIGNING,
    STORED,
    decode,
    encode,
    new_recovery_key,
)
from bot.matrix.encryption.signing import SigningKey, is_signed
from bot.matrix.errors import Rejected
from tests.real.keys.identities import (
    Devices,
    PowerCut,
    assert_good,
    counted,
    cut,
    master_of,
    never_asked,
    password,
)

# Made


async def test_a_bare_account_has_nothing_but_its_device(new_device: Devices) -> None:
    device = await new_device()
    assert await device.identity().examine(encode(new_recovery_key())) == Facts(
        published=False,
        ours=False,
        device_ours=True,
        device_signed=False,
        missing=(DEFAULT_KEY, *STORED),
        recovery_key_opens=False,
        recovery_key_current=None,
        backup_version=None,
        backup_signed=False,
        backup_ours=False,
        backup_count=0,
    )


async def test_a_new_identity_is_whole_and_needs_no_password(new_device: Devices) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(never_asked)
    assert_good(await device.identity().examine(recovery_key))
    assert set(device.secrets) == {*STORED, RECOVERY_KEY_ID}
    published = await device.identity().published()
    assert published.public == {name: SigningKey(device.secrets[name]).public for name in CROSS_SIGNING}


async def test_the_recovery_key_is_not_kept(new_device: Devices) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(password)
    kept = " ".join(device.secrets.values())
    assert decode(recovery_key).hex() not in kept
    assert DRAFT not in device.secrets


async def test_an_identity_that_exists_is_not_made_again(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    before, kept = await device.identity().published(), dict(device.secrets)
    with pytest.raises(IdentityExists):
        await device.identity().create(password)
    assert (await device.identity().published(), device.secrets) == (before, kept)


async def test_an_identity_is_not_made_for_a_device_with_other_keys(new_device: Devices) -> None:
    device = await new_device()
    device.olm = OlmAccount()
    with pytest.raises(KeysDiffer):
        await device.identity().create(password)
    assert not (await device.identity().published()).master
    assert device.secrets == {}


# Replaced


async def test_an_identity_is_replaced_on_purpose_and_by_password(new_device: Devices) -> None:
    device = await new_device()
    old_key = await device.identity().create(password)
    old = await device.identity().examine(old_key)
    new_key = await device.identity().create(password, replace=True)
    new = await device.identity().examine(new_key)
    assert_good(new)
    assert new.backup_version != old.backup_version
    assert (await device.identity().examine(old_key)).recovery_key_opens is False


async def test_a_wrong_password_changes_nothing(new_device: Devices) -> None:
    device = await new_device()
    recovery_key = await device.identity().create(password)
    with pytest.raises(Rejected) as refusal:
        await device.identity().create(lambda: "falsch", replace=True)
    assert refusal.value.code == "M_FORBIDDEN"
    assert_good(await device.identity().examine(recovery_key))
    assert_good(await device.identity().examine(await device.identity().create(password, replace=True)))


async def test_without_a_password_the_operator_is_told_what_is_missing(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    with pytest.raises(AuthenticationNeeded, match="password") as needed:
        await device.identity().create(lambda: None, replace=True)
    assert needed.value.url is None


@pytest.mark.parametrize(
    ("flows", "params", "said", "url"),
    [
        (
            [{"stages": ["m.oauth"]}, {"stages": ["org.matrix.cross_signing_reset"]}],
            {"org.matrix.cross_signing_reset": {"url": "https://konto.example.org/?action=reset"}},
            "open https://konto.example.org/",
            "https://konto.example.org/?action=reset",
        ),
        ([{"stages": ["m.login.sso"]}], {}, "m.login.sso, which needs a browser", None),
        ([{"stages": ["m.login.password", "m.login.email.identity"]}], {}, "which needs a browser", None),
        ([], {}, "an unknown proof", None),
    ],
)
async def test_an_account_managed_elsewhere_is_explained(
    new_device: Devices, flows: list[dict[str, list[str]]], params: dict[str, Any], said: str, url: str | None
) -> None:
    """Synapse asks this way where accounts are another server's business."""
    device = await new_device()

    async def elsewhere(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        if path.endswith("/device_signing/upload"):
            raise Rejected("M_UNAUTHORIZED", "", 401, {"session": "x", "flows": flows, "params": params})
        return await device.home.call(method, path, content)

    with pytest.raises(AuthenticationNeeded, match=said) as needed:
        await device.identity(elsewhere).create(never_asked)
    assert needed.value.url == url
    assert_good(await device.identity().examine(await device.identity().create(never_asked)))


# Cut off


@pytest.mark.parametrize("answered", [True, False])
async def test_a_creation_cut_off_anywhere_comes_to_a_good_end(new_device: Devices, answered: bool) -> None:
    device = await new_device()
    requests = await counted(device.home.call, lambda call: device.identity(call).create(never_asked))
    assert requests > 10
    for after in range(requests):
        device = await new_device()
        with pytest.raises(PowerCut):
            await device.identity(cut(device.home.call, after, answered=answered)).create(never_asked)
        seen = await device.identity().published()
        recovery_key = await device.identity().create(never_asked)
        assert_good(await device.identity().examine(recovery_key))
        assert seen.master is None or (await device.identity().published()).public == seen.public


@pytest.mark.parametrize("answered", [True, False])
async def test_a_replacement_cut_off_anywhere_comes_to_a_good_end(new_device: Devices, answered: bool) -> None:
    device = await new_device()
    await device.identity().create(never_asked)
    requests = await counted(device.home.call, lambda call: device.identity(call).create(password, replace=True))
    for after in range(requests):
        with pytest.raises(PowerCut):
            await device.identity(cut(device.home.call, after, answered=answered)).create(password, replace=True)
        recovery_key = await device.identity().create(password, replace=True)
        assert_good(await device.identity().examine(recovery_key))


@pytest.mark.parametrize("answered", [True, False])
async def test_a_recovery_cut_off_anywhere_comes_to_a_good_end(new_device: Devices, answered: bool) -> None:
    old = await new_device()
    recovery_key = await old.identity().create(never_asked)
    first = await new_device(old)
    requests = await counted(first.home.call, lambda call: first.identity(call).recover(recovery_key))
    for after in range(requests):
        device = await new_device(old)
        with pytest.raises(PowerCut):
            await device.identity(cut(device.home.call, after, answered=answered)).recover(recovery_key)
        await device.identity().recover(recovery_key)
        assert_good(await device.identity().examine(recovery_key))


async def test_nothing_is_uploaded_that_is_not_kept(new_device: Devices) -> None:
    device = await new_device()

    async def watched(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        if path.endswith("/device_signing/upload"):
            assert DRAFT in device.secrets
        if path.endswith("/signatures/upload"):
            assert SELF_SIGNING in device.secrets
        return await device.home.call(method, path, content)

    await device.identity(watched).create(never_asked)


# Signing


async def test_a_lost_store_is_noticed_and_nothing_is_signed_for_it(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    other = await new_device(device)
    other.secrets = dict(device.secrets)
    identity = Identity(other.home.call, other.user, other.name, other.secrets, {})
    with pytest.raises(KeysDiffer):
        await identity.sign_device()
    assert (await identity.examine()).device_ours is False
    assert (await identity.examine()).device_signed is False


async def test_a_device_is_signed_once_and_again_without_harm(new_device: Devices) -> None:
    device = await new_device()
    await device.identity().create(password)
    other = await new_device(device)
    other.secrets = dict(device.secrets)
    for _ in range(2):
        await other.identity().sign_device()
    published = await device.identity().published()
    assert published.signs(other.name)
    assert published.signs(device.name)


async def test_another_user_is_vouched_for(new_device: Devices) -> None:
    ours, theirs = await new_device(), await new_device()
    await theirs.identity().create(password)
    with pytest.raises(KeysDiffer):
        await ours.identity().sign_user(await master_of(ours, theirs.user))
    await ours.identity().create(password)
    await ours.identity().sign_user(await master_of(ours, theirs.user))
    user_signing = (await ours.identity().published()).public["m.cross_signing.user_signing"] or ""
    seen = await master_of(ours, theirs.user)
    assert is_signed(seen, ours.user, f"ed25519:{user_signing}", user_signing)
    await ours.identity().sign_user(seen)


@pytest.mark.parametrize("key", [{}, {"user_id": "@x:localhost"}, {"user_id": "@x:localhost", "usage": ["master"]}])
async def test_what_is_no_master_key_is_not_signed(new_device: Devices, key: dict[str, Any]) -> None:
    device = await new_device()
    with pytest.raises(ValueError, match="no master key"):
        await device.identity().sign_user(key)


async def test_a_master_key_that_its_owner_has_not_published_is_not_signed(new_device: Devices) -> None:
    ours, theirs = await new_device(), await new_device()
    await ours.identity().create(password)
    await theirs.identity().create(password)
    public = SigningKey.generate().public
    key = {"user_id": theirs.user, "usage": ["master"], "keys": {f"ed25519:{public}": public}}
    with pytest.raises(Rejected):
        await ours.identity().sign_user(key)
