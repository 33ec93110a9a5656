"""What is refused: a damaged or foreign copy, a place that is not empty; then nothing is changed."""

import hashlib
import json
import random
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from storage.archive import MANIFEST, ArchiveTrouble, Manifest, opened
from storage.database import Database, DatabaseTrouble
from storage.people import Person
from tests.archive.initiative import Make, content, copy, live, names, put, quiet


@pytest.fixture
async def whole(make: Make, keys: Path, tmp_path: Path) -> Path:
    """Give a copy with rows in every table."""
    source = await make("sqlite")
    await live(source)
    await copy(source, keys, tmp_path / "whole.zip")
    return tmp_path / "whole.zip"


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as found:
        return {name: found.read(name) for name in found.namelist()}


def pack(file: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        for name, text_ in content.items():
            made.writestr(name, text_)
    return file


async def refused(make: Make, tmp_path: Path, file: Path) -> str:
    """Return why a copy is refused, having made sure that nothing was changed."""
    place = await make("sqlite")
    with pytest.raises(ArchiveTrouble) as caught:
        await put(place, tmp_path / "new", file)
    assert str(file) in caught.value.detail or caught.value.reason == "other-account"
    assert not names(tmp_path, "new*")
    assert names(tmp_path, f"{make_url(place.url).database}*".rpartition("/")[2]) == []
    return caught.value.reason


async def test_damage_to_any_member_is_found_before_anything_is_changed(
    whole: Path, make: Make, tmp_path: Path
) -> None:
    good = members(whole)
    assert len(good) > 15
    for name in good:
        bad = tmp_path / "bad.zip"
        assert await refused(make, tmp_path, pack(bad, {**good, name: good[name] + b"\n{"})) == "damaged", name
        missing = await refused(make, tmp_path, pack(bad, {one: good[one] for one in good if one != name}))
        assert missing == ("foreign" if name == MANIFEST else "damaged"), name
    assert await refused(make, tmp_path, pack(tmp_path / "bad.zip", {**good, "keys/more.db": b""})) == "damaged"


def test_no_broken_byte_goes_unnoticed_or_does_harm(whole: Path, tmp_path: Path) -> None:
    good, bytes_, dice = members(whole), whole.read_bytes(), random.Random(7)  # noqa: S311 - a test's dice
    bad = tmp_path / "bad.zip"
    places = [*dice.sample(range(len(bytes_)), 200), *range(40), *range(len(bytes_) - 200, len(bytes_))]
    found = set()
    for place in places:
        bad.write_bytes(bytes_[:place] + bytes([bytes_[place] ^ dice.randrange(1, 256)]) + bytes_[place + 1 :])
        try:
            with opened(bad, quiet) as archive:
                assert archive.manifest == Manifest.read(good[MANIFEST], "")
                for table, count in archive.manifest.rows.items():
                    assert len(list(archive.rows(table))) == count
        except ArchiveTrouble as trouble:
            found.add(trouble.reason)
    assert "damaged" in found
    assert found <= {"damaged", "foreign"}


async def test_what_is_no_whole_copy_of_ours_is_refused(whole: Path, make: Make, tmp_path: Path) -> None:
    good, bad = members(whole), tmp_path / "bad.zip"
    bytes_ = whole.read_bytes()  # noqa: ASYNC240 - nothing else runs
    for length in (10, len(bytes_) // 2, len(bytes_) - 1):
        bad.write_bytes(bytes_[:length])
        assert await refused(make, tmp_path, bad) == "damaged", length
    for foreign in (b"", b"no zip at all", b"SQLite format 3\0"):
        bad.write_bytes(foreign)
        assert await refused(make, tmp_path, bad) == "foreign"
    for manifest in (b"[]", b"{}", b'{"format": 1}', b'{"format": "a"}', b'{"manifest_version": 3}'):
        assert await refused(make, tmp_path, pack(bad, {**good, MANIFEST: manifest})) == "foreign", manifest
    assert await refused(make, tmp_path, tmp_path / "missing.zip") == "unreadable"
    assert await refused(make, tmp_path, tmp_path) == "unreadable"

    said = json.loads(good[MANIFEST])
    for change, reason in (
        ({"format": 2, "unknown": 1}, "newer"),
        ({"schema": "9999"}, "newer"),
        ({"user": "@other:localhost"}, "other-account"),
        ({"sha256": {**said["sha256"], "keys/../../x.db": "0"}}, "damaged"),
    ):
        changed = json.dumps({**said, **change}).encode()
        assert await refused(make, tmp_path, pack(bad, {**good, MANIFEST: changed})) == reason, change


async def test_a_place_that_is_not_empty_is_left_alone(whole: Path, make: Make, keys: Path, tmp_path: Path) -> None:
    place = await make("sqlite")
    with pytest.raises(ArchiveTrouble) as caught:
        await put(place, keys, whole)
    assert caught.value.reason == "keys-not-empty"
    await place.close()

    await place.upgrade()
    async with place.begin() as tx:
        tx.add(Person(user_id="@anna:localhost", reminders=True))
    before = await content(place)
    with pytest.raises(ArchiveTrouble) as caught:
        await put(place, tmp_path / "new", whole)
    assert caught.value.reason == "database-not-empty"
    assert await content(place) == before
    assert not names(tmp_path, "new*")
    await place.close()

    strange = await make("sqlite")
    async with strange.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE songs (id INTEGER PRIMARY KEY)"))
    with pytest.raises(ArchiveTrouble) as caught:
        await put(strange, tmp_path / "new", whole)
    assert caught.value.reason == "database-not-empty"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_database_in_use_is_not_restored_into(kind: str, whole: Path, make: Make, tmp_path: Path) -> None:
    place = await make(kind)
    await place.lock()
    second = Database(place.url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseTrouble) as caught:
        await put(second, tmp_path / "new", whole)
    assert caught.value.reason == "in-use"
    await second.close()


async def test_a_row_that_does_not_fit_leaves_no_other_row(whole: Path, make: Make, tmp_path: Path) -> None:
    good = members(whole)
    said = json.loads(good[MANIFEST])
    name = "tables/members.jsonl"
    for number, line in enumerate(
        (
            b'{"room_id": 99, "user_id": "@x:y", "name": "x", "membership": "join"}\n',
            b'{"songs": 1}\n',
            b"[1]\n",
        )
    ):
        altered = good[name] + line
        sums = {**said["sha256"], name: hashlib.sha256(altered).hexdigest()}
        bad = {**good, name: altered, MANIFEST: json.dumps({**said, "sha256": sums}).encode()}
        place = await make("sqlite")
        with pytest.raises(ArchiveTrouble) as caught:
            await put(place, tmp_path / f"new{number}", pack(tmp_path / "bad.zip", bad))
        assert caught.value.reason == "damaged"
        assert not names(tmp_path, "new*")
        assert await place.examine() == "empty"


async def test_there_is_nothing_to_copy_before_the_first_start(make: Make, keys: Path, tmp_path: Path) -> None:
    for kind in ("sqlite", "postgres"):
        place = await make(kind)
        with pytest.raises(ArchiveTrouble) as caught:
            await copy(place, keys, tmp_path / "copy.zip")
        assert caught.value.reason == "nothing"
    assert names(tmp_path) == ["keys"]


async def test_a_copy_that_cannot_be_written_leaves_nothing_behind(make: Make, keys: Path, tmp_path: Path) -> None:
    source = await make("sqlite")
    await live(source)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for file in (tmp_path / "folder", tmp_path / "missing" / "copy.zip", tmp_path / "file" / "copy.zip"):
        with pytest.raises(ArchiveTrouble) as caught:
            await copy(source, keys, file)
        assert caught.value.reason == "unwritable"
        assert str(file) in caught.value.detail
    (keys / "other.db").write_bytes(b"no key store " * 100)
    with pytest.raises(ArchiveTrouble) as caught:
        await copy(source, keys, tmp_path / "copy.zip")
    assert caught.value.reason == "keys"
    assert not names(tmp_path, "*.zip")
    assert not names(tmp_path, ".uagbot*")
