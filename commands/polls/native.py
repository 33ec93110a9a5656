"""The events of native polls (MSC3381, unstable prefix: what Element, FluffyChat and others show)."""

from collections.abc import Sequence
from typing import Any

from commands.kit.say import Form, Rendered
from storage.polls import PollKind

START = "org.matrix.msc3381.poll.start"
END = "org.matrix.msc3381.poll.end"
TEXT = "org.matrix.msc1767.text"
FAITHFUL = (PollKind.SINGLE, PollKind.PULSE)
"""The kinds that every client with polls shows as they are: one choice (decision 13)."""


def start(question: str, options: Sequence[str], *, hidden: bool) -> Form:
    """Make the form of a poll start; answer ids are the option numbers. Of a hidden poll clients show no results."""
    kind = "undisclosed" if hidden else "disclosed"

    def form(rendered: Rendered) -> tuple[str, dict[str, Any]]:
        return START, {
            START: {
                "kind": f"org.matrix.msc3381.poll.{kind}",
                "max_selections": 1,
                "question": {TEXT: question, "body": question, "msgtype": "m.text"},
                "answers": [{"id": str(number), TEXT: text} for number, text in enumerate(options, start=1)],
            },
            TEXT: rendered.plain,
        }

    return form


def end(rendered: Rendered) -> tuple[str, dict[str, Any]]:
    """Make the form of a poll end, with the result as its text; the sender adds which poll it ends."""
    return END, {END: {}, TEXT: rendered.plain, "body": rendered.plain}


def choice(answers: Sequence[str], options: int) -> int | None:
    """Return the option number that a native response chose; None if it is none of ours (MSC3381: spoiled)."""
    known = {str(number): number for number in range(1, options + 1)}
    return known.get(answers[0]) if answers else None
