"""From Matrix events to what commands understand, and to what rooms are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

from bot.clock import Clock
from commands.kit.message import Message
from storage.seen import Seen

VOTES = ("org.matrix.msc3381.poll.response", "m.poll.response")
MATRIX_TO = "https://matrix.to/#/"
LONGEST_ID = 255  # spec: "Event IDs"
Event = dict[str, Any]


def message_of(event: Event, room: str, bot: str, clock: Clock) -> Message | None:
    """Return what an event says, or None for what no command can mean: notices, state, our own, malformed events."""
    content, event_type = event.get("content"), event.get("type")
    sender, event_id = event.get("sender"), event.get("event_id")
    if not isinstance(content, dict) or not isinstance(sender, str) or not isinstance(event_id, str):
        return None
    if sender == bot or "state_key" in event:
        return None
    at = clock.server_time(_int(event.get("origin_server_ts")))
    common: dict[str, Any] = {"event_id": event_id, "room": room, "sender": sender, "at": at}
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, dict) else {}
    if event_type == "m.room.message":
        return _said(content, relation, bot, common)
    if event_type == "m.reaction":
        key, target = relation.get("key"), _id(relation.get("event_id"))
        return Message("reaction", text=key, relates_to=target, **common) if isinstance(key, str) and target else None
    if event_type in VOTES:
        return _vote(content, relation, common)
    if event_type == "m.room.redaction":
        target = redacted(event)
        return Message("redaction", relates_to=target, **common) if target else None
    return None


def redacted(event: Event) -> str | None:
    """Return the event that a redaction takes back; room version 11 moved it into the content."""
    content = event.get("content")
    return _id(event.get("redacts") or (content.get("redacts") if isinstance(content, dict) else None))


def _said(content: Event, relation: Event, bot: str, common: dict[str, Any]) -> Message | None:
    edited = _id(relation.get("event_id")) if relation.get("rel_type") == "m.replace" else None
    said = content.get("m.new_content") if edited else content
    if not isinstance(said, dict) or said.get("msgtype") not in ("m.text", "m.emote"):
        return None
    mentioned = said.get("m.mentions")
    users = mentioned.get("user_ids") if isinstance(mentioned, dict) else None
    text = words_of(said)
    common |= {"text": text, "mentions_bot": bot in (users if isinstance(users, list) else ()) or bot in text}
    if edited:
        return Message("edit", relates_to=edited, **common)
    reply = relation.get("m.in_reply_to")
    thread = _id(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else None
    if isinstance(reply, dict) and not (thread and relation.get("is_falling_back")):
        common["relates_to"] = _id(reply.get("event_id"))
    return Message("text", thread=thread, **common)


def _vote(content: Event, relation: Event, common: dict[str, Any]) -> Message | None:
    """Read a poll response in its unstable and its stable form (MSC3381)."""
    unstable = content.get(VOTES[0])
    answers = unstable.get("answers") if isinstance(unstable, dict) else content.get("m.selections")
    target = _id(relation.get("event_id"))
    if target is None:
        return None
    chosen = tuple(str(answer) for answer in answers) if isinstance(answers, list) else ()
    return Message("vote", answers=chosen, relates_to=target, **common)


def words_of(content: Event) -> str:
    """Return the words of a message, with mentions as full user ids and without the quote of a reply."""
    html = content.get("formatted_body")
    body = str(content.get("body", ""))
    if isinstance(html, str) and (MATRIX_TO in html or "<mx-reply>" in html):
        reader = _Words()
        reader.feed(html)
        reader.close()
        body = "".join(reader.parts)
    return body.replace("\x00", "").strip()


class _Words(HTMLParser):
    """Reads the formatted body: user pills become ids, list items lines with a dash."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0
        self.pill = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mx-reply":
            self.hidden += 1
        elif tag == "br" and not self.hidden:
            self.parts.append("\n")
        elif tag in ("li", "p", "div", "blockquote") and not self.hidden:
            self.parts.append("\n- " if tag == "li" else "\n")
        elif tag == "a" and not self.hidden:
            target = unquote(dict(attrs).get("href") or "")
            if target.startswith(f"{MATRIX_TO}@"):
                self.pill = True
                self.parts.append(target.removeprefix(MATRIX_TO).partition("?")[0])

    def handle_endtag(self, tag: str) -> None:
        if tag == "mx-reply":
            self.hidden = max(0, self.hidden - 1)
        elif tag == "a":
            self.pill = False

    def handle_data(self, data: str) -> None:
        if not self.hidden and not self.pill:
            self.parts.append(data)


def seen_in(room: str, events: Iterable[Event], bot: str) -> Seen:
    """Return what state events say of a room: people, powers, what replaced it, whether it is a direct chat."""
    reading = _State(Seen(room), bot)
    for event in events:
        content = event.get("content")
        if isinstance(content, dict) and "state_key" in event:
            reading.take(event, content)
    return reading.seen


@dataclass
class _State:
    seen: Seen
    bot: str
    known: dict[str, Any] = field(default_factory=dict)

    def take(self, event: Event, content: Event) -> None:
        event_type, key = event.get("type"), str(event["state_key"])
        if event_type == "m.room.member":
            self._member(event, content, key)
        elif event_type == "m.room.power_levels":
            users = content.get("users")
            self.seen.powers["users"] = {
                str(user): _int(level) for user, level in (users if isinstance(users, dict) else {}).items()
            }
            self.seen.powers["users_default"] = _int(content.get("users_default"))
        elif event_type == "m.room.create":
            self.seen.powers["creators"] = _creators(event, content)
        elif event_type == "m.room.tombstone" and isinstance(content.get("replacement_room"), str):
            self.seen.successor = content["replacement_room"] or None
            self.seen.successor_via = str(event.get("sender")).partition(":")[2]

    def _member(self, event: Event, content: Event, user: str) -> None:
        name = str(content.get("displayname") or "").replace("\x00", "") or user
        self.seen.people[user] = (name[:255], str(content.get("membership")))
        if user == self.bot:
            unsigned = event.get("unsigned")
            before = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
            self.seen.direct |= bool(content.get("is_direct") or (isinstance(before, dict) and before.get("is_direct")))


def _creators(event: Event, content: Event) -> list[str]:
    """Return who stands above all power levels: nobody before version 12 (MSC4289)."""
    try:
        version = int(str(content.get("room_version", "1")))
    except ValueError:
        return []
    if version < 12:  # noqa: PLR2004 - the room version that introduced it
        return []
    more = content.get("additional_creators")
    return [str(event.get("sender")), *(str(user) for user in (more if isinstance(more, list) else ()))]


def own_join(event: Event, bot: str) -> bool:
    """Whether this is the moment at which the bot came into the room (not a change of its name)."""
    if event.get("type") != "m.room.member" or event.get("state_key") != bot:
        return False
    unsigned, content = event.get("unsigned"), event.get("content")
    before = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
    joined = isinstance(content, dict) and content.get("membership") == "join"
    return joined and not (isinstance(before, dict) and before.get("membership") == "join")


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _id(value: Any) -> str | None:
    """Return an event id that somebody wrote into an event; None for what cannot be one."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_ID and "\x00" not in value else None
