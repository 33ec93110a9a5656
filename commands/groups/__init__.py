"""Groups: which room is which working group, who leads it, its language and zone, and how the bot introduces itself."""

from commands.groups import handlers
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.set_up,
        handlers.show_group,
        handlers.list_groups,
        handlers.list_chairs,
        handlers.set_chairs,
        handlers.set_language,
        handlers.set_zone,
        handlers.introduce,
        handlers.tell_of_upgrade,
        handlers.tell_of_failed_upgrade,
    ),
)
