"""Action items: who does what until when, how far it is, and reminders."""

from commands.actions import calling, export, handlers, lists, progress, reminding, showing, snoozing, tags
from commands.kit.triggers import Capability

CAPABILITY = Capability(
    __name__,
    (
        showing.show,
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
        calling.call_out,
        calling.call,
        calling.take,
        calling.take_by_reaction,
        calling.return_taken,
        lists.list_actions,
        lists.list_mine,
        export.export_actions,
        snoozing.snooze,
        snoozing.quiet,
        snoozing.quiet_off,
        snoozing.switch,
        snoozing.snooze_by_reaction,
        reminding.remind,
        reminding.remind_again,
    ),
)
