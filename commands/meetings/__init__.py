"""Meetings: a group's series and single dates, told in the room and announced in time."""

from commands.kit.triggers import Capability
from commands.meetings import announcements, calendar, changes, handlers, lists, pinning, private, rsvps, settling

CAPABILITY = Capability(
    __name__,
    (
        handlers.open_once,
        handlers.open_series,
        settling.settle,
        changes.move,
        changes.cancel,
        changes.change,
        changes.end_series,
        lists.list_all,
        lists.list_own,
        calendar.show,
        calendar.renew,
        calendar.hand_out,
        pinning.pin_list,
        pinning.unpin_list,
        pinning.show_list,
        rsvps.accept,
        rsvps.decline,
        rsvps.tentative,
        rsvps.list_answers,
        rsvps.answer_by_reaction,
        rsvps.show_answers,
        private.remind_me,
        private.remind_me_no_more,
        private.remind_privately,
        announcements.no_reminders,
        announcements.set_reminders,
        announcements.remind,
        announcements.announce,
        announcements.top_up,
    ),
)
