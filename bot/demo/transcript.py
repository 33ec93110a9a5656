"""The transcript: a room as people would read it, from the events that a client has."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from itertools import groupby
from typing import Any

from babel.dates import format_date
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

Event = dict[str, Any]

POLL_START, POLL_ANSWER, POLL_END = (f"org.matrix.msc3381.poll.{what}" for what in ("start", "response", "end"))
TEXT = "org.matrix.msc1767.text"
BALLOT = "🗳"
COLOURS = ("cyan", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta", "bright_yellow")
BOT_COLOUR = "bold green"
QUOTED = 60
CLOSE = 2  # lines from which an answer needs no quotation
PILL = re.compile(r'<a href="https://matrix\.to/#/@[^"]*">(.*?)</a>')
BULLET = re.compile(r"(?:│ )?\s*(?:- |○ |\d+\. )?")


@dataclass
class Line:
    """One message or poll in its newest state, or people coming in (without a `who`)."""

    at: datetime
    who: str
    body: str
    edits: int = 0
    deleted: bool = False
    quote: str = ""
    thread_of: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    chips: dict[str, list[str]] = field(default_factory=dict)
    """Reactions and votes with the names of those they are from."""


@dataclass
class Sheet:
    """A room as a client shows it: edits, votes, reactions and deletions stand where they belong.

    `names` maps user ids to names, `local_time` server time stamps to what clocks in the story showed.
    """

    names: Mapping[str, str]
    bot: str
    local_time: Callable[[int], datetime]
    _lines: dict[str, Line] = field(default_factory=dict)
    _reactions: dict[str, tuple[Line, str, str]] = field(default_factory=dict)

    def read(self, events: Iterable[Event]) -> list[Line]:
        """Return the lines in their order; threads stand below the message that they continue."""
        for event in events:
            self._take(event)
        found = []
        for event_id, line in self._lines.items():
            if line.thread_of is None:
                found += [line, *(one for one in self._lines.values() if one.thread_of == event_id)]
        return found

    def _take(self, event: Event) -> None:
        kind, content = event["type"], event["content"]
        relation = content.get("m.relates_to", {})
        target = self._lines.get(str(relation.get("event_id")))
        who = self.names.get(event["sender"], event["sender"])
        if kind == "m.room.encrypted":
            return
        if kind == "m.room.member" and content.get("membership") == "join":
            self._came(event)
        elif kind == "m.room.redaction":
            self._delete(str(event.get("redacts") or content.get("redacts")))
        elif kind == "m.reaction" and target is not None:
            self._chip(event, target, relation["key"], who)
        elif kind == POLL_ANSWER and target is not None:
            self._vote(event, target, who)
        elif relation.get("rel_type") == "m.replace" and target is not None:
            target.edits += 1
            target.body = self._body({**event, "content": content["m.new_content"]}) or target.body
        elif (body := self._body(event)) is not None:
            self._add(event, who, body)

    def _came(self, event: Event) -> None:
        """Those who came one after the other stand in one line."""
        name = event["content"].get("displayname") or event["state_key"]
        last = next(reversed(self._lines.values()), None)
        if last is not None and not last.who:
            last.body += f", {name}"
        else:
            self._lines[event["event_id"]] = Line(self._at(event), "", f"Im Raum: {name}")

    def _delete(self, event_id: str) -> None:
        if event_id in self._lines:
            self._lines[event_id].deleted = True
        if event_id in self._reactions:
            line, key, who = self._reactions.pop(event_id)
            line.chips[key].remove(who)

    def _vote(self, event: Event, poll: Line, who: str) -> None:
        """Show a person's newest native vote."""
        for key, names in poll.chips.items():
            if key.startswith(BALLOT) and who in names:
                names.remove(who)
        chosen = event["content"][POLL_ANSWER].get("answers", [])
        self._chip(event, poll, f"{BALLOT} {', '.join(poll.options.get(one, one) for one in chosen)}:", who)

    def _chip(self, event: Event, line: Line, key: str, who: str) -> None:
        line.chips.setdefault(key, []).append(who)
        self._reactions[event["event_id"]] = line, key, who

    def _add(self, event: Event, who: str, body: str) -> None:
        relation = event["content"].get("m.relates_to", {})
        line = Line(self._at(event), who, body)
        if relation.get("rel_type") == "m.thread":
            line.thread_of = relation["event_id"]
        answered = self._lines.get(relation.get("m.in_reply_to", {}).get("event_id", ""))
        if answered is not None and answered not in list(self._lines.values())[-CLOSE:] and not line.thread_of:
            line.quote = f"{answered.who}: {_shortened(answered.body)}"
        if event["type"] == POLL_START:
            line.options = {one["id"]: one[TEXT] for one in event["content"][POLL_START]["answers"]}
        self._lines[event["event_id"]] = line

    def _body(self, event: Event) -> str | None:
        """Return what people read of an event; None for what they do not see."""
        content = event["content"]
        if event["type"] == "m.room.message" and "body" in content:
            return str(content["body"]) if event["sender"] == self.bot else _with_at_signs(content)
        if event["type"] == POLL_START and POLL_START in content:
            poll = content[POLL_START]
            return "\n".join([f"📊 {poll['question'][TEXT]}", *(f"  ○ {answer[TEXT]}" for answer in poll["answers"])])
        if event["type"] == POLL_END:
            return f"📊 Umfrage beendet. {content.get(TEXT, '')}".strip()
        return None

    def _at(self, event: Event) -> datetime:
        return self.local_time(event["origin_server_ts"])


def show_room(
    console: Console, title: str, people: Sequence[str], lines: Iterable[Line], colours: Mapping[str, str]
) -> None:
    """Print a room under its heading, with one subheading per day."""
    console.print()
    console.print(Rule(Text(title, style="bold"), style="bold", align="left"))
    console.print(Text(", ".join(people), style="dim"))
    for day, its in groupby(lines, key=lambda line: line.at.date()):
        console.print()
        console.print(Text(format_date(day, "full", "de_DE"), style="bold underline"))
        for line in its:
            _print(console, line, colours)


def colours_of(people: Iterable[str], bot: str) -> dict[str, str]:
    """Give each person a colour, and the bot its own."""
    return {**{name: COLOURS[number % len(COLOURS)] for number, name in enumerate(people)}, bot: BOT_COLOUR}


def _print(console: Console, line: Line, colours: Mapping[str, str]) -> None:
    names = max(map(len, colours))
    head = Text.assemble((f"{line.at:%H:%M} ", "dim"), (f"{line.who:<{names}} ", colours.get(line.who, "")))
    for text in _texts(line):
        bullet = BULLET.match(text.plain)
        hanging = bullet.end() if bullet else 0
        rows = text.wrap(console, max(console.width - len(head), 20), no_wrap=False) or [Text("")]
        for number, row in enumerate(rows):
            shown = Text.assemble(head, " " * hanging if number else "", row)
            shown.rstrip()
            console.print(shown, soft_wrap=True)
            head = Text(" " * len(head))


def _texts(line: Line) -> list[Text]:
    """Return the lines to print; commands and words between backticks stand out."""
    if line.deleted:
        return [Text("(gelöscht)", style="dim italic")]
    if not line.who:
        return [Text(line.body, style="dim italic")]
    found = [Text(f"↳ {line.quote}", style="dim")] if line.quote else []
    for words in line.body.split("\n"):
        text = Text(f"│ {words}" if line.thread_of else words, style="bold" if words.startswith("!") else "")
        text.highlight_regex(r"`[^`]+`", "cyan")
        found.append(text)
    chips = [f"{key} {', '.join(names)}" for key, names in line.chips.items() if names]
    below = ["   ".join(chips)] if chips else []
    below += [f"(bearbeitet{f', {line.edits}-mal' if line.edits > 1 else ''})"] if line.edits else []
    return found + [Text(words, style="dim") for words in below]


def _with_at_signs(content: Event) -> str:
    """Return the plain body, in which mentions have the at sign with which they were typed."""
    body = str(content["body"])
    for name in PILL.findall(str(content.get("formatted_body", ""))):
        plain = unescape(name)
        body = re.sub(rf"(?<![@\w]){re.escape(plain)}(?!\w)", f"@{plain}", body, count=1)
    return body


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[:QUOTED]}…"
