"""Whom the words of an action item name, as MeetBot finds it: by name, anywhere in the text."""

import re
from collections import Counter
from collections.abc import Iterable

from commands.kit.texts import Name
from storage.rooms import localpart


def named_in(text: str, people: Iterable[Name]) -> list[str]:
    """Return the user ids of those whose name (or local part of the user id) stands in the text as words of its own.

    A name that several of them have names nobody.
    """
    called = {one.user_id: {one.name.casefold(), localpart(one.user_id).casefold()} for one in people}
    often = Counter(name for names in called.values() for name in names)
    unique = {user: [name for name in names if often[name] == 1] for user, names in called.items()}
    return [user for user, names in unique.items() if any(_stands_in(name, text.casefold()) for name in names)]


def _stands_in(name: str, text: str) -> bool:
    """As in hcoop-meetbot (`writer.py`, `_AliasMatcher`), with the punctuation of sentences around it too."""
    return re.search(rf"(?:^|[\s(])@?{re.escape(name)}[:,;.!?)]*(?:\s|$)", text) is not None
