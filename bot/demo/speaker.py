"""What people say, whatever client they have: messages, replies, edits, reactions and votes as Element writes them."""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from bot.demo.synapse import Account

Event = dict[str, Any]
"""An event as the client-server API shows it."""


def mention(user_id: str, name: str) -> tuple[str, str]:
    """A pill as Element sends it: the display name in the body, a matrix.to link in the formatted body."""
    return name, f'<a href="https://matrix.to/#/{escape(user_id)}">{escape(name, quote=False)}</a>'


def room_request(name: str, invite: Iterable[str], *, direct: bool, encrypted: bool) -> dict[str, Any]:
    """Return what `POST /createRoom` takes for a private room."""
    request: dict[str, Any] = {
        "name": name,
        "preset": "trusted_private_chat" if direct else "private_chat",
        "is_direct": direct,
        "invite": list(invite),
    }
    if encrypted:
        content = {"algorithm": "m.megolm.v1.aes-sha2"}
        request["initial_state"] = [{"type": "m.room.encryption", "state_key": "", "content": content}]
    return request


class Speaker(ABC):
    """Somebody who talks in rooms. `timeline` holds the events of each room that this client has seen."""

    account: Account
    timeline: defaultdict[str, list[Event]]

    @abstractmethod
    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        """Send any event and return its id."""

    async def say(
        self,
        room_id: str,
        text: str,
        *,
        reply_to: str | None = None,
        html: str | None = None,
        msgtype: str = "m.text",
        mentions: Mapping[str, str] | None = None,
    ) -> str:
        """Post a message and return its event id.

        `mentions` maps names to user ids: the literal `@name` in the text becomes a pill. A reply carries no
        quoted fallback and mentions whom it answers, as Element does it.
        """
        content = _message(text, html, mentions, msgtype)
        if reply_to is not None:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
            answered = {event["sender"] for event in self._event(room_id, reply_to)} - {self.account.user_id}
            content["m.mentions"] = _mentioned(answered | _mentions_of(content))
        return await self.send(room_id, "m.room.message", content)

    async def edit(
        self, room_id: str, event_id: str, new_text: str, *, mentions: Mapping[str, str] | None = None
    ) -> str:
        """Replace the text of an own message; the edit mentions only whom the message did not."""
        new = _message(new_text, None, mentions, "m.text")
        before = {user for event in self._event(room_id, event_id) for user in _mentions_of(event["content"])}
        content = {
            **{key: f"* {value}" if key in ("body", "formatted_body") else value for key, value in new.items()},
            "m.mentions": _mentioned(_mentions_of(new) - before),
            "m.new_content": new,
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.send(room_id, "m.room.message", content)

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """React and return the reaction's id; the same reaction twice is M_DUPLICATE_ANNOTATION."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation})

    async def vote(self, room_id: str, poll_event_id: str, answers: list[str]) -> str:
        """Answer a native poll as Element does (MSC3381, unstable names) and return the response's id."""
        content = {
            "m.relates_to": {"rel_type": "m.reference", "event_id": poll_event_id},
            "org.matrix.msc3381.poll.response": {"answers": answers},
        }
        return await self.send(room_id, "org.matrix.msc3381.poll.response", content)

    def _event(self, room_id: str, event_id: str) -> list[Event]:
        return [event for event in self.timeline.get(room_id, []) if event["event_id"] == event_id]


def _message(text: str, html: str | None, mentions: Mapping[str, str] | None, msgtype: str) -> dict[str, Any]:
    pills = {name: mention(user_id, name) for name, user_id in (mentions or {}).items()}
    missing = [name for name in pills if f"@{name}" not in text]
    if missing:
        raise ValueError(f"nobody is mentioned as @{missing[0]} in the text")
    body = _replaced(text, {f"@{name}": plain for name, (plain, _) in pills.items()})
    content: dict[str, Any] = {"msgtype": msgtype, "body": body}
    if html is not None or pills:
        formatted = escape(text, quote=False).replace("\n", "<br>") if html is None else html
        links = {f"@{escape(name, quote=False)}": link for name, (_, link) in pills.items()}
        content |= {"format": "org.matrix.custom.html", "formatted_body": _replaced(formatted, links)}
    return content | {"m.mentions": _mentioned((mentions or {}).values())}


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    if not replacements:
        return text
    longest_first = sorted(replacements, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda hit: replacements[hit[0]], text)


def _mentioned(user_ids: Iterable[str]) -> dict[str, list[str]]:
    users = sorted(set(user_ids))
    return {"user_ids": users} if users else {}


def _mentions_of(content: Mapping[str, Any]) -> set[str]:
    return set(content.get("m.mentions", {}).get("user_ids", []))
