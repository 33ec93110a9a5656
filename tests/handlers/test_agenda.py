"""What uagbot promises about agendas that members make (M8)."""

import itertools
import re
from datetime import timedelta

from sqlalchemy import event

from tests.handlers.agenda_rows import LATER, TUESDAY, begin, items, titles
from tests.handlers.house import Answer, House, Sent, TestRoom


def listed(sent: Sent | Answer) -> list[str]:
    """Return the lines of a list."""
    return [line for line in sent.text.splitlines() if re.match(r"\d+\. |- ", line)]


def shown_again(answer: Answer) -> Sent:
    """Return the agenda as it was edited in place; it is the only one."""
    (found,) = [one for one in answer.sent if one.key == "agenda"]
    assert found.relation == "m.replace"
    return found


async def named(room: TestRoom, *words: str, who: str = "Anna") -> None:
    for one in words:
        await room.says(f"!top {one}", who=who)


# -- what members put there


async def test_items_wait_for_a_date_and_then_fill_its_time(house: House, room: TestRoom) -> None:
    waiting = await room.says('!top "Radweg nach Wörlitz" 15min', who="Bodo")
    assert waiting.reactions == ["✅"]
    assert "vorgemerkt für das nächste Treffen, sobald eines feststeht" in waiting.text
    shown = await room.says("!tagesordnung")
    assert shown.message.text.startswith("Tagesordnung\nfür das nächste Treffen, sobald eines feststeht\n")
    assert listed(shown) == ["1. Radweg nach Wörlitz · 15 min · von Bodo"]
    assert "15 Minuten verplant" in shown.text
    await room.says(TUESDAY)
    quiet = await room.says("!top Haushalt 2027 (60 min)")
    assert (quiet.reactions, quiet.messages) == (["✅"], [])
    shown = await room.says("!tagesordnung")
    assert shown.message.text.startswith("Tagesordnung: UAG-Treffen\nDienstag, 10. November 2026, 10:00–11:30 Uhr\n")
    assert listed(shown)[1] == "2. Haushalt 2027 · 60 min · von Anna"
    assert "75 von 90 Minuten verplant\n" in shown.text
    assert "⚠" not in shown.text
    more = shown_again(await room.says('!top 20min "Klausur" ', who="Carla"))
    assert more.edits == shown.message.event_id
    assert "95 von 90 Minuten verplant\n⚠ Das sind 5 Minuten zu viel" in more.text
    assert more.mentions == []
    assert "105 von 90 Minuten" not in shown_again(await room.says("!top Ohne Zeit")).text
    assert await titles(house) == ["Radweg nach Wörlitz", "Haushalt 2027", "Klausur", "Ohne Zeit"]


async def test_an_item_leads_to_its_message_and_is_shown_as_it_was_typed(room: TestRoom) -> None:
    said = await room.says("Wir brauchen einen Radweg.", who="Bodo")
    await room.says('!top "<b>@room</b> & Radweg" 5min', reply_to=said.event_id)
    html = (await room.says("!tagesordnung")).message.html
    assert f'<a href="https://matrix.to/#/{room.id}/{said.event_id}">&lt;b&gt;@room&lt;/b&gt; &amp; Radweg</a>' in html


async def test_a_reply_without_a_title_takes_the_words_of_the_message_and_follows_them(
    house: House, room: TestRoom
) -> None:
    await room.says(TUESDAY)
    await room.says("!tagesordnung")
    said = await room.says("Köthen fragt nach dem Radweg\nund nach vielem anderen", who="Bodo")
    taken = await room.says("!top 10 min", reply_to=said.event_id, who="Carla")
    assert taken.reactions == ["✅"]
    assert listed(shown_again(taken)) == ["1. Köthen fragt nach dem Radweg · 10 min · von Carla"]
    assert said.event_id in shown_again(taken).html
    edited = await room.edits(said.event_id, "Zerbst fragt nach dem Radweg", who="Bodo")
    assert listed(shown_again(edited)) == ["1. Zerbst fragt nach dem Radweg · 10 min · von Carla"]
    changed = await room.edits(taken.event_id, "!top 20min", who="Carla")
    assert changed.reactions == ["✏️"]
    assert listed(shown_again(changed)) == ["1. Zerbst fragt nach dem Radweg · 20 min · von Carla"]
    gone = await room.redacts(said.event_id, who="Bodo")
    assert listed(shown_again(gone)) == []
    again = await room.says("Noch etwas", who="Bodo")
    taken = await room.says("!top", reply_to=again.event_id)
    assert await titles(house) == ["Noch etwas"]
    assert listed(shown_again(await room.redacts(taken.event_id))) == []
    assert await titles(house) == []


async def test_a_message_that_cannot_be_read_is_said_to_be_so_and_the_bots_own_needs_a_title(
    house: House, room: TestRoom
) -> None:
    assert (await room.says("!top", reply_to="$gone")).sent == []
    unread = await house.sleep(minutes=1)
    assert "Die Nachricht konnte ich nicht lesen" in unread.message.text
    shown = await room.says("!tagesordnung")
    own = await room.says("!top", reply_to=shown.message.event_id)
    assert "Wie heißt der Punkt?" in own.text
    assert await items(house) == []


async def test_an_edit_changes_an_item_and_a_deletion_drops_it_until_the_meeting_talks_about_it(
    house: House, room: TestRoom
) -> None:
    await room.says(TUESDAY)
    first = await room.says('!top "Radweg" 15min')
    await room.says("!tagesordnung")
    edited = await room.edits(first.event_id, '!top "Radweg nach Wörlitz" 30min für=10.11.')
    assert edited.reactions == ["✏️"]
    assert listed(shown_again(edited)) == ["1. Radweg nach Wörlitz · 30 min · von Anna"]
    second = await room.says("!top Haushalt")
    assert listed(shown_again(await room.redacts(second.event_id))) == ["1. Radweg nach Wörlitz · 30 min · von Anna"]
    assert "steht nicht mehr auf der Tagesordnung" in (await room.edits(second.event_id, "!top Etat")).text
    await house.sleep(days=8)
    await begin(house, "UAG1-2026-11-10", "Radweg nach Wörlitz")
    assert "war schon Thema der Sitzung" in (await room.redacts(first.event_id)).text
    assert "war schon Thema der Sitzung" in (await room.says("!top 1 streichen")).text
    renamed = await room.edits(first.event_id, "!top Radweg nach Dessau")
    assert listed(shown_again(renamed)) == ["1. Radweg nach Dessau · von Anna"]


# -- what becomes of items


async def test_items_move_get_time_and_are_dropped_by_who_named_them_or_the_chair(house: House, room: TestRoom) -> None:
    await room.says(TUESDAY)
    await named(room, "Radweg 10min", "Haushalt 20min", who="Bodo")
    await named(room, "Klausur", who="Carla")
    await room.says("!tagesordnung")
    for words in ("3 nach 1", "3. vor 2."):
        await room.says(f"!top {words}")
    assert await titles(house) == ["Radweg", "Haushalt", "Klausur"]
    assert (await room.says("!top 1 nach 1")).reactions == ["✅"]
    assert listed(shown_again(await room.says("!top 3 vor 1", who="Carla")))[0] == "1. Klausur · von Carla"
    assert listed(shown_again(await room.says("!top 2 40 Minuten", who="Bodo")))[1] == "2. Radweg · 40 min · von Bodo"
    for words in ("2 nach 1", "2 streichen", "2 vertagen", "2 5min"):
        refused = await room.says(f"!top {words}", who="Carla")
        assert "nur, wer es angelegt hat, oder die Leitung dieses Raums: Anna" in refused.text
    dropped = await room.says("!top 2 streichen Das klären wir <b>schriftlich</b>", who="Bodo")
    assert dropped.text == ("Von der Tagesordnung gestrichen: „Radweg“. Grund: Das klären wir <b>schriftlich</b>")
    assert listed(shown_again(dropped)) == ["1. Klausur · von Carla", "2. Haushalt · 20 min · von Bodo"]
    assert (await room.says("!top 1 streichen")).messages == []
    assert (await titles(house), await titles(house, "dropped")) == (["Haushalt"], ["Klausur", "Radweg"])


async def test_an_item_is_postponed_to_the_date_after_the_next_or_to_the_end(house: House, room: TestRoom) -> None:
    await named(room, "Radweg", "Haushalt")
    assert (
        "Es steht kein Treffen fest, von dem sich „Radweg“ vertagen lässt" in (await room.says("!top 1 vertagen")).text
    )
    await room.says(TUESDAY)
    await room.says("!tagesordnung")
    stays = await room.says("!top 1 vertagen")
    assert "„Radweg“ ist als vertagt vermerkt" in stays.text
    assert listed(shown_again(stays)) == ["1. Haushalt · von Anna", "2. Radweg · von Anna · vertagt seit 1 Sitzung"]
    await room.says(LATER)
    later = await room.says("!top 2 vertagen")
    assert later.message.text == "„Radweg“ ist vertagt auf Dienstag, 8. Dezember 2026."
    assert listed(shown_again(later)) == ["1. Haushalt · von Anna"]
    assert listed(await room.says("!tagesordnung 8.12.")) == ["- Radweg · von Anna · vertagt seit 2 Sitzungen"]
    await house.sleep(days=9)
    assert listed(await room.says("!tagesordnung")) == [
        "1. Haushalt · von Anna",
        "2. Radweg · von Anna · vertagt seit 2 Sitzungen",
    ]


async def test_an_item_may_be_for_another_date_and_stays_when_that_is_off(room: TestRoom) -> None:
    await room.says(TUESDAY)
    await room.says(LATER)
    await room.says('!top "Radweg" für=8.12.')
    await room.says('!top "Haushalt" 15min für=UAG1-2026-11-10')
    assert listed(await room.says("!tagesordnung")) == ["1. Haushalt · 15 min · von Anna"]
    other = await room.says("!tagesordnung UAG1-2026-12-08")
    assert listed(other) == ["- Radweg · von Anna"]
    assert '`!top "Titel" 15min für=UAG1-2026-12-08`' in other.text
    shown = shown_again(await room.says('!top "Klausur" für=8.12.', who="Bodo"))
    assert shown.edits == other.message.event_id
    await room.says('!treffen absagen 10.11. "krank"')
    assert listed(await room.says("!tagesordnung")) == [
        "1. Radweg · von Anna",
        "2. Haushalt · 15 min · von Anna",
        "3. Klausur · von Bodo",
    ]
    assert "UAG1-2026-11-10 fällt aus" in (await room.says('!top "Etat" für=10.11.')).text
    assert "hat diese Gruppe keinen Termin" in (await room.says('!top "Etat" für=11.11.')).text
    assert (
        "Einen Termin UAG9-2026-11-10 gibt es in diesem Raum nicht"
        in (await room.says('!top "Etat" für=UAG9-2026-11-10')).text
    )


async def test_a_running_meeting_keeps_its_agenda_past_its_end_and_a_held_one_gives_way(
    house: House, room: TestRoom
) -> None:
    await room.says(TUESDAY)
    await room.says(LATER)
    await room.says("!top Radweg für=10.11.")
    await house.sleep(days=8, hours=1)
    await begin(house, "UAG1-2026-11-10", "Radweg")
    await house.sleep(hours=8)
    assert "Dienstag, 10. November 2026" in (await room.says("!tagesordnung")).text
    assert await titles(house) == ["Radweg"]


# -- standing items


async def test_what_stands_on_every_agenda_is_kept_by_the_chair(room: TestRoom) -> None:
    assert "Noch steht nichts auf jeder Tagesordnung" in (await room.says("!top immer")).text
    await room.says(TUESDAY)
    await room.says("!tagesordnung")
    assert "Das darf nur die Leitung" in (await room.says("!top immer Aktuelles", who="Bodo")).text
    added = await room.says('!top immer "Aktuelles aus den Kommunen" 10min')
    assert listed(shown_again(added)) == ["1. Aktuelles aus den Kommunen · 10 min · ständiger Punkt"]
    await room.says("!top immer Verschiedenes")
    edited = await room.edits(added.event_id, "!top immer Aktuelles 5min")
    assert listed(shown_again(edited)) == [
        "1. Aktuelles · 5 min · ständiger Punkt",
        "2. Verschiedenes · ständiger Punkt",
    ]
    assert listed(await room.says("!top immer", who="Bodo")) == ["1. Aktuelles · 5 min", "2. Verschiedenes"]
    assert "Einen ständigen Punkt 3 gibt es nicht" in (await room.says("!top immer 3 streichen")).text
    dropped = await room.says("!top immer 1 streichen")
    assert listed(shown_again(dropped)) == ["1. Verschiedenes · ständiger Punkt"]
    assert "gibt es nicht mehr" in (await room.edits(added.event_id, "!top immer Neues")).text
    await room.says("!top immer Neues")
    assert (await room.redacts(added.event_id)).sent == []
    assert listed(await room.says("!top immer")) == ["1. Verschiedenes", "2. Neues"]


# -- bad input, size, languages


REFUSED = [
    ("!top", "Wie heißt der Punkt?"),
    ("!top 15min", "Wie heißt der Punkt?"),
    ('!top ""', "Wie heißt der Punkt?"),
    ('!top "Radweg" 0min', "möglich sind 1 Minute bis 8 Stunden"),
    ('!top "Radweg" 10 Stunden', "möglich sind 1 Minute bis 8 Stunden"),
    ("!top 1 0min", "möglich sind 1 Minute bis 8 Stunden"),
    ("!top 1", "Soll sich Punkt 1 ändern? Möglich sind `!top 1 20min`"),
    ("!top 1 strichen", 'Anführungszeichen: `!top "1 strichen" 15min`'),
    ("!top 7 streichen", "Einen Punkt 7 hat die Tagesordnung nicht. Es gibt:\n\n1. Haushalt"),
    ("!top 1 nach 0", "Einen Punkt 0 hat die Tagesordnung nicht. Es gibt:\n\n1. Haushalt"),
    ("!top 1 streichen " + "x" * 301, "höchstens 300 sind möglich"),
    (f'!top "{"x" * 201}"', "201 Zeichen, höchstens 200 sind möglich"),
    (f'!top "{"x" * 10_000}"', "höchstens 8000 Zeichen"),
    ('!top "Radweg', "Anführungszeichen"),
    ('!top "Radweg" für=31.2.', "gibt es im Kalender nicht"),
    ('!top "Radweg" für=irgendwann', "So geht es:"),
    ("!tagesordnung bald", "So geht es:"),
    ("!tagesordnung füllen", "Es steht kein Treffen fest, dessen Tagesordnung sich füllen lässt"),
    ("!top immer 15min", "Wie heißt der Punkt?"),
]


async def test_what_cannot_be_is_refused_with_what_to_type_and_stores_nothing(house: House, room: TestRoom) -> None:
    await room.says("!top Haushalt")
    before = await house.dump()
    for text, said in REFUSED:
        assert said in (await room.says(text)).message.text, text
    assert await house.dump() == before


async def test_a_long_agenda_goes_on_in_a_thread_and_takes_no_more_statements_than_a_short_one(
    house: House, room: TestRoom
) -> None:
    counted = itertools.count(1)
    costs = []
    await room.says(TUESDAY)
    await room.says("!tagesordnung")
    event.listen(house.database.engine.sync_engine, "before_cursor_execute", lambda *_: next(counted))
    for number in range(1, 17):
        before = next(counted)
        last = await room.says(f"!top Punkt {number} 1min")
        costs.append(next(counted) - before)
    assert costs[-1] <= costs[1] + 2
    assert listed(shown_again(last))[-1] == "12. Punkt 12 · 1 min · von Anna"
    assert "… und 4 weitere Punkte: `!tagesordnung`" in shown_again(last).text
    first, rest = (await room.says("!tagesordnung")).messages
    assert "… und 4 weitere Punkte im Thread" in first.text
    assert rest.relation == "m.thread"
    assert listed(rest)[0] == "13. Punkt 13 · 1 min · von Anna"
    assert listed(rest)[-1] == "16. Punkt 16 · 1 min · von Anna"


async def test_the_english_agenda_says_the_same(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    assert "as soon as one is set" in (await room.says('!item "Cycle path" 15min', who="Bodo")).text
    await room.says('!meeting once 10 November 10:00-10:30 "Group meeting"')
    await room.says("!item always News 20 minutes")
    shown = await room.says("!agenda")
    assert listed(shown) == ["1. Cycle path · 15 min · from Bodo", "2. News · 20 min · standing item"]
    assert "35 of 30 minutes planned\n⚠ That is 5 minutes too much" in shown.text
    assert listed(shown_again(await room.says("!item 2 before 1")))[0].startswith("1. News")
    assert "“Cycle path” is marked as postponed" in (await room.says("!item 2 postpone")).text
    assert "Dropped from the agenda: “Cycle path”. Reason: rain" in (await room.says("!item 2 drop rain")).text
    assert "The agenda has no item 5. There are:" in (await room.says("!item 5 20min")).text


async def test_the_message_of_a_date_that_is_over_is_left_alone(house: House, room: TestRoom) -> None:
    await room.says(TUESDAY)
    old = await room.says("!tagesordnung")
    await room.says(LATER)
    await house.sleep_until(house.now + timedelta(days=9))
    new = await room.says("!top Radweg")
    assert [one for one in new.sent if one.edits == old.message.event_id] == []
    assert listed(await room.says("!tagesordnung")) == ["1. Radweg · von Anna"]
