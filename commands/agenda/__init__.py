"""The agenda: what a group will talk about, what fills it by itself, and what groups ask each other."""

from commands.agenda import answering, asking, changes, items, showing, standing
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        changes.move,
        changes.drop,
        changes.postpone,
        changes.give_time,
        items.add,
        items.take,
        items.of_message,
        standing.drop,
        standing.list_standing,
        standing.add,
        showing.fill_now,
        showing.show,
        showing.fill,
        asking.ask,
        asking.list_requests,
        answering.answer,
    ),
)
