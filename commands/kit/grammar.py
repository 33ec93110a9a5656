"""Reads a command's arguments from its words, as the handler's signature says."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from commands.kit.context import Context
from commands.kit.say import Refusal
from commands.kit.triggers import Parameter
from commands.kit.vocabulary import Spoken
from commands.kit.words import Word, normalise

Arguments = tuple[list[Any], dict[str, Any]]


class NotThisCommand(Exception):
    """The words do not fit the signature: the usage line is the answer."""


async def choose(candidates: Sequence[Spoken], words: Sequence[Word], ctx: Context) -> tuple[Spoken, Arguments]:
    """Return the first of the commands with the same words whose signature fits, with its arguments.

    Raises NotThisCommand of the last one where none fits, Refusal as `read_arguments`.
    """
    for spoken in candidates[:-1]:
        if not await _begins(spoken, words, ctx):
            continue
        try:
            return spoken, await read_arguments(spoken, words, ctx)
        except NotThisCommand:
            continue
    return candidates[-1], await read_arguments(candidates[-1], words, ctx)


async def _begins(spoken: Spoken, words: Sequence[Word], ctx: Context) -> bool:
    if not spoken.command.parameters:
        return not words
    first = spoken.command.parameters[0]
    return first.kind != "one" or not first.required or await first.reader.read(words, ctx) is not None


async def read_arguments(spoken: Spoken, words: Sequence[Word], ctx: Context) -> Arguments:
    """Return positional and keyword arguments for the handler.

    Raises NotThisCommand where words are missing or left over, Refusal where one cannot be what it stands for.
    """
    rest = list(words)
    options: dict[str, Any] = {}
    await _take_anywhere(spoken, rest, ctx, options)
    await _take_named(spoken, rest, ctx, options)
    await _take_bare(spoken, rest, ctx, options)
    if any(one.kind == "option" and one.required and one.name not in options for one in spoken.command.parameters):
        raise NotThisCommand
    return await _positional(spoken, rest, ctx), options


async def _take_anywhere(spoken: Spoken, rest: list[Word], ctx: Context, options: dict[str, Any]) -> None:
    for parameter in spoken.command.parameters:
        if parameter.kind != "option" or not parameter.reader.anywhere:
            continue
        found = [(word, await parameter.reader.read([word], ctx)) for word in rest]
        options[parameter.name] = [value[0] for _, value in found if value]
        rest[:] = [word for word, value in found if not value]


async def _take_named(spoken: Spoken, rest: list[Word], ctx: Context, options: dict[str, Any]) -> None:
    at = 0
    while at < len(rest):
        name = rest[at].name
        parameter = spoken.options.get(normalise(name)) if name else None
        if parameter is None:
            if name:
                _refuse_near_miss(spoken, name, ctx)
                rest[at] = replace(rest[at], text=rest[at].raw)  # no option of this command, so it means itself
            at += 1
            continue
        value = Word(rest[at].text, rest[at].text, quoted=rest[at].quoted)
        following = [] if value.quoted else takewhile(lambda word: not word.name, rest[at + 1 :])
        found = await parameter.reader.read([value, *following], ctx) if value.text else None
        if found is None:
            raise Refusal("option-unreadable", name=name, written=value.text, usage=_usage(spoken, parameter, ctx))
        options[parameter.name] = found[0]
        del rest[at : at + found[1]]


async def _take_bare(spoken: Spoken, rest: list[Word], ctx: Context, options: dict[str, Any]) -> None:
    for at in range(len(rest) - 2, -1, -1):
        word = rest[at]
        parameter = spoken.options.get(normalise(word.text)) if not word.quoted and not word.name else None
        if parameter is None or not parameter.reader.bare or parameter.name in options:
            continue
        found = await parameter.reader.read(rest[at + 1 :], ctx)
        if found is not None and at + 1 + found[1] == len(rest):
            options[parameter.name] = found[0]
            del rest[at:]
        elif any(one.kind == "many" for one in spoken.command.parameters):
            written = " ".join(one.raw for one in rest[at + 1 :])
            raise Refusal("option-unreadable", name=word.text, written=written, usage=_usage(spoken, parameter, ctx))


async def _positional(spoken: Spoken, rest: list[Word], ctx: Context) -> list[Any]:
    values: list[Any] = []
    for parameter in spoken.command.parameters:
        if parameter.kind == "option":
            continue
        if parameter.kind == "many":
            values += await _many(parameter, rest, ctx)
            continue
        found = await parameter.reader.read(rest, ctx)
        if found is None and parameter.required:
            raise NotThisCommand
        values.append(found[0] if found else parameter.default)
        del rest[: found[1] if found else 0]
    if rest:
        raise NotThisCommand
    return values


async def _many(parameter: Parameter, rest: list[Word], ctx: Context) -> list[Any]:
    values = []
    while rest:
        found = await parameter.reader.read(rest, ctx)
        if found is None:
            raise NotThisCommand
        values.append(found[0])
        del rest[: found[1]]
    return values


def _refuse_near_miss(spoken: Spoken, name: str, ctx: Context) -> None:
    close = get_close_matches(normalise(name), spoken.options, n=1, cutoff=0.6)
    if close:
        usage = _usage(spoken, spoken.options[close[0]], ctx)
        raise Refusal("option-unknown", name=name, meant=close[0], usage=usage)


def _usage(spoken: Spoken, about: Parameter, ctx: Context) -> str:
    return spoken.usage(ctx.room.language, ctx.setup.prefix, about)
