"""Which words mean which command, in all languages at once, and how a command is explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from commands.kit.readers import Choice
from commands.kit.texts import Catalogue, Wording
from commands.kit.triggers import Capability, Command, Parameter
from commands.kit.words import COMMAND_WORDS, Word, normalise

OPTIONS_IN_USAGE = 5  # a usage line with more than these is no line on a phone


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command of a capability (`package`) with its wording per language.

    `options` maps option words of any language to parameters.
    """

    command: Command
    package: str
    wordings: Mapping[str, Wording]
    options: Mapping[str, Parameter]

    def usage(self, language: str, prefix: str, about: Parameter | None = None) -> str:
        """Return the command's usage line, made from its signature; of many options the first, and `about`."""
        wording = self.wordings[language]
        left_out = [one for one in self._further if one is not about]
        parts = [_usage_part(one, wording) for one in self.command.parameters if one not in left_out]
        return " ".join([prefix + wording.words[0], *parts, *(["…"] if left_out else [])])

    def further(self, language: str) -> list[str]:
        """Return the options that the usage line leaves out, each as it is typed."""
        return [_typed(parameter, self.wordings[language]) for parameter in self._further]

    @property
    def _further(self) -> list[Parameter]:
        optional = [one for one in self.command.parameters if one.kind == "option" and not one.required]
        return optional[1:] if len(optional) > OPTIONS_IN_USAGE else []


class Vocabulary:
    """All commands by their words, in the order of the texts; `titles` names the capabilities per language."""

    def __init__(self, capabilities: Sequence[Capability], catalogues: Mapping[str, Catalogue]) -> None:
        self.titles = {language: one.titles for language, one in catalogues.items()}
        self.spoken: list[Spoken] = []
        self._by_words: dict[tuple[str, ...], list[Spoken]] = {}
        for capability in capabilities:
            for trigger in capability.triggers:
                if isinstance(trigger, Command):
                    wordings = {name: one.commands[trigger.name] for name, one in catalogues.items()}
                    self._add(trigger, capability.package, wordings)
        order = list(next(iter(catalogues.values())).commands)
        self.spoken.sort(key=lambda one: order.index(one.command.name))

    def _add(self, command: Command, package: str, wordings: Mapping[str, Wording]) -> None:
        options: dict[str, Parameter] = {}
        for parameter in command.parameters:
            for wording in wordings.values():
                options |= {normalise(word): parameter for word in wording.options.get(parameter.name, ())}
            if isinstance(parameter.reader, Choice):
                parameter.reader.spoken = _choices(parameter, wordings)
        spoken = Spoken(command, package, wordings, options)
        self.spoken.append(spoken)
        for phrase in {phrase for wording in wordings.values() for phrase in wording.words}:
            self._by_words.setdefault(tuple(normalise(phrase).split()), []).append(spoken)

    def find(self, words: Sequence[Word]) -> tuple[list[Spoken], int]:
        """Return the commands that the first words name, the longest match first taken, and how many words that is."""
        plain = [normalise(word.raw) for word in words[:COMMAND_WORDS] if not word.quoted]
        for length in range(len(plain), 0, -1):
            found = self._by_words.get(tuple(plain[:length]))
            if found:
                return found, length
        return [], 0

    def near(self, words: Sequence[Word]) -> str | None:
        """Return the command word that the first words nearly spell."""
        plain = [normalise(word.raw) for word in words[:2] if not word.quoted]
        known = {" ".join(phrase): phrase for phrase in self._by_words if not phrase[0].startswith("#")}
        for length in range(len(plain), 0, -1):
            close = get_close_matches(" ".join(plain[:length]), known, n=1, cutoff=0.75)
            if close:
                return self.as_written(known[close[0]])
        return None

    def as_written(self, phrase: tuple[str, ...]) -> str:
        """Return the words as the texts write them, with umlauts."""
        for wording in self._by_words[phrase][0].wordings.values():
            for words in wording.words:
                if tuple(normalise(words).split()) == phrase:
                    return words
        return " ".join(phrase)


def _choices(parameter: Parameter, wordings: Mapping[str, Wording]) -> dict[str, str]:
    spoken = {}
    for wording in wordings.values():
        for value, word in wording.choices[parameter.name].items():
            spoken[normalise(word)] = value
    return spoken


def _usage_part(parameter: Parameter, wording: Wording) -> str:
    part = _typed(parameter, wording)
    return part if parameter.required else f"[{part}]"


def _typed(parameter: Parameter, wording: Wording) -> str:
    label = wording.arguments.get(parameter.name, parameter.name)
    if parameter.kind == "option" and parameter.reader.anywhere:
        return f"#{label}"
    if isinstance(parameter.reader, Choice):
        label = "|".join(wording.choices[parameter.name].values())
    if parameter.kind == "option":
        return f"{wording.options[parameter.name][0]}={label}"
    return f"{label} …" if parameter.kind == "many" else label
