"""Encrypted rooms, as far as people meet them: verifying the bot, and messages that it cannot read."""

from commands.encryption import handlers
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.decide,
        handlers.tell_of_unreadable,
    ),
    upkeep=handlers.drop_old,
)
