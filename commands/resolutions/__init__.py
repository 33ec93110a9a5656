"""Resolutions: what groups decide, in meetings, by polls and by circulation, and the register of it."""

from commands.kit.triggers import Capability
from commands.resolutions import chains, circulating, deciding, entering, lists, voices

CAPABILITY = Capability(
    __name__,
    (
        chains.show,
        entering.enter_from_poll,
        entering.enter,
        entering.reject,
        entering.postpone,
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
