"""Action items: who does what until when, how far it is, and reminders."""

from commands.actions import handlers, lists, progress, reminding, tags
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        handlers.show,
        handlers.change,
        handlers.create,
        handlers.undo,
        tags.take_up_by_reaction,
        tags.make_of_message,
        tags.made_of,
        progress.complete,
        progress.reopen,
        progress.block,
        progress.drop,
        progress.annotate,
        progress.complete_by_reaction,
        lists.list_actions,
        lists.list_mine,
        reminding.snooze,
        reminding.quiet,
        reminding.quiet_off,
        reminding.switch,
        reminding.snooze_by_reaction,
        reminding.remind,
    ),
)
