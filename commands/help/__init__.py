"""Help: what the bot can do, in the room's own words, and what it stores."""

from commands.help import handlers
from commands.kit.triggers import Capability

CAPABILITY = Capability(__name__, (handlers.show_help, handlers.show_privacy))
