"""Polls: a question to one room or several, voted on in the client, by reaction or by command."""

from commands.kit.triggers import Capability
from commands.polls import checking, deadlines, export, lists, opening, voting

CAPABILITY = Capability(
    __name__,
    (
        deadlines.close_poll,
        deadlines.extend_poll,
        deadlines.cancel_poll,
        checking.check_poll,
        export.export_poll,
        lists.poll_status,
        lists.list_polls,
        opening.open_poll,
        opening.open_dates,
        opening.open_ranking,
        opening.open_keys,
        opening.open_pulse,
        voting.vote,
        voting.vote_by_reaction,
        voting.vote_natively,
        checking.check,
        opening.announce,
        opening.ask_again,
        deadlines.show_status,
        deadlines.close_due,
        deadlines.remind,
    ),
    upkeep=deadlines.move_out,
)
