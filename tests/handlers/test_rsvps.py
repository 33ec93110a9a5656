"""What uagbot promises about who comes to a meeting (M6)."""

from datetime import timedelta

from sqlalchemy import func, select

from storage.rooms import RoomKind
from storage.rsvps import Rsvp
from tests.handlers.house import Answer, House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, SERIES

PEOPLE = (
    "Bodo", "Carla", "Dora", "Emil", "Frieda", "Gerda", "Hanno", "Ida", "Jonas", "Karl", "Lena", "Mia", "Nele", "Otto",
)  # fmt: skip
TOWNS = (
    "Aschersleben", "Bernburg", "Dessau", "Genthin", "Halle", "Köthen", "Magdeburg", "Merseburg", "Naumburg",
    "Quedlinburg", "Salzwedel", "Stendal", "Wittenberg", "Zeitz",
)  # fmt: skip


async def shown(house: House) -> Answer:
    """Let the few seconds pass after which messages show who comes."""
    return await house.sleep(seconds=5)


async def answers(house: House) -> int:
    async with house.database.begin() as tx:
        return await tx.scalar(select(func.count()).select_from(Rsvp)) or 0


async def test_who_comes_is_shown_in_the_card_by_one_edit_for_all_who_answer_at_once(
    house: House, room: TestRoom
) -> None:
    card = (await room.says(ONCE)).message
    assert "Kommen Sie? 👍 ja, 👎 nein, 🤔 vielleicht, oder `!zusage 8.12.`" in card.text
    for who, town in (("Anna", "Halle"), ("Bodo", "Stendal")):
        await room.says(f"!kommune {town}", who=who)
    assert (await room.reacts(card.event_id, "👍🏽", who="Anna")).sent == []
    accepted = await room.says("!zusage 8.12.", who="Bodo")
    assert accepted.reactions == ["✅"]
    assert accepted.messages == []
    await room.reacts(card.event_id, "🤔", who="Carla")
    (edit,) = (await shown(house)).sent
    assert (edit.key, edit.edits) == ("meeting-opened", card.event_id)
    assert "Ort: Stadthaus Halle (Saale)\nZusagen: 2 (2 Kommunen) · Vielleicht: 1\n" in edit.text
    # who changes their mind is counted once, and what is taken back lets the answer before it count again
    declined = await room.says("!absage", who="Bodo", reply_to=card.event_id)
    assert "Zusagen: 1 (1 Kommune) · Absagen: 1 · Vielleicht: 1\n" in (await shown(house)).sent[0].text
    await room.redacts(declined.event_id, who="Bodo")
    assert "Zusagen: 2 (2 Kommunen) · Vielleicht: 1\n" in (await shown(house)).sent[0].text
    agenda = (await room.says("!tagesordnung")).message
    await room.reacts(agenda.event_id, "👎", who="Anna")  # that says what somebody thinks of the agenda
    assert (await shown(house)).sent == []


async def test_the_last_reminder_shows_who_comes_too_and_stays_as_it_was_otherwise(
    house: House, room: TestRoom
) -> None:
    await room.says(SERIES)
    reminder = await house.sleep(days=1, hours=2)
    assert reminder.message.text.endswith("\nKommen Sie? 👍 ja, 👎 nein, 🤔 vielleicht")
    await house.sleep(hours=3)
    reacted = await room.reacts(reminder.message.event_id, "✅", who="Carla")
    (edit,) = (await shown(house)).sent
    assert edit.edits == reminder.message.event_id
    assert edit.text == reminder.text.replace("Kommen Sie? ", "Zusagen: 1 · ")
    await room.redacts(reacted.event_id, who="Carla")
    assert (await shown(house)).sent[0].text == reminder.text
    await room.says("!vielleicht", who="Carla")
    begins = await house.sleep(days=1)
    assert "Zusagen: 0 · Vielleicht: 1" in begins.of("meeting-begins").text


async def test_the_list_names_people_by_municipality(house: House) -> None:
    room = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dora", "Emil", powers={"Anna": 100})
    await room.says(ONCE)
    for who, said in (("Anna", "Zeitz"), ("Bodo", "Gardelegen"), ("Dora", "Zeitz")):
        await room.says(f"!kommune {said}", who=who)
    assert "Noch keine Zusage.\n\nOhne Antwort: 5" in (await room.says("!zusagen")).text
    for who in ("Anna", "Bodo", "Carla", "Dora"):
        await room.says("!zusage", who=who)
    await room.says("!vielleicht", who="Bodo")
    await room.says("!absage", who="Emil")
    listed = await room.says("!zusagen UAG1-2026-12-08")
    assert listed.message.text == (
        "Workshop, Di., 8. Dez., 10:00 Uhr\n\nZusagen: 3 (1 Kommune)\n\n"
        "- Zeitz: Anna und Dora\n- ohne Kommune: Carla\n\n"
        "Vielleicht: Bodo\n\nAbsagen: Emil"
    )
    assert listed.message.mentions == []


async def test_long_lists_of_who_comes_go_on_in_a_thread(house: House) -> None:
    room = await house.room("UAG1", "Anna", *PEOPLE, powers={"Anna": 100})
    await room.says(ONCE)
    for who, town in zip(PEOPLE, TOWNS, strict=True):
        await room.says(f"!kommune {town}", who=who)
        await room.says("!zusage", who=who)
    first, rest = (await room.says("!zusagen")).messages
    assert first.text.count("\n- ") == 12
    assert "2 weitere Zeilen stehen im Thread." in first.text
    assert (rest.relation, rest.text) == ("m.thread", "- Wittenberg: Nele\n- Zeitz: Otto")


async def test_a_date_that_does_not_take_place_or_is_over_is_answered_no_more(house: House, room: TestRoom) -> None:
    card = (await room.says(ONCE)).message
    off = (await room.says("!treffen absagen 8.12.")).message
    before = await house.dump()
    refused = await room.says("!zusage 8.12.", who="Bodo")
    assert "UAG1-2026-12-08 (Workshop) findet nicht statt; Antworten" in refused.message.text
    assert (await room.reacts(off.event_id, "👍", who="Bodo")).sent == []  # takes note of it
    assert "findet nicht statt" in (await room.reacts(card.event_id, "👍", who="Bodo")).message.text
    assert (await room.reacts(card.event_id, "👎", who="Carla")).sent == []  # that was said
    await room.says('!treffen einmalig 9.12. 10:00 "Klausur"')
    over = await house.sleep_until(DECEMBER_8 + timedelta(days=2))
    before = await house.dump()
    begun = over.of("meeting-begins")
    assert "UAG1-2026-12-09 ist vorbei." in (await room.reacts(begun.event_id, "👍", who="Bodo")).message.text
    assert "UAG1-2026-12-09 ist vorbei." in (await room.says("!absage UAG1-2026-12-09")).message.text
    assert "Diese Gruppe hat keinen Termin." in (await room.says("!zusage")).message.text
    assert await house.dump() == before
    skipped = await house.room("UAG3", title="Energie", powers={"Anna": 100})
    await skipped.says('!treffen jeden Mittwoch 10:00 "Runde" feiertag=auslassen')
    assert "findet nicht statt" in (await skipped.says("!zusage 6.1.2027")).message.text


async def test_an_edit_moves_an_answer_to_another_date(house: House, room: TestRoom) -> None:
    await room.says(SERIES)
    said = await room.says("!zusage", who="Bodo")
    assert (await room.edits(said.event_id, "!zusage 2.12.", who="Bodo")).reactions == ["✏️"]
    assert "Noch keine Zusage." in (await room.says("!zusagen")).text
    assert "Zusagen: 1" in (await room.says("!zusagen 2.12.")).text
    await room.redacts(said.event_id, who="Bodo")
    assert await answers(house) == 0
    await room.says("!zusage 2.12.", who="Bodo")
    await room.says("!treffen ende")
    assert await answers(house) == 0


async def test_who_meant_to_come_is_told_when_the_date_changes(room: TestRoom) -> None:
    await room.says(ONCE)
    for who, said in (("Anna", "zusage"), ("Bodo", "vielleicht"), ("Carla", "absage")):
        await room.says(f"!{said}", who=who)
    moved = (await room.says("!treffen verschieben 8.12. auf 10.12.")).message
    assert moved.mentions == ["@bodo:localhost"]
    assert "\nBodo: Ihre Antwort gilt auch für die neue Zeit." in moved.text
    assert "`!absage UAG1-2026-12-08`" in moved.text
    cancelled = await room.says("!treffen absagen 10.12. Sturm")
    assert cancelled.message.mentions == ["@bodo:localhost"]
    assert cancelled.message.text.endswith("Grund: Sturm\nBodo: Bitte streichen Sie den Termin.")
    back = (await room.redacts(cancelled.event_id)).message
    assert (back.mentions, back.text.splitlines()[-1]) == (["@bodo:localhost"], "Bodo: Ihre Antwort gilt weiter.")
    await room.says(SERIES)
    await room.says("!zusage 2.12.", who="Carla")
    assert (await room.says("!treffen ende")).message.mentions == ["@carla:localhost"]


async def test_answers_come_from_the_direct_chat_too_but_only_of_members(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    chat = await house.room(None, "Bodo", kind=RoomKind.DIRECT)
    assert (await chat.says("zusage UAG1-2026-12-08", who="Bodo")).reactions == ["✅"]
    assert (await chat.says("absage 8.12.", who="Bodo")).reactions == ["✅"]
    assert "`UAG1-2026-12-08`" in (await chat.says("zusage", who="Bodo")).message.text
    stranger = await house.room(None, "Emil", kind=RoomKind.DIRECT)
    for text in ("zusage UAG1-2026-12-08", "zusagen UAG1-2026-12-08"):
        assert "gibt es in Ihren Gruppen nicht" in (await stranger.says(text, who="Emil")).message.text
    assert "haben Ihre Gruppen keinen Termin" in (await stranger.says("zusage 8.12.", who="Emil")).message.text
    assert await answers(house) == 2
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert "noch keine Arbeitsgruppe" in (await plain.says("!zusage")).message.text


async def test_english_rooms_answer_in_english(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    card = (await room.says('!meeting once 8 December 10:00 "Workshop"')).message
    assert "Do you come? 👍 yes, 👎 no, 🤔 perhaps, or `!accept 8 December`" in card.text
    await room.says("!attend", who="Anna")
    await room.says("!decline 8 December", who="Bodo")
    await room.says("!tentative", who="Carla")
    assert "\nAccepted: 1 · Declined: 1 · Perhaps: 1\n" in (await shown(house)).sent[0].text
    assert "Perhaps: Carla\n\nDeclined: Bodo" in (await room.says("!rsvps")).text
    assert "does not take place" in (await room.says("!meeting cancel 8 December")).text
    assert "no answers and reminders" in (await room.says("!accept 8 December")).text
