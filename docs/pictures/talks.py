"""What members and the bot say to each other in the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        await room.says(anna, series, "Die nächsten Termine")
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
        await room.says(anna, '!termin fest U3 3 ort="Rathaus Wernigerode"', "Rathaus Wernigerode")
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

    def _named(self, *names: str) -> list[Member]:
        return [self.people[name] for name in names]
