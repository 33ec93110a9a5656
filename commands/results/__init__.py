"""Results: what groups have achieved, told once and visible to the whole initiative."""

from commands.kit.triggers import Capability
from commands.results import handlers, lists, tags

CAPABILITY = Capability(
    __name__,
    (
        handlers.show,
        handlers.change,
        handlers.tell,
        handlers.withdraw,
        lists.list_results,
        tags.tell_by_reaction,
        tags.make_of_message,
        tags.made_of,
    ),
)
