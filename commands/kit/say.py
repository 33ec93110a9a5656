"""What to answer, not yet in any language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from storage.base import Subject
from storage.rooms import Room


class Rendered(NamedTuple):
    """A text in one language: HTML in Matrix's subset, and the plain text derived from it."""

    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class File:
    """A text that members download: what it is called, of which type (`text/calendar`), and what is in it."""

    name: str
    mimetype: str
    text: str


Form = Callable[[Rendered], tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A text key with data; without a key nothing but what `form` makes of it.

    about: what reactions, votes and replies to the message will mean. room: where, if not where the command came
    from. mention: the people who shall be notified. form: turns the text into another event than a message.
    in_place: edit the earlier message of the same key and subject, if there is one. refers_to: key of the earlier
    message of the same subject that the event references; with `pinning` (`pin`, `unpin`) that message is pinned in its
    room, or pinned no more, and nothing is sent. thread: what continues in a thread below. file: what the
    text is the caption of; neither with `form` nor `in_place`.
    """

    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    about: Subject | None = None
    room: Room | None = None
    mention: tuple[str, ...] = ()
    form: Form | None = None
    in_place: bool = False
    refers_to: str | None = None
    pinning: Literal["pin", "unpin"] | None = None
    thread: "Say | None" = None
    file: File | None = None

    def __post_init__(self) -> None:
        """Refuse what would be sent without its file (ValueError)."""
        if self.file is not None and (self.form is not None or self.in_place):
            raise ValueError("a file is a message of its own")


class Refusal(Exception):
    """An expected "no": a text key with data. The work is rolled back, the text is the answer."""

    def __init__(self, key: str, **data: Any) -> None:
        super().__init__(key)
        self.key = key
        self.data = data
