"""What members and coordinators do between meetings in the pictures: action items, results, digests and the report."""

from dataclasses import dataclass

from talks import APPS, MAIN, Initiative, Room

from bot.demo.speaker import Event

COORDINATORS, CHAT = "Koordination", "Chat mit uagbot"
GUIDE = "https://www.example.org/leitfaden"
FILE = "m.file"


@dataclass(frozen=True)
class Work:
    """The initiative with the rooms that only this needs: the coordinators', and Carla's direct chat with the bot."""

    initiative: Initiative
    coordinators: Room
    chat: Room

    @classmethod
    async def begin(cls, initiative: Initiative) -> "Work":
        """Open both rooms."""
        anna, carla = initiative.people["Anna"], initiative.people["Carla"]
        bot = initiative.rooms[MAIN].bot
        office = Room(await anna.create_room(COORDINATORS, invite=[carla.user_id]), bot, anna)
        await carla.join(office.id)
        await office.invite_bot('KO "Koordination" art=koordination')
        chat = Room(await carla.create_room(CHAT, invite=[bot], direct=True), bot, carla)
        await chat.answer("hilfe")
        return cls(initiative, office, chat)

    async def call_for_help(self) -> None:
        """Look for somebody; Bodo takes the item by a reaction, and ticks it off by another."""
        room, bodo, carla = self.initiative.rooms[APPS], self.initiative.people["Bodo"], self.initiative.people["Carla"]
        anna = self.initiative.people["Anna"]
        card = await room.says(
            anna, '!gesucht "Anleitung ins Englische übersetzen" bis Freitag #pilot', "Wer übernimmt"
        )
        await bodo.react(room.id, card["event_id"], "🙋")
        await room.answer("Bodo übernimmt")
        await bodo.say(room.id, "Ist schon fertig, sie liegt im Projektordner.")
        await bodo.react(room.id, card["event_id"], "✅")
        await room.answer("Erledigt am")
        await carla.say(room.id, "Das ging schnell, danke.")

    async def give_and_list(self) -> None:
        """Give items to a municipality, to another group and to Carla again and again; look at the list."""
        room, people = self.initiative.rooms[APPS], self.initiative.people
        carla = people["Carla"]
        await room.says(people["Anna"], "!aufgabe @Stendal Vorlage des Landkreises prüfen bis Freitag", "Stendal")
        await room.says(people["Bodo"], "!aufgabe @UAG3 Stromverbrauch der Rathäuser melden bis in 2 Wochen", "UAG3")
        again = "!aufgabe @Carla Nutzerzahlen melden jeden Monat bis Monatsende #pilot"
        await room.says(people["Anna"], again, "jedes Monats", {"Carla": carla.user_id})
        await room.says(people["Anna"], "!gesucht Beamer für den Workshop besorgen bis in 3 Wochen", "Wer übernimmt")
        await room.says(carla, "!aufgaben", "Offene Aufgaben")
        await carla.say(room.id, "Die Vorlage nehme ich mir morgen vor.")

    async def look_at_mine(self) -> None:
        """Let Carla see what lies with her, and what waits for her."""
        carla = self.initiative.people["Carla"]
        await self.chat.says(carla, "meine", "Meine Aufgaben")
        await self.chat.says(carla, "wochenbericht persönlich", "Das wartet auf Sie")

    async def preview(self) -> None:
        """Show coordinators the coming digest; Carla puts something at its top, and Anna holds it."""
        room, anna, carla = self.coordinators, self.initiative.people["Anna"], self.initiative.people["Carla"]
        told = f'!ergebnis "Leitfaden für Bürger-Apps veröffentlicht" link={GUIDE}'
        await self.initiative.rooms[APPS].says(self.initiative.people["Bodo"], told, "Ergebnis E1")
        await room.says(carla, "!wochenbericht vorschau", "Vorschau, Stand jetzt")
        state = await room.answer("Anhalten: ⏸️")
        await room.says(carla, '!highlight "Das Land fördert ab Januar auch kleine Kommunen"', "am Anfang")
        await anna.react(room.id, state["event_id"], "⏸️")
        await room.answer("Angehalten von Anna")
        await anna.say(room.id, "Ich lese ihn heute Abend noch einmal und gebe ihn dann frei.")

    async def release(self) -> None:
        """Let the digest go when it is due."""
        await self.coordinators.says(self.initiative.people["Anna"], "!wochenbericht freigeben", "freigegeben")

    async def read_digest(self) -> None:
        """Wait until the digest is in the main room."""
        await self.initiative.rooms[MAIN].answer("Das Wichtigste")

    async def report(self) -> bytes:
        """Return the page of this month's report."""
        room, carla = self.coordinators, self.initiative.people["Carla"]
        asked = await room.says(carla, "!bericht dieser Monat", "Bericht")

        def is_page(event: Event) -> bool:
            content = event["content"]
            return content.get("msgtype") == FILE and str(content.get("filename")).endswith(".html")

        page = await room.ear.wait_for(room.id, is_page, after=asked["event_id"])
        return await room.ear.download(page["content"])
