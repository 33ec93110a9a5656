"""The list of what the bot can do; one line per capability, in the order in which the help shows them."""

from commands import (
    actions,
    agenda,
    digests,
    encryption,
    groups,
    meetings,
    minutes,
    municipalities,
    polls,
    reports,
    resolutions,
    results,
)
from commands import help as helping
from commands.kit.triggers import Capability

CAPABILITIES: tuple[Capability, ...] = (
    groups.CAPABILITY,
    municipalities.CAPABILITY,
    polls.CAPABILITY,
    resolutions.CAPABILITY,
    meetings.CAPABILITY,
    agenda.CAPABILITY,
    minutes.CAPABILITY,
    actions.CAPABILITY,
    results.CAPABILITY,
    digests.CAPABILITY,
    reports.CAPABILITY,
    encryption.CAPABILITY,
    helping.CAPABILITY,
)  # fmt: skip
