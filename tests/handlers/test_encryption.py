"""What people read where rooms are encrypted: `!verifizieren` (E3), and messages that stay unreadable (E4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from commands.encryption.handlers import TELL
from storage import due, rooms, undecrypted, verifications
from storage.rooms import RoomKind
from storage.undecrypted import NO_KEY, UNSIGNED_DEVICE, Undecrypted
from storage.verifications import Verification, VerificationState
from tests.handlers.facts import direct_chat
from tests.handlers.house import Answer, House, TestRoom, user

LATER = timedelta(minutes=1)


@pytest.fixture
async def office(house: House) -> TestRoom:
    """Give the coordinators' room, with Gerda and Hanno."""
    return await house.room("KO", "Gerda", "Hanno", kind=RoomKind.COORDINATORS, title="Koordination")


async def verification(
    house: House, room: TestRoom, who: str, state: str = VerificationState.SHOWN, transaction: str = "one"
) -> int:
    """Store a verification whose emoji stand in this room."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        row = Verification(
            room_id=home.id,
            user_id=user(who),
            device_id="PHONE",
            transaction=transaction,
            state=state,
            asked_at=house.now,
        )
        tx.add(row)
        await tx.flush()
        return row.id


async def states(house: House) -> list[str]:
    """Return the states of all verifications."""
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Verification.state).order_by(Verification.id)))


# -- verifying


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("!verifizieren ja", VerificationState.CONFIRMED),
        ("!verify yes", VerificationState.CONFIRMED),
        ("!Verifizieren JA", VerificationState.CONFIRMED),
        ("!verifizieren nein", VerificationState.REJECTED),
        ("!verify no", VerificationState.REJECTED),
    ],
)
async def test_a_coordinator_says_whether_the_emoji_are_the_same(
    house: House, office: TestRoom, text: str, state: str
) -> None:
    await verification(house, office, "Gerda")
    answer = await office.says(text, who="Gerda")
    assert await states(house) == [state]
    if state == VerificationState.CONFIRMED:
        assert (answer.reactions, answer.messages) == (["✅"], [])
    else:
        assert answer.message.text.startswith("Die Verifizierung ist abgebrochen.")


async def test_it_can_be_said_in_any_room_and_without_a_prefix_in_the_direct_chat(
    house: House, office: TestRoom
) -> None:
    plain = await house.room(None, "Gerda", kind=RoomKind.PLAIN)
    chat = await direct_chat(house, "Gerda")
    for room, text in ((plain, "!verifizieren ja"), (chat, "verifizieren ja")):
        await verification(house, office, "Gerda", transaction=room.id)
        assert (await room.says(text, who="Gerda")).reactions == ["✅"]
    assert await states(house) == [VerificationState.CONFIRMED, VerificationState.CONFIRMED]


async def test_yes_may_be_repeated_and_taken_back_until_it_is_done(house: House, office: TestRoom) -> None:
    await verification(house, office, "Gerda")
    for _ in range(2):
        assert (await office.says("!verifizieren ja", who="Gerda")).reactions == ["✅"]
    await office.says("!verifizieren nein", who="Gerda")
    assert await states(house) == [VerificationState.REJECTED]


@pytest.mark.parametrize("state", [VerificationState.VERIFIED, VerificationState.CANCELLED, VerificationState.REJECTED])
async def test_where_nothing_is_open_it_is_said_how_to_begin(house: House, office: TestRoom, state: str) -> None:
    await verification(house, office, "Gerda", state)
    before = await house.dump()
    assert (await office.says("!verifizieren ja", who="Gerda")).text == (
        "Es läuft keine Verifizierung. Sie beginnt in Ihrem Client: im Profil von uagbot auf „Verifizieren“ tippen. "
        "Stehen die Emoji da, senden Sie `!verifizieren ja`."
    )
    assert await house.dump() == before


async def test_an_ended_verification_replied_to_is_not_decided_again(house: House, office: TestRoom) -> None:
    number = await verification(house, office, "Gerda", VerificationState.SHOWN)
    said = await office.says("!verifizieren nein", who="Gerda")
    await verification(house, office, "Gerda", transaction="two")
    answer = await office.says("!verifizieren ja", who="Gerda", reply_to=said.message.event_id)
    assert "Es läuft keine Verifizierung" in answer.text
    assert number == 1
    assert await states(house) == [VerificationState.REJECTED, VerificationState.SHOWN]


async def test_the_emoji_must_be_there_before_they_can_be_the_same(house: House, office: TestRoom) -> None:
    await verification(house, office, "Gerda", VerificationState.ASKED)
    before = await house.dump()
    assert "Die Emoji sind noch nicht da" in (await office.says("!verifizieren ja", who="Gerda")).text
    assert await house.dump() == before
    await office.says("!verifizieren nein", who="Gerda")
    assert await states(house) == [VerificationState.REJECTED]


async def test_nobody_decides_for_somebody_else(house: House, office: TestRoom) -> None:
    await verification(house, office, "Gerda")
    before = await house.dump()
    for word in ("ja", "nein"):
        answer = await office.says(f"!verifizieren {word}", who="Hanno")
        assert answer.text.startswith("Diese Verifizierung hat Gerda begonnen und muss sie selbst bestätigen.")
        assert answer.message.mentions == []
    assert await house.dump() == before


async def test_of_two_open_ones_everybody_decides_the_own(house: House, office: TestRoom) -> None:
    await verification(house, office, "Hanno")
    await verification(house, office, "Gerda", transaction="two")
    await office.says("!verifizieren ja", who="Hanno")
    assert await states(house) == [VerificationState.CONFIRMED, VerificationState.SHOWN]


async def test_who_is_no_coordinator_is_told_who_may(house: House, office: TestRoom, room: TestRoom) -> None:
    await verification(house, room, "Anna")
    before = await house.dump()
    assert "Das darf nur die Koordination" in (await room.says("!verifizieren ja", who="Anna")).text
    assert await house.dump() == before
    assert office.id != room.id


async def test_the_settings_name_coordinators_too(house: House, room: TestRoom) -> None:
    house.setup = replace(house.setup, coordinators=frozenset({user("Anna")}))
    house.__post_init__()
    await verification(house, room, "Anna")
    assert (await room.says("!verifizieren ja")).reactions == ["✅"]


@pytest.mark.parametrize("text", ["!verifizieren", "!verifizieren vielleicht", "!verifizieren ja bitte"])
async def test_anything_but_yes_and_no_gets_the_usage(house: House, office: TestRoom, text: str) -> None:
    await verification(house, office, "Gerda")
    before = await house.dump()
    assert "`!verifizieren ja|nein`" in (await office.says(text, who="Gerda")).text
    assert await house.dump() == before


async def test_an_edited_answer_does_not_count_and_a_deleted_one_stays(house: House, office: TestRoom) -> None:
    await verification(house, office, "Gerda")
    said = await office.says("!verifizieren ja", who="Gerda")
    edited = await office.edits(said.event_id, "!verifizieren nein", who="Gerda")
    assert "Eine bearbeitete Nachricht führe ich nicht aus" in edited.text
    assert (await office.redacts(said.event_id, who="Gerda")).sent == []
    assert await states(house) == [VerificationState.CONFIRMED]


async def test_english_rooms_read_english(house: House) -> None:
    office = await house.room("KO", "Gerda", "Hanno", kind=RoomKind.COORDINATORS, language="en")
    assert "No verification is going on." in (await office.says("!verify yes", who="Gerda")).text
    await verification(house, office, "Gerda", VerificationState.ASKED)
    assert "The emoji are not there yet." in (await office.says("!verify yes", who="Gerda")).text
    assert "Gerda has begun this verification" in (await office.says("!verify yes", who="Hanno")).text
    assert "The verification is cancelled." in (await office.says("!verify no", who="Gerda")).text
    assert "`!verify yes|no`" in (await office.says("!verify", who="Gerda")).text


async def test_what_a_former_process_began_is_abandoned(house: House, office: TestRoom) -> None:
    for number, state in enumerate(VerificationState):
        await verification(house, office, "Gerda", state, str(number))
    async with house.database.begin() as tx:
        await verifications.abandon(tx, house.now)
    assert set(await states(house)) == {VerificationState.VERIFIED, VerificationState.CANCELLED}
    async with house.database.begin() as tx:
        assert await verifications.open_of(tx, user("Gerda")) is None
        assert await verifications.known(tx, user("Gerda"), "3")
        assert not await verifications.known(tx, user("Hanno"), "3")


# -- messages that stay unreadable


async def unreadable(
    house: House,
    room: TestRoom,
    event_id: str = "$secret",
    *,
    who: str = "Bodo",
    reason: str = NO_KEY,
    at: datetime | None = None,
    session: str = "session",
) -> bool:
    """Keep an event that cannot be read, and plan to tell its sender; False if it is kept already."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        source = {"type": "m.room.encrypted", "event_id": event_id}
        row = await undecrypted.keep(
            tx, home, event_id, user(who), session, source, at or house.now, reason=reason
        )  # fmt: skip
        if row is not None:
            await due.add(tx, TELL, row.id, home.id, house.now + LATER)
        return row is not None


async def wait(house: House) -> Answer:
    return await house.sleep(minutes=2)


async def test_who_wrote_what_cannot_be_read_is_told_once(house: House, room: TestRoom) -> None:
    await unreadable(house, room)
    said = (await wait(house)).message
    assert (said.room, said.mentions, said.content["msgtype"]) == (room.id, [user("Bodo")], "m.text")
    assert said.text == (
        "Bodo, Ihre Nachricht von 09:00 Uhr kann ich nicht lesen, weil ihr Schlüssel nicht angekommen ist: "
        "Senden Sie einen Befehl bitte noch einmal; hilft das nicht, bestätigen Sie Ihr Gerät im Client unter "
        "Einstellungen → Sitzungen, oder melden Sie sich dort ab und wieder an."
    )
    assert (await house.sleep(hours=5)).sent == []


async def test_the_owner_of_an_unconfirmed_device_is_told_to_confirm_it(house: House, room: TestRoom) -> None:
    await unreadable(house, room, reason=UNSIGNED_DEVICE)
    assert (await wait(house)).message.text == (
        "Bodo, Ihre Nachricht von 09:00 Uhr kann ich nicht lesen, weil Ihr Gerät nicht bestätigt ist: Bestätigen "
        "Sie es im Client unter Einstellungen → Sitzungen; ein Befehl darin wird dann ausgeführt."
    )


@pytest.mark.parametrize(("reason", "why"), [(NO_KEY, "its key has not arrived"), (UNSIGNED_DEVICE, "not confirmed")])
async def test_it_is_told_in_english_too(house: House, reason: str, why: str) -> None:
    room = await house.room("UAG2", language="en")
    await unreadable(house, room, reason=reason)
    text = (await wait(house)).message.text
    assert text.startswith("Bodo, I cannot read your message of 09:00, because ")
    assert why in text


async def test_a_message_whose_key_came_needs_no_words(house: House, room: TestRoom) -> None:
    await unreadable(house, room)
    async with house.database.begin() as tx:
        await undecrypted.forget(tx, ["$secret"])
    assert (await wait(house)).sent == []
    assert (await house.dump())["undecrypted"] == []


async def test_nobody_is_told_twice_a_day_in_whichever_room(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", language="en")
    for number, where in enumerate((room, other, room)):
        await unreadable(house, where, f"$secret{number}")
    assert len((await wait(house)).messages) == 1
    await unreadable(house, other, "$more")
    await unreadable(house, room, "$carla", who="Carla")
    assert [one.mentions for one in (await wait(house)).messages] == [[user("Carla")]]
    await house.sleep_until(house.now.replace(hour=22, minute=58))
    await unreadable(house, room, "$late")
    assert (await house.sleep(minutes=1, seconds=30)).sent == []
    await unreadable(house, room, "$tomorrow")
    assert [one.mentions for one in (await wait(house)).messages] == [[user("Bodo")]]


async def test_who_was_told_is_not_told_again_when_the_key_came_after_all(house: House, room: TestRoom) -> None:
    await unreadable(house, room)
    assert len((await wait(house)).messages) == 1
    async with house.database.begin() as tx:
        await undecrypted.forget(tx, ["$secret"])
        assert await undecrypted.all_waiting(tx, 10) == []
        row = await tx.scalar(select(Undecrypted))
        assert row is not None
        assert (row.waits, row.source) == (False, {})
    await unreadable(house, room, "$second")
    assert (await wait(house)).sent == []
    assert not await unreadable(house, room, "$secret")


async def test_a_bot_that_was_away_tells_it_once_with_the_day(house: House, room: TestRoom) -> None:
    await unreadable(house, room)
    await unreadable(house, room, "$second")
    answer = await house.sleep_until(datetime(2026, 11, 3, 7, tzinfo=UTC), away=True)
    assert [one.text[:55] for one in answer.messages] == ["Bodo, Ihre Nachricht von Mo., 2. Nov., 09:00 Uhr kann i"]
    assert (await wait(house)).sent == []


async def test_who_has_left_the_room_is_not_told(house: House, room: TestRoom) -> None:
    await unreadable(house, room, who="Fritz")
    assert (await wait(house)).sent == []


async def test_a_name_with_markup_stays_text(house: House) -> None:
    room = await house.room("UAG2", "<b>@room</b>")
    await unreadable(house, room, who="<b>@room</b>")
    said = (await wait(house)).message
    assert said.mentions == [user("<b>@room</b>")]
    assert "&lt;b&gt;@room&lt;/b&gt;" in said.html


# -- how they are kept


async def test_an_event_is_kept_once(house: House, room: TestRoom) -> None:
    assert await unreadable(house, room)
    assert not await unreadable(house, room, session="other")
    assert await unreadable(house, room, "$other")
    assert len((await house.dump())["undecrypted"]) == 2


async def test_what_waits_is_found_by_its_session_or_sender_in_the_order_in_which_it_came(
    house: House, room: TestRoom
) -> None:
    other = await house.room("UAG2")
    for number, (where, session) in enumerate(((room, "a"), (room, "b"), (other, "a"), (room, "a"), (room, "c"))):
        await unreadable(house, where, f"${number}", session=session)
    async with house.database.begin() as tx:
        found = await undecrypted.waiting_by(tx, ["a"], [], 9)
        assert [(row.event_id, matrix_id) for row, matrix_id in found] == [
            ("$0", room.id),
            ("$2", other.id),
            ("$3", room.id),
        ]
        assert found[0][0].source == {"type": "m.room.encrypted", "event_id": "$0"}
        later = await undecrypted.waiting_by(tx, ["a"], [], 1, after=found[0][0].id)
        assert [row.event_id for row, _ in later] == ["$2"]
        await undecrypted.forget(tx, ["$0", "$3", "$unknown"])
    async with house.database.begin() as tx:
        assert [row.event_id for row, _ in await undecrypted.waiting_by(tx, ["a"], [], 9)] == ["$2"]
        assert await undecrypted.waiting_by(tx, [], [], 9) == []
        everything = await undecrypted.all_waiting(tx, 2)
        assert [(row.event_id, matrix_id) for row, matrix_id in everything] == [("$1", room.id), ("$2", other.id)]
        mine = await undecrypted.waiting_by(tx, ["c"], [user("Carla")], 9)
        assert [row.event_id for row, _ in mine] == ["$4"]


async def test_what_nobody_waits_for_any_more_is_dropped_after_a_week(house: House, room: TestRoom) -> None:
    await unreadable(house, room, "$old", at=house.now - timedelta(days=7, seconds=1))
    await unreadable(house, room, "$new", at=house.now - timedelta(days=6, hours=23))
    await house.dispatcher.upkeep(house.now)
    async with house.database.begin() as tx:
        assert [row.event_id for row, _ in await undecrypted.all_waiting(tx, 9)] == ["$new"]
    assert len((await wait(house)).messages) == 1


async def test_a_number_is_never_given_twice(house: House, room: TestRoom) -> None:
    await unreadable(house, room)
    async with house.database.begin() as tx:
        await undecrypted.forget(tx, ["$secret"])
    await unreadable(house, room, "$next")
    async with house.database.begin() as tx:
        assert [row.id for row, _ in await undecrypted.all_waiting(tx, 9)] == [2]
