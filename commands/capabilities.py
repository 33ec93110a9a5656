"""The list of what the bot can do; one line per capability, in the order in which the help shows them."""

from commands import polls
from commands.kit.triggers import Capability

CAPABILITIES: tuple[Capability, ...] = (
    polls.CAPABILITY,
)  # fmt: skip
