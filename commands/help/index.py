"""Finds and orders what the help explains, from the same source as the commands themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from commands.kit.vocabulary import Spoken, Vocabulary
from commands.kit.words import normalise

WORDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One command in one language; `further` are the options that its usage line leaves out."""

    usage: str
    summary: str
    example: str
    further: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One capability in one language; `words` are its most useful command words, `more` if there are others."""

    title: str
    entries: Sequence[Entry]
    words: Sequence[str]
    more: bool


def chapters(vocabulary: Vocabulary, language: str, prefix: str) -> list[Chapter]:
    """Return all commands by capability, in the order of the texts; a word that two of them share stands once."""
    found = []
    named: set[str] = set()
    for package, group in groupby(vocabulary.spoken, key=lambda one: one.package):
        spoken = list(group)
        first = (prefix + one.wordings[language].words[0].split()[0] for one in spoken)
        words = [word for word in dict.fromkeys(first) if word not in named]
        named.update(words)
        entries = [entry(one, language, prefix) for one in spoken]
        title = vocabulary.titles[language][package]
        found.append(Chapter(title, entries, words[:WORDS_SHOWN], len(words) > WORDS_SHOWN))
    return found


def about(vocabulary: Vocabulary, topic: str, language: str, prefix: str) -> list[Entry]:
    """Return the commands of a capability with this title, else those whose words begin so, in any language."""
    wanted = " ".join(normalise(topic.removeprefix(prefix)).split())
    if not wanted:
        return []
    titled = [one for one in vocabulary.spoken if wanted in _titles(vocabulary, one)]
    found = titled or [one for one in vocabulary.spoken if any(words.startswith(wanted) for words in _words(one))]
    return [entry(one, language, prefix) for one in found]


def entry(spoken: Spoken, language: str, prefix: str) -> Entry:
    """Return how a command is explained."""
    wording = spoken.wordings[language]
    return Entry(spoken.usage(language, prefix), wording.summary, wording.example, spoken.further(language))


def _titles(vocabulary: Vocabulary, spoken: Spoken) -> list[str]:
    return [normalise(titles[spoken.package]) for titles in vocabulary.titles.values()]


def _words(spoken: Spoken) -> list[str]:
    return [normalise(words) for wording in spoken.wordings.values() for words in wording.words]
