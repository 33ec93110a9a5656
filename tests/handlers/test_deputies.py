"""What uagbot promises about deputies, and about open polls when seats change (P7)."""

import pytest

from storage import polls
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom, user
from tests.handlers.towns import heard, open_poll, recounts, stand, town


async def test_a_member_names_the_deputy(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal")
    none = (await room.says("!vertretung")).message.text
    assert none == "Stendal hat keine Vertretung. Bestimmen Sie eine: `!vertretung @name`"
    named = (await room.says("!vertretung @bodo")).message
    assert named.text.splitlines() == [
        "Die Vertretung für Stendal hat Bodo: Stimmen die Mitglieder verschieden ab, gilt diese Stimme.",
        "Bodo steht damit für Stendal.",
    ]
    assert named.mentions == [user("Bodo")]
    assert await stand(house, "Bodo") == {"Bodo": ("Stendal", "member")}
    assert (await town(house, "Stendal")).deputy == user("Bodo")
    shown = (await room.says("!vertretung für=Stendal", who="Carla")).message
    assert "hat Bodo" in shown.text
    assert shown.mentions == []
    assert "hat Anna" in (await room.says("!vertretung @anna", who="Bodo")).text
    assert "hat Anna" in (await room.says("!vertretung @bodo aus", who="Bodo")).text
    assert "hat keine Vertretung" in (await room.says("!vertretung aus", who="Bodo")).text
    assert (await town(house, "Stendal")).deputy is None


@pytest.mark.usefixtures("coordination")
async def test_only_coordinators_name_a_deputy_for_others(house: House, room: TestRoom) -> None:
    await room.says("!kommune Lutherstadt Wittenberg", who="Bodo")
    before = await house.dump()
    assert "Das darf nur die Koordination" in (await room.says("!vertretung @bodo für=Wittenberg")).text
    assert await house.dump() == before
    for text in ("!vertretung @bodo für=Wittenberg", "!vertretung für=Lutherstadt Wittenberg @bodo"):
        assert "für Lutherstadt Wittenberg hat Bodo" in (await room.says(text, who="Carla")).text
        await room.says("!vertretung aus für Wittenberg", who="Carla")
        assert (await town(house, "Lutherstadt Wittenberg")).deputy is None
    unknown = await room.says("!vertretung @bodo für=Witenberg", who="Carla")
    assert "„Witenberg“ hat noch niemand genannt. Meinten Sie Lutherstadt Wittenberg?" in unknown.text


@pytest.mark.parametrize(
    ("theirs", "text", "said"),
    [
        ("!kommune Halle (Saale)", "!vertretung @bodo", "Bodo steht für Halle (Saale). Die Vertretung für Stendal"),
        ("!kommune als=gast", "!vertretung @bodo", "Bodo nimmt als Gast teil, ohne Stimme. Zuerst sendet Bodo"),
        ("!kommune als=gast", "!vertretung @bodo @carla", "Die Vertretung hat eine Person allein"),
    ],
)
async def test_who_cannot_be_deputy_is_refused(house: House, room: TestRoom, theirs: str, text: str, said: str) -> None:
    await room.says("!kommune Stendal")
    await room.says(theirs, who="Bodo")
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_guests_name_no_deputy(room: TestRoom) -> None:
    await room.says("!kommune Stendal als=gast")
    assert "Sagen Sie zuerst" in (await room.says("!vertretung @bodo")).text
    assert "Das darf nur die Koordination" in (await room.says("!vertretung @bodo für=Stendal")).text


@pytest.mark.parametrize(
    "text", ["!kommune Halle (Saale)", "!kommune aus", "!kommune als=gast", "!kommune Halle als=gast"]
)
async def test_who_leaves_is_deputy_no_more(house: House, room: TestRoom, text: str) -> None:
    await room.says("!kommune Halle (Saale)", who="Carla")
    await room.says("!kommune Stendal")
    await room.says("!vertretung @bodo")
    left = await room.says(text, who="Bodo")
    assert "Ohne Vertretung ist damit: Stendal. Eine neue: `!vertretung @name`" in left.message.text
    assert (await town(house, "Stendal")).deputy is None


async def test_staying_keeps_the_office(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal")
    await room.says("!vertretung @anna")
    await room.says("!kommune Hansestadt Stendal")
    assert (await town(house, "Stendal")).deputy == user("Anna")


async def test_a_deputy_of_a_direct_chat_is_not_rung_there(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal")
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    named = (await chat.says("vertretung @bodo")).message
    assert "hat Bodo" in named.text
    assert named.mentions == []


# -- open polls


@pytest.mark.usefixtures("coordination")
async def test_open_polls_are_counted_anew_where_the_people_are(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Anna", "Dieter")
    strange = await house.room("UAG3", "Emil")
    first, second = await open_poll(house, room), await open_poll(house, strange, other)
    await open_poll(house, strange)
    homes = {}
    async with house.database.begin() as tx:
        for number in (first, second):
            poll = await polls.find(tx, number)
            assert poll is not None
            homes[number] = poll.room_id
    await heard(house, room, "!kommune Stendal")
    assert await recounts(house) == [(first, homes[first]), (second, homes[second])]
    await heard(house, room, "!kommune Stendal")
    assert await recounts(house) == []
    await heard(house, room, "!vertretung @bodo")
    assert await recounts(house) == [(first, homes[first]), (second, homes[second])]
    for text in ("!vertretung", "!kommunen", "!kommune", "!vertretung @bodo"):
        await heard(house, room, text)
    assert await recounts(house) == []
    await heard(house, room, "!kommune als=gast", who="Bodo")
    assert await recounts(house) == [(first, homes[first])]
    await heard(house, room, "!kommune @dieter Stendal", who="Carla")
    assert await recounts(house) == []  # nobody of that name here
    await house.sleep(minutes=1)
    said = await heard(house, other, "!kommune Stendal", who="Dieter")
    assert await recounts(house) == [(second, homes[second])]
    await heard(house, other, redacts=said, who="Dieter")
    assert await recounts(house) == [(second, homes[second])]
