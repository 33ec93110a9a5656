"""Digests: what happened in the groups in a week, and what comes next."""

from commands.digests import alerting, handlers
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.show_digest,
        handlers.keep_inside,
        handlers.send_digest,
        alerting.show_alerts,
    ),
    upkeep=handlers.plan_missing,
)
