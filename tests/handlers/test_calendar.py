"""What members say to have meetings in their own calendars."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.setup import Setup
from storage.links import Link
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import BOT, House, Sent, TestRoom
from tests.handlers.meeting_rows import ONCE, SERIES

WEB = "https://bot.example.org"
ADDRESS = re.compile(r"https://bot\.example\.org/calendar/[\w-]{32}\.ics")


@pytest.fixture
def served(house: House) -> House:
    """Give a house with a web server."""
    house.setup = Setup(user_id=BOT, web=WEB)
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    return house


async def stored(house: House) -> list[Link]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Link).order_by(Link.id)))


def address(text: str) -> str:
    found = ADDRESS.findall(text)
    assert len(found) == 1
    return str(found[0])


def files(sent: Iterable[Sent]) -> list[Sent]:
    return [one for one in sent if one.file_text]


def events(sent: Iterable[Sent]) -> list[Any]:
    (file,) = files(sent)
    assert file.content["info"]["mimetype"] == "text/calendar"
    return list(Calendar.from_ical(str(file.file_text)).walk("VEVENT"))


async def test_a_group_has_one_address_that_any_member_may_ask_for(served: House) -> None:
    room = await served.room(powers={"Anna": 100})
    other = await served.room("UAG2", "Emil", language="en", powers={"Emil": 100})
    first = (await room.says("!kalender", who="Bodo")).message.text
    assert "Kalender dieser Gruppe" in first
    assert f"webcal{address(first).removeprefix('https')}" in first
    assert "Outlook" in first
    assert address((await room.says("!kalender", who="Carla")).text) == address(first)
    english = (await other.says("!calendar", who="Emil")).message.text
    assert "Calendar of this group" in english
    assert address(english) != address(first)
    assert [link.created_by for link in await stored(served)] == ["@bodo:localhost", "@emil:localhost"]


async def test_a_new_address_ends_the_old_one_and_is_for_who_leads(served: House) -> None:
    room = await served.room(powers={"Anna": 100})
    old = address((await room.says("!kalender")).text)
    assert "nur die Leitung" in (await room.says("!kalender neu", who="Bodo")).text
    assert [link.revoked_at for link in await stored(served)] == [None]
    renewed = await room.says("!kalender neu")
    assert "Die bisherige Adresse gilt ab jetzt nicht mehr" in renewed.message.text
    assert address(renewed.text) != old
    before, after = await stored(served)
    assert old.endswith(f"/{before.secret}.ics")
    assert before.revoked_at == served.now
    assert after.revoked_at is None
    assert address((await room.says("!kalender")).text) == address(renewed.text)


async def test_the_calendar_of_all_groups_is_for_members_of_one_and_renewed_by_coordinators(
    served: House, main: TestRoom, coordination: TestRoom
) -> None:
    room = await served.room(powers={"Anna": 100})
    english = await served.room("UAG2", "Emil", language="en", powers={"Emil": 100})
    chat = await direct_chat(served, "Bodo")
    stranger = await direct_chat(served, "Fritz")
    shared = address((await main.says("!kalender")).text)
    assert address((await coordination.says("!kalender", who="Gerda")).text) == shared
    told = (await chat.says("kalender", who="Bodo")).message.text
    assert "Kalender aller Gruppen" in told
    assert address(told) == shared
    assert "nur Mitglieder der Gruppen" in (await stranger.says("kalender", who="Fritz")).text
    assert "nur Mitglieder der Gruppen" in (await stranger.says("kalender datei", who="Fritz")).text
    assert "Das darf nur die Koordination" in (await chat.says("kalender neu", who="Bodo")).text
    assert "Das darf nur die Koordination" in (await main.says("!kalender neu", who="Bodo")).text
    answer = await (await direct_chat(served, "Gerda")).says("kalender neu", who="Gerda")
    new, *others = answer.messages
    assert address(new.text) != shared
    assert [one.room for one in others] == [main.id, room.id, english.id, coordination.id]
    assert all(WEB not in one.text for one in others)
    assert "gilt ab jetzt nicht mehr" in others[0].text
    assert "no longer works" in others[2].text


async def test_a_file_holds_one_date_a_series_or_all(served: House, main: TestRoom) -> None:
    room = await served.room(powers={"Anna": 100})
    await room.says(ONCE)
    await room.says(SERIES)
    answer = await room.says("!kalender datei", who="Bodo")
    assert [str(event["SUMMARY"]) for event in events(answer.sent)] == ["UAG-Treffen", "Workshop"]
    assert files(answer.sent)[0].content["filename"] == "UAG1.ics"
    assert "Für Ihren Kalender" in files(answer.sent)[0].text
    one = await room.says("!kalender datei UAG1-2026-12-08", who="Bodo")
    assert [str(event["SUMMARY"]) for event in events(one.sent)] == ["Workshop"]
    assert files(one.sent)[0].content["filename"] == "UAG1-2026-12-08.ics"
    series = await room.says("!kalender datei 2.12.", who="Bodo")
    assert events(series.sent)[0]["RRULE"].to_ical() == b"FREQ=MONTHLY;BYDAY=1WE"
    assert files(series.sent)[0].content["filename"] == "UAG1-UAG-Treffen.ics"
    every = await main.says("!kalender datei")
    assert [str(event["SUMMARY"]) for event in events(every.sent)] == ["UAG1: UAG-Treffen", "UAG1: Workshop"]
    chat = await direct_chat(served, "Bodo")
    assert len(events((await chat.says("kalender datei UAG1-2026-12-08", who="Bodo")).sent)) == 1
    assert "gibt es in Ihren Gruppen nicht" in (await chat.says("kalender datei UAG1-2027-12-08", who="Bodo")).text


async def test_without_a_web_server_there_is_the_file_and_no_address(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    answer = await room.says("!kalender")
    assert len(events(answer.sent)) == 1
    assert "keinen Webserver" in files(answer.sent)[0].text
    assert "!kalender datei" in (await room.says("!kalender neu")).text
    assert await stored(house) == []
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert not files((await plain.says("!kalender")).sent)


async def test_what_is_said_of_a_date_carries_it_as_a_file_in_the_thread(room: TestRoom) -> None:
    opened = await room.says(ONCE)
    (file,) = files(opened.sent)
    assert (file.relation, file.edits) == ("m.thread", opened.of("meeting-opened").event_id)
    assert file.content["filename"] == "UAG1-2026-12-08.ics"
    edited = await room.edits(opened.event_id, ONCE.replace("10:00-11:30", "11:00-12:00"))
    (file,) = files(edited.sent)
    assert (file.relation, file.edits) == ("m.thread", opened.of("meeting-opened").event_id)
    sequences = [int(events(opened.sent)[0]["SEQUENCE"]), int(events(edited.sent)[0]["SEQUENCE"])]
    for said in ("!treffen verschieben 8.12. auf 14:00", "!treffen ändern 8.12. ort=Stendal", "!treffen absagen 8.12."):
        answer = await room.says(said)
        (event,) = events(answer.sent)
        sequences.append(int(event["SEQUENCE"]))
        assert event["UID"] == events(opened.sent)[0]["UID"]
        assert files(answer.sent)[0].edits == answer.messages[0].event_id
    assert str(event["STATUS"]) == "CANCELLED"
    assert sequences == [0, 1, 2, 3, 4]


async def test_a_changed_date_comes_with_its_series(room: TestRoom) -> None:
    opened = await room.says(SERIES)
    assert len(events(opened.sent)) == 1
    moved = await room.says("!treffen verschieben 2.12. auf 3.12. 14:00")
    series, date = events(moved.sent)
    assert series["UID"] == date["UID"]
    assert date["RECURRENCE-ID"].dt.replace(tzinfo=None) == datetime(2026, 12, 2, 10)  # noqa: DTZ001 wall time
    assert date["DTSTART"].dt.replace(tzinfo=None) == datetime(2026, 12, 3, 14)  # noqa: DTZ001 wall time
    cancelled = await room.says("!treffen absagen 6.1.")
    assert [str(event["STATUS"]) for event in events(cancelled.sent)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert not files((await room.says("!treffen ende")).sent)  # nothing has taken place, nothing is left
