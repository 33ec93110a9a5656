"""The triggers: a command, a job that falls due, a reaction, and the source of something that was no command."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.message import Look
from commands.kit.readers import BUILTIN, Choice, Reader, Rest, Text
from commands.kit.roles import Role
from commands.kit.say import Say
from commands.kit.setup import Setup

Answer = Say | Sequence[Say] | None
Handler = Callable[..., Awaitable[Answer]]
Finder = Callable[..., Awaitable[Sequence[int]]]
Looks = Callable[..., Awaitable[Sequence[Look]]]
Upkeep = Callable[[AsyncSession, Setup, datetime], Awaitable[datetime | None]]

VOTE = "vote"  # the key of a native vote, where a reaction has its emoji
MESSAGE = "message"  # the noun of what members say themselves, for reactions to it


class Where(Enum):
    """In which rooms a command works."""

    GROUP = "group"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a command: how it is read and whether it must be there."""

    name: str
    reader: Reader
    kind: Literal["one", "many", "option"]
    required: bool
    default: Any = None


class Trigger:
    """A handler, and what happens when the message that set it off is edited or redacted."""

    def __init__(self, name: str, handler: Callable[..., Awaitable[Any]]) -> None:
        self.name = name
        self.handler = handler
        self.on_edit: Handler | None = None
        self.on_redaction: Handler | None = None

    def edited(self, handler: Handler) -> Handler:
        """Register what an edit does: called with the subject's id and the new arguments."""
        self.on_edit = handler
        return handler

    def redacted(self, handler: Handler) -> Handler:
        """Register what a redaction does: called with the subject's id."""
        self.on_redaction = handler
        return handler


class Command(Trigger):
    """What members can say; the handler's signature is the grammar."""

    def __init__(self, name: str, handler: Handler, role: Role, where: Where) -> None:
        super().__init__(name, handler)
        self.role = role
        self.where = where
        self.parameters = _parameters(handler)


class Job(Trigger):
    """What happens at a deadline; called with the subject's id.

    `looks`, called likewise, says what is to be read from the server first; it only reads.
    """

    def __init__(self, name: str, handler: Handler, looks: Looks | None = None) -> None:
        super().__init__(name, handler)
        self.looks = looks


class Reaction(Trigger):
    """What a reaction with one of `keys` (or a native vote) to a message about `noun` does.

    Called with the subject's id; for `MESSAGE`, a message of a member that was no command, with its event id.
    """

    def __init__(self, noun: str, keys: frozenset[str], handler: Handler) -> None:
        super().__init__(f"{noun} {getattr(handler, '__name__', '')}", handler)
        self.noun = noun
        self.keys = keys


class Source(Trigger):
    """What an edit or a redaction of a message does of which something was made without its being a command.

    Called with the message's event id it returns the ids of what was made of it; an edit is then called with such an
    id and the new words, a redaction with the id alone, one after the other.
    """


@dataclass(frozen=True, slots=True)
class Capability:
    """One folder of `commands/`: its package (for the texts), its triggers, and what it plans without being asked.

    `upkeep` runs every minute: it plans what is missing, says when the earliest of that is due, and must be cheap.
    """

    package: str
    triggers: tuple[Trigger, ...]
    upkeep: Upkeep | None = None


def command(name: str, *, role: Role = Role.MEMBER, where: Where = Where.GROUP) -> Callable[[Handler], Command]:
    """Make a handler a command; raises TypeError if an argument has a type that nothing reads."""
    return lambda handler: Command(name, handler, role, where)


def job(name: str, *, looks: Looks | None = None) -> Callable[[Handler], Job]:
    """Make a handler what happens when a due row of this name falls due; `ctx.found` is what `looks` asked for."""
    return lambda handler: Job(name, handler, looks)


def reaction(noun: str, *keys: str) -> Callable[[Handler], Reaction]:
    """Make a handler what these reactions to a message about `noun` do; `VOTE` stands for a native vote."""
    return lambda handler: Reaction(noun, frozenset(bare_key(key) for key in keys), handler)


def source(name: str) -> Callable[[Finder], Source]:
    """Make a finder of what was made of a message the way in which its edits and redactions get there."""
    return lambda finder: Source(name, finder)


def bare_key(key: str) -> str:
    """Return a reaction's key without the variation selectors and skin tones that keyboards add."""
    return "".join(char for char in key if char not in "\ufe0e\ufe0f" and not "\U0001f3fb" <= char <= "\U0001f3ff")


def _parameters(handler: Handler) -> tuple[Parameter, ...]:
    hints = get_type_hints(handler, include_extras=True)
    found = list(inspect.signature(handler).parameters.values())[1:]
    positional = [one for one in found if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    return tuple(_parameter(one, hints[one.name], last=one in positional[-1:]) for one in found)


def _parameter(found: inspect.Parameter, hint: Any, *, last: bool) -> Parameter:
    reader = reader_of(hint)
    required = found.default is inspect.Parameter.empty
    default = None if required else found.default
    if found.kind is inspect.Parameter.VAR_POSITIONAL:
        return Parameter(found.name, reader, "many", required=False)
    if found.kind is inspect.Parameter.KEYWORD_ONLY:
        return Parameter(found.name, reader, "option", required, default)
    if last and isinstance(reader, Text):
        reader = Rest()
    return Parameter(found.name, reader, "one", required, default)


def reader_of(hint: Any) -> Reader:
    """Return what reads an annotation; raises TypeError where there is nothing."""
    if get_origin(hint) is Annotated:
        return next(extra for extra in get_args(hint)[1:] if isinstance(extra, Reader))
    if get_origin(hint) is Literal:
        return Choice(get_args(hint))
    options = [one for one in get_args(hint) if one is not type(None)]
    if type(None) in get_args(hint) and len(options) == 1:
        return reader_of(options[0])
    if hint in BUILTIN:
        return BUILTIN[hint]
    raise TypeError(f"nothing reads {hint!r}")
