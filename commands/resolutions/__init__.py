"""Resolutions: what groups decide, in meetings, by polls and by circulation, and the register of it."""

from commands.kit.triggers import Capability
from commands.resolutions import chains, circulating, deciding, entering, lists, tags, voices, voting

CAPABILITY = Capability(
    __name__,
    (
        chains.show,
        entering.enter_from_poll,
        entering.enter,
        entering.reject,
        entering.postpone,
        entering.undo,
        tags.adopt_by_reaction,
        tags.make_of_message,
        tags.made_of,
        voting.put_to_the_vote,
        lists.list_resolutions,
        circulating.circulate,
        circulating.extend,
        circulating.cancel,
        voices.agree,
        voices.agree_by_reaction,
        voices.object_to,
        voices.withdraw_objection,
        circulating.show_again,
        deciding.close,
        deciding.conclude,
        deciding.review,
    ),
)
