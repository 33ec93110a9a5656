"""What commands about meetings read: which date is meant, links, places and lengths of time."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Annotated, Any

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.dates import When, to_instant
from commands.kit.links import is_link
from commands.kit.readers import Dated, Found, Reader
from commands.kit.say import Refusal
from commands.kit.words import Word
from commands.meetings import schedule
from storage import meetings
from storage.meetings import Meeting

NAME = re.compile(r"\S+-[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,3})?")
NONE = ("-", "–", "—")
LONGEST_LINK = 500
LONGEST_PHRASE = 150
A_DAY = timedelta(days=1)


class MeetingReader(Dated):
    """A date of this room: its name (`UAG2-2026-12-08`) or its day; a reply to the bot's message may leave it out."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names and days on which this room has no meeting, or more than one."""
        words = list(takewhile(lambda word: not word.quoted, words))
        written = words[0].text.rstrip(",:;") if words else ""
        if NAME.fullmatch(written):
            found = await meetings.find(ctx.tx, written)
            if found is None or found.room_id != ctx.room.id:
                raise Refusal("meeting-unknown", written=written)
            return found, 1
        if ctx.replied and ctx.replied[0] == Meeting.noun and not written[:1].isdecimal():
            replied = await meetings.by_id(ctx.tx, ctx.replied[1])
            if replied is None or replied.room_id != ctx.room.id:
                raise Refusal("meeting-gone")
            return replied, 0
        dated = await super().read(words, ctx) if written else None
        return (await _on_day(dated[0].day, ctx), dated[1]) if dated else None

    def value(self, when: When, ctx: Context) -> Any:  # noqa: ARG002
        """Return the day as it was understood."""
        return when


async def _on_day(day: date, ctx: Context) -> Meeting:
    """The meeting of this room that is on that day, or was before it was moved."""
    begins, ends = (to_instant(datetime.combine(one, time.min), ctx.zone) for one in (day, day + A_DAY))
    found = await meetings.in_room_between(ctx.tx, ctx.room.id, begins, ends)
    found = [one for one in found if one.is_planned] or found
    if len(found) > 1:
        raise Refusal("meeting-ambiguous", day=day, found=found)
    meeting = found[0] if found else await meetings.find(ctx.tx, meeting_names.stem(ctx.room.key, day))
    if meeting is None or meeting.room_id != ctx.room.id:
        raise Refusal("meeting-not-then", day=day)
    return meeting


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


class LinkReader(Reader):
    """An address that clients open; a dash alone means none."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses everything but http and https: other schemes run programs or scripts."""
        if not words:
            return None
        link = words[0].text
        if link in NONE:
            return "", 1
        if not is_link(link):
            raise Refusal("link-unusable", written=link[:LONGEST_PHRASE])
        return checked(link, LONGEST_LINK), 1


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
Link = Annotated[str, LinkReader()]
Duration = Annotated[timedelta, LengthReader(minutes=True, longest=A_DAY)]
Lead = Annotated[timedelta, LengthReader(minutes=False, longest=60 * A_DAY)]
