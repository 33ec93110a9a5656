"""What commands about meetings read: which date is meant, links, places and lengths of time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import NONE, Found, Reader
from commands.kit.say import Refusal
from commands.kit.which_meeting import MeetingReader
from commands.kit.words import Word
from commands.meetings import schedule
from storage.meetings import Meeting

LONGEST_PHRASE = 150
A_DAY = timedelta(days=1)


class Phrase(Reader):
    """Words up to the next `name=value` or quoted phrase; a dash alone means none."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses what is longer than a line in a calendar should be."""
        if not words:
            return None
        taken = 1
        while not words[0].quoted and taken < len(words) and not words[taken].quoted and not words[taken].name:
            taken += 1
        text = " ".join(word.text for word in words[:taken])
        return checked("" if text in NONE else text, LONGEST_PHRASE), taken


class LengthReader(Reader):
    """A length of time: `90min`, `2 Stunden`, `7d`; `minutes`: a number alone counts minutes."""

    def __init__(self, *, minutes: bool, longest: timedelta) -> None:
        self.minutes = minutes
        self.longest = longest

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Up to the longest that makes sense."""
        texts = [word.text.rstrip(",;") for word in words[:2]]
        tries = [(" ".join(texts), 2)] if len(texts) > 1 else []
        tries += [(texts[0], 1), (f"{texts[0]} min" if self.minutes else "", 1)] if texts else []
        for text, taken in tries:
            try:
                length = schedule.read_length(text)
            except ValueError:
                continue
            return (length, taken) if length <= self.longest else None
        return None


def checked(text: str, limit: int) -> str:
    """Return the text; refuses one that is longer than the limit."""
    if len(text) > limit:
        raise Refusal("text-too-long", length=len(text), limit=limit)
    return text


WhichMeeting = Annotated[Meeting, MeetingReader()]
Words = Annotated[str, Phrase()]
Duration = Annotated[timedelta, LengthReader(minutes=True, longest=A_DAY)]
Lead = Annotated[timedelta, LengthReader(minutes=False, longest=60 * A_DAY)]
