"""Minutes: what a meeting said and decided, as a draft, approved, published and in an archive."""

from commands.kit.triggers import Capability
from commands.minutes import addresses, approving, showing

CAPABILITY = Capability(
    __name__,
    (
        showing.show,
        showing.list_minutes,
        approving.announce_draft,
        approving.approve,
        approving.correct,
        addresses.give_link,
        addresses.renew_link,
        showing.missed,
    ),
)
