"""Digests: what happened in the groups in a week, and what comes next."""

from commands.digests import alerting, handlers, highlights, holding, previewing, subscribing
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.show_digest,
        handlers.keep_inside,
        handlers.send_digest,
        previewing.show_preview,
        previewing.preview,
        holding.hold,
        holding.release,
        holding.hold_by_reaction,
        holding.release_by_reaction,
        highlights.highlight,
        highlights.list_highlights,
        subscribing.subscribe,
        subscribing.unsubscribe,
        subscribing.show_personal,
        alerting.show_alerts,
    ),
    upkeep=handlers.plan_missing,
)
