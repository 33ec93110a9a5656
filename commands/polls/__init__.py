"""Polls: a question to a room, voted on in the client, by reaction or by command."""

from commands.kit.triggers import Capability
from commands.polls import handlers

CAPABILITY = Capability(
    __name__,
    (
        handlers.close_poll,
        handlers.extend_poll,
        handlers.cancel_poll,
        handlers.poll_status,
        handlers.list_polls,
        handlers.open_poll,
        handlers.vote,
        handlers.vote_by_reaction,
        handlers.vote_natively,
        handlers.close_due,
    ),
)
