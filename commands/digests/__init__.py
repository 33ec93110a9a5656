"""Digests: what happened in the groups in a week, and what comes next."""

from commands.digests import handlers
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.show_digest,
        handlers.keep_inside,
        handlers.send_digest,
    ),
    upkeep=handlers.plan_missing,
)
