"""What uagbot promises about its help (R5) and its word on privacy."""

from dataclasses import replace

import pytest

from commands.capabilities import CAPABILITIES
from commands.help.table import command_table
from commands.kit.dispatch import Dispatcher
from storage.rooms import RoomKind
from tests.handlers import sample
from tests.handlers.house import House, TestRoom


@pytest.fixture
async def chat(house: House) -> TestRoom:
    """Give Anna's direct chat with the bot."""
    return await house.room(None, "Anna", kind=RoomKind.DIRECT)


async def test_help_in_a_room_is_one_line_per_capability(house: House, room: TestRoom) -> None:
    text = (await room.says("!hilfe")).message.text
    assert len(text.splitlines()) <= len(CAPABILITIES) + 5 <= 20  # with two empty ones: a phone screen
    assert "- Umfragen: `!umfrage` `!stimme` `!umfragen`" in text
    assert "`!hilfe umfrage`" in text
    assert "`hilfe` im direkten Chat mit uagbot" in text
    assert all(house.dispatcher.vocabulary.titles["de"][one.package] in text for one in CAPABILITIES)


async def test_help_in_a_plain_room_says_how_it_becomes_a_group(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert "`!gruppe einrichten UAG1" in (await plain.says("!hilfe")).message.text


@pytest.mark.parametrize(("language", "word"), [("de", "hilfe"), ("en", "help")])
async def test_help_in_a_direct_chat_is_whole(house: House, chat: TestRoom, language: str, word: str) -> None:
    await chat.says(f"sprache {language}")
    text = (await chat.says(word)).message.text
    vocabulary = house.dispatcher.vocabulary
    for spoken in vocabulary.spoken:
        assert f"`{spoken.usage(language, '!')}`\n{spoken.wordings[language].summary}" in text
    assert all(vocabulary.titles[language][one.package] in text for one in CAPABILITIES)
    assert len(text) < 16_000


@pytest.mark.parametrize(
    "text", ["!hilfe umfrage", "!hilfe !umfrage", "!hilfe Umfrage", "!help poll", "@uagbot hilfe umfrage"]
)
async def test_help_on_a_command_shows_usage_and_example(room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert '`!umfrage "Frage" [Antwort …] [bis=Frist] …`\nFragt diesen Raum' in answer.text
    assert 'Beispiel: `!umfrage "Wo tagen wir im März?" Halle Stendal Wernigerode bis=Freitag`' in answer.text
    for command in ("stand", "ende", "verlängern", "abbrechen"):
        assert f"`!umfrage {command} U7" in answer.text
    assert "`!stimme" not in answer.text.replace("mit !stimme", "")


async def test_many_options_stand_below_the_usage_line_and_those_that_went_wrong_in_it(room: TestRoom) -> None:
    text = (await room.says("!hilfe umfrage")).text
    assert "Dazu: `art=einfach|mehrfach` `max=3` `verdeckt=ja|nein`" in text
    assert "`räume=alle|UAG1,UAG3`\n" in text
    short = '`!umfrage "Frage" [Antwort …] [bis=Frist]'
    assert f"So geht es: {short} …`" in (await room.says("!umfrage")).text
    assert f"So geht es: {short} …`" in (await room.says("!umfrage Wo Halle Stendal bis=irgendwann")).text
    assert f"{short} [art=einfach|mehrfach] …`" in (await room.says("!umfrage Wo Halle Stendal art=bunt")).text
    assert f"{short} [schluss=frist|alle] …`" in (await room.says("!umfrage Wo Halle Stendal schlus=alle")).text
    assert "Dazu" not in (await room.says("!hilfe treffen einmalig")).text


async def test_long_help_goes_on_in_a_thread(room: TestRoom) -> None:
    first, second = (await room.says("!hilfe umfrage")).messages
    assert first.text.count("\n- `!") + 1 == 5
    assert "3 weitere im Thread" in first.text
    assert second.relation == "m.thread"
    assert "weitere" not in second.text


async def test_help_on_two_words_shows_one_command(room: TestRoom) -> None:
    text = (await room.says("!hilfe umfrage verlaengern")).message.text
    assert text.startswith("- `!umfrage verlängern U7 bis=Frist`")
    assert text.count("`!umfrage") == 2


@pytest.mark.parametrize("text", ["!hilfe Umfragen", "!hilfe polls"])
async def test_help_on_a_capability_shows_all_its_commands(room: TestRoom, text: str) -> None:
    answer = (await room.says(text)).text
    assert "`!stimme [U7] [Nummer …]`" in answer
    assert '`!umfrage "Frage"' in answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!hilfe umfrga", "Meinten Sie `!hilfe umfrage`?"),
        ("!hilfe gruppe einrichtn", "Meinten Sie `!hilfe gruppe einrichten`?"),
        ("!hilfe xyzzy", "Einen Befehl „xyzzy“ kenne ich nicht"),
        ("!hilfe <b>@room</b>", "„<b>@room</b>“"),
        ("!hilfe !", "Einen Befehl „!“ kenne ich nicht"),
        ("!hilfe " + "x" * 300, "kenne ich nicht"),
        ("!hilf", "Meinten Sie `!hilfe`?"),
    ],
)
async def test_an_unknown_topic_gets_the_nearest(room: TestRoom, text: str, said: str) -> None:
    answer = (await room.says(text)).message
    assert said in answer.text
    assert len(answer.text) < 150
    assert answer.mentions == []


async def test_help_never_changes_anything(house: House, room: TestRoom, chat: TestRoom) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    before = await house.dump()
    for where in (room, chat, plain):
        for text in (
            "!hilfe",
            "!help",
            "!hilfe umfrage",
            "!hilfe umfrage abbrechen U1",
            "!hilfe xyzzy",
            "!datenschutz",
        ):
            assert (await where.says(text, who="Anna")).sent != []
    assert await house.dump() == before


async def test_help_speaks_english(house: House) -> None:
    room = await house.room("UAG1", language="en")
    assert "- Polls: `!poll` `!vote` `!polls`" in (await room.says("!hilfe")).text
    assert 'Example: `!poll "Where do we meet' in (await room.says("!help umfrage")).text
    assert "Did you mean `!help poll`?" in (await room.says("!help poll1")).text


@pytest.mark.parametrize(
    ("language", "nobody", "somebody"),
    [("de", "Betrieb: nicht eingetragen", "Betrieb: "), ("en", "Operator: not named", "Operator: ")],
)
async def test_privacy_names_the_operator(
    house: House, chat: TestRoom, language: str, nobody: str, somebody: str
) -> None:
    await chat.says(f"sprache {language}")
    assert nobody in (await chat.says("privacy")).message.text
    operator = "Kommunales <IT>-Zentrum, datenschutz@example.org"
    house.dispatcher = Dispatcher(house.database, replace(house.setup, operator=operator), CAPABILITIES)
    assert somebody + operator in (await chat.says("datenschutz")).message.text


async def test_privacy_is_true_of_what_is_stored(house: House, room: TestRoom) -> None:
    said = await room.says("Das bleibt unter uns, ein Geheimnis")
    await room.says("!umfragen")
    assert said.sent == []
    assert "Gewöhnliche Gespräche speichere ich nicht" in (await room.says("!datenschutz")).text
    assert "Geheimnis" not in str(await house.dump())


# -- the table of the README


@pytest.mark.parametrize(("language", "heading"), [("de", "Was es tut"), ("en", "What it does")])
async def test_the_table_has_every_command_once(house: House, language: str, heading: str) -> None:
    vocabulary = house.dispatcher.vocabulary
    lines = command_table(vocabulary, language).splitlines()
    assert heading in lines[0]
    assert lines[1] == "| --- | --- | --- | --- |"
    assert len(lines) == 2 + len(CAPABILITIES) + len(vocabulary.spoken)
    assert all(line.replace("\\|", "").count("|") == 5 for line in lines)
    assert any(line.startswith("| `!umfrage` | `!poll` | `!") for line in lines)


async def test_the_table_can_hold_choices(house: House) -> None:
    dispatcher = Dispatcher(house.database, house.setup, (*CAPABILITIES, sample.capability([])))
    table = command_table(dispatcher.vocabulary, "de")
    assert "[art=gruppe\\|haupt\\|koordination]" in table
    assert "| **Proben** |  |  |  |\n| `!probe kaputt` | `!sample broken` | `!probe kaputt` | Probe |" in table
    assert table.endswith("|\n")
