"""The table of all commands for the README, generated from the same source as the help."""

from commands.help.index import entry
from commands.kit.vocabulary import Spoken, Vocabulary

PREFIX = "!"
HEADINGS = {
    "de": ("Deutsch", "Englisch", "So geht es", "Was es tut"),
    "en": ("German", "English", "Usage", "What it does"),
}


def command_table(vocabulary: Vocabulary, language: str) -> str:
    """Return a Markdown table of all commands by capability: words in both languages, usage and summary in one."""
    lines = [_row(HEADINGS[language]), _row(["---"] * 4)]
    package = ""
    for spoken in vocabulary.spoken:
        if spoken.package != package:
            package = spoken.package
            lines.append(_row([f"**{vocabulary.titles[language][package]}**", "", "", ""]))
        explained = entry(spoken, language, PREFIX)
        usage = " ".join(map(_code, [explained.usage, *explained.further]))
        lines.append(_row([_words(spoken, "de"), _words(spoken, "en"), usage, explained.summary]))
    return "\n".join(lines) + "\n"


def _words(spoken: Spoken, language: str) -> str:
    """MeetBot's words have a sign of their own, and are the same in all languages."""
    written = (words if words.startswith("#") else PREFIX + words for words in spoken.wordings[language].words)
    return ", ".join(map(_code, written))


def _code(text: str) -> str:
    return f"`{text}`"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
