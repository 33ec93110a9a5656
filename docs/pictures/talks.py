"""What members and the bot say to each other in the pictures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.demo.member import Member
from bot.demo.speaker import Event

MEMBERS = ("Anna", "Bodo", "Carla", "Dieter", "Emil")
TOWNS = {
    "Anna": "Halle (Saale)",
    "Bodo": "Stendal",
    "Carla": "Stendal",
    "Dieter": "Wernigerode",
    "Emil": "Merseburg",
}
APPS, ENERGY, MAIN = "UAG1 Bürger-Apps", "UAG3 Energie", "Initiative"
ROOMS = {
    MAIN: MEMBERS,
    "UAG6 Beteiligung": ("Anna", "Carla"),
    ENERGY: ("Anna", "Carla", "Dieter", "Emil"),
    APPS: ("Anna", "Bodo", "Carla"),
}
"""Who is in which room; the first one has opened it and leads it."""


@dataclass(frozen=True)
class Room:
    """A room with the bot, heard through one who is in it: all go on when the answer to the last line is there."""

    id: str
    bot: str
    ear: Member

    async def says(self, who: Member, text: str, answer: str, mentions: Mapping[str, str] | None = None) -> Event:
        """Let a member send a command, and return the bot's message with these words that comes after it."""
        return await self.answer(answer, after=await who.say(self.id, text, mentions=mentions))

    async def marks(self, who: Member, said: str, key: str | None = None) -> None:
        """Wait until the bot marks a message with ✅; with a key a member has to tag it by that reaction first."""
        if key is not None:
            await who.react(self.id, said, key)

        def is_it(event: Event) -> bool:
            relation = event["content"].get("m.relates_to", {})
            return event["sender"] == self.bot and (relation.get("event_id"), relation.get("key")) == (said, "✅")

        await self.ear.wait_for(self.id, is_it)

    async def answer(self, words: str, after: str | None = None) -> Event:
        """Return the bot's message, or its edit of one, with these words. Raises TimeoutError after 20 s."""

        def is_it(event: Event) -> bool:
            content: dict[str, Any] = event["content"].get("m.new_content", event["content"])
            return event["sender"] == self.bot and words in content.get("body", "")

        return await self.ear.wait_for(self.id, is_it, after=after)

    async def invite_bot(self, words: str) -> None:
        """Invite the bot, which introduces itself, and make the room what these words say."""
        await self.ear.invite(self.id, self.bot)
        await self.answer("!hilfe")
        await self.says(self.ear, f"!gruppe einrichten {words}", words.split(maxsplit=1)[0])


@dataclass(frozen=True)
class Initiative:
    """The members by name and their rooms by name."""

    people: Mapping[str, Member]
    rooms: Mapping[str, Room]

    @classmethod
    async def begin(cls, bot: str, people: Mapping[str, Member]) -> "Initiative":
        """Open the rooms; in the last one the bot is there."""
        rooms = {}
        for name, members in ROOMS.items():
            opener, *others = [people[one] for one in members]
            room = await opener.create_room(name, invite=[one.user_id for one in others])
            for one in others:
                await one.join(room)
            rooms[name] = Room(room, bot, opener)
        await rooms[APPS].invite_bot('UAG1 "Bürger-Apps"')
        return cls(people, rooms)

    async def ask_one_room(self) -> None:
        """Ask, vote by reaction and by command, and close the poll; then give Carla a task."""
        room, (anna, bodo, carla) = self.rooms[APPS], self._named("Anna", "Bodo", "Carla")
        await bodo.say(room.id, "Guten Morgen, wo treffen wir uns eigentlich im März?")
        asked = '!umfrage "Wo tagen wir im März?" Halle Stendal Wernigerode bis=Freitag'
        poll = await room.says(anna, asked, "0 von 3")
        await bodo.react(room.id, poll["event_id"], "2️⃣")
        await room.answer("1 von 3")
        await anna.react(room.id, poll["event_id"], "1️⃣")
        await room.answer("2 von 3")
        await room.says(carla, "!stimme U1 2", "3 von 3")
        await room.says(anna, "!umfrage ende U1", "Die meisten Stimmen")
        await bodo.say(room.id, "Dann sehen wir uns in Stendal.")
        task = "!aufgabe @Carla Leitfaden schreiben bis Freitag #pilot"
        await room.says(bodo, task, "A1", {"Carla": carla.user_id})
        await carla.say(room.id, "Mache ich.")

    async def meet(self) -> None:
        """Agree on a monthly meeting."""
        room, (anna, carla) = self.rooms[APPS], self._named("Anna", "Carla")
        series = '!treffen jeden 2. Dienstag im Monat 10:00-11:30 "UAG-Treffen"'
        card = await room.says(anna, series, "Die nächsten Termine")
        await room.answer("Für Ihren Kalender", after=card["event_id"])
        await carla.say(room.id, "Danke, ist notiert.")

    async def ask_municipalities(self) -> None:
        """Ask the municipalities of two groups; Stendal is divided, then agrees, and so all have voted."""
        room, (anna, bodo, carla, dieter, emil) = self.rooms[APPS], self._named(*MEMBERS)
        await self.rooms[MAIN].invite_bot('LI "Landesinitiative" art=haupt')
        await self.rooms[ENERGY].invite_bot('UAG3 "Energie"')
        for name, town in TOWNS.items():
            await self.rooms[MAIN].says(self.people[name], f"!kommune {town}", town)
        asked = '!umfrage "Gilt der Leitfaden ab Januar?" Ja Nein wahlrecht=kommune räume=UAG1,UAG3 schluss=alle'
        poll = await room.says(anna, asked, "0 von 4")
        there = await self.rooms[ENERGY].answer("0 von 4")
        await anna.react(room.id, poll["event_id"], "1️⃣")
        await bodo.react(room.id, poll["event_id"], "1️⃣")
        await carla.react(room.id, poll["event_id"], "2️⃣")
        await room.answer("Einigen Sie sich")
        await carla.say(room.id, "Einverstanden, Bodo, dann auch von mir ein Ja.")
        await carla.say(room.id, "!stimme U2 ja")
        await dieter.react(self.rooms[ENERGY].id, there["event_id"], "1️⃣")
        await emil.react(self.rooms[ENERGY].id, there["event_id"], "2️⃣")
        await room.answer("Ergebnis U2")

    async def find_a_date(self) -> None:
        """Look for a date on which no other group meets, and settle it."""
        room, (anna, carla, dieter, emil) = self.rooms[ENERGY], self._named("Anna", "Carla", "Dieter", "Emil")
        await self.rooms[APPS].says(anna, '!treffen einmalig 13.1. 14:00 "Abnahme der App"', "Abnahme der App")
        asked = '!termin "Workshop Energie" 6.1. 10:00-12:00, 13.1. 10:00-12:00, 14.1. 14:00-16:00'
        await room.says(anna, asked, "0 von 4")
        await dieter.say(room.id, "!stimme U3 1 nein 2 ja 3 notfalls")
        await emil.say(room.id, "!stimme U3 2 nein 3 ja")
        await carla.say(room.id, "!stimme U3 2 notfalls 3 ja")
        await room.answer("3 von 4")
        await room.says(anna, "!umfrage ende U3", "Am besten passt")
        card = await room.says(anna, '!termin fest U3 3 ort="Rathaus Wernigerode"', "Rathaus Wernigerode")
        await room.answer("Für Ihren Kalender", after=card["event_id"])
        await dieter.say(room.id, "Sehr gut, ich reserviere den Saal.")

    async def resolve(self) -> None:
        """Let a resolution circulate; Carla objects, and Anna looks into the register."""
        room, (anna, bodo, carla) = self.rooms[APPS], self._named("Anna", "Bodo", "Carla")
        await room.says(anna, '!beschluss "Wir tagen im März in Stendal"', "Beschlossen am")
        circulated = '!umlauf "Der Leitfaden wird gedruckt" bis="5 Arbeitstage"'
        card = await room.says(anna, circulated, "Gilt als beschlossen")
        await bodo.react(room.id, card["event_id"], "👍")
        name = card["content"]["body"].split()[1].strip("*")
        await room.says(carla, f'!einwand {name} "Die Druckkosten fehlen noch"', "Einwand gegen")
        await room.answer("1 Einwand")
        await room.says(anna, "!beschlüsse", "im Umlauf bis")
        await carla.say(room.id, "Ich frage bei der Druckerei nach.")

    async def plan_session(self) -> None:
        """Fix a meeting for the next quarter of an hour, and fill its agenda."""
        room, (anna, carla, dieter, emil) = self.rooms[ENERGY], self._named("Anna", "Carla", "Dieter", "Emil")
        await room.says(anna, "!sitzung quorum 50%", "Beschlussfähig")
        once = f'!treffen einmalig {_next_quarter():%d.%m.%Y %H:%M} "UAG-Treffen Energie"'
        await room.says(anna, once, "UAG-Treffen Energie")
        await room.marks(anna, await anna.say(room.id, '!top immer "Aktuelles aus den Kommunen" 10min'))
        await room.marks(emil, await emil.say(room.id, '!top "Förderantrag 2027" 20min'))
        await room.marks(dieter, await dieter.say(room.id, "!top Bürgerdialog zum Windpark 15 min"))
        await self.rooms[APPS].says(anna, '!an UAG3 "Welche Kommunen testen die App?"', "Die Antwort kommt hierher")
        await room.answer("Frage von UAG1")
        await room.says(carla, "!tagesordnung", "Förderantrag")
        await dieter.say(room.id, "Passt, bis gleich.")

    async def hold_session(self) -> None:
        """Start the session, walk through its agenda and tag what belongs into the minutes."""
        room, (anna, carla, dieter, emil) = self.rooms[ENERGY], self._named("Anna", "Carla", "Dieter", "Emil")
        begun = await room.says(anna, "!sitzung start", "beginnt")
        for one in (dieter, emil):
            await one.react(room.id, begun["event_id"], "👋")
        await room.marks(dieter, await dieter.say(room.id, '!da Gast "Frau Meier (Ministerium)"'))
        await room.says(anna, "!schriftführung @Carla", "Schriftführung", {"Carla": carla.user_id})
        await room.says(anna, "!thema weiter", "TOP 1")
        said = await dieter.say(room.id, "In Wernigerode liefert das Rathausdach seit Montag Strom.")
        await room.marks(carla, said, "📌")
        await room.marks(emil, await emil.say(room.id, "!idee Ein gemeinsamer Energiebericht"))
        await room.says(carla, "!thema weiter", "TOP 2")
        await emil.say(room.id, "Merseburg wäre dabei, wenn Wernigerode den Antrag schreibt.")
        await room.marks(anna, await anna.say(room.id, '!beschlossen "Wir beantragen die Förderung 2027 gemeinsam"'))
        task = "!aufgabe @Emil Verbrauchszahlen sammeln bis Freitag"
        await room.marks(carla, await carla.say(room.id, task, mentions={"Emil": emil.user_id}))
        await room.says(carla, "!anwesend", "Kommunen vertreten")

    async def end_session(self) -> None:
        """End the session, and look at the draft of the minutes."""
        room, (anna, carla) = self.rooms[ENERGY], self._named("Anna", "Carla")
        await room.marks(carla, await carla.say(room.id, "!link https://foerderung.example.org/2027 Förderaufruf"))
        draft = await room.says(anna, "!sitzung ende", "Protokollentwurf")
        await room.answer("Markdown", after=draft["event_id"])
        await carla.say(room.id, "Danke, ich lese noch einmal darüber.")

    async def approve(self) -> str:
        """Approve the minutes, and return the path of their page in the web."""
        room, (anna,) = self.rooms[ENERGY], self._named("Anna")
        await room.says(anna, "!protokoll genehmigen", "veröffentlicht im Hauptraum")
        named = await room.answer("Genehmigt")
        told = await room.says(anna, "!protokolle link", "/archive/")
        path = re.search(r"/archive/[^/\s]+/", told["content"]["body"])
        name = re.search(r"UAG3-[\d-]+", named["content"]["body"])
        if path is None or name is None:
            raise LookupError(told["content"]["body"])
        return path[0] + name[0]

    def _named(self, *names: str) -> list[Member]:
        return [self.people[name] for name in names]


def _next_quarter() -> datetime:
    """Return the next quarter of an hour in Germany."""
    soon = Clock()().astimezone(ZoneInfo("Europe/Berlin")) + timedelta(minutes=15)
    return soon.replace(minute=soon.minute - soon.minute % 15)
