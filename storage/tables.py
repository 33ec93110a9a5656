"""All tables, so that migrations can compare them with the classes."""

from storage import account, actions, digests, due, inbox, meetings, outbox, people, polls, rooms

ALL = (account, actions, digests, due, inbox, meetings, outbox, people, polls, rooms)
