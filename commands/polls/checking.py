"""The truth of a poll: its ballots held against what stands on the server, and brought back where they are missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.kit.context import Context
from commands.kit.message import Look, Message
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, Where, bare_key, command, job
from commands.kit.words import split_words
from commands.polls import cards, deadlines, native
from commands.polls.access import PollId, in_time, reach
from commands.polls.voting import ADDING, KEYS, choices_of, vote, vote_by_reaction, vote_natively
from commands.polls.words import UnreadableBallot, ballot_words, read_ballot
from commands.votes import electorate as electorates
from commands.votes.counting import cast_of, recount, tallied
from commands.votes.result import result_of
from storage import inbox, outbox, people, polls, rooms
from storage.polls import Ballot, Poll, PollState
from storage.rooms import Room

CHECK = "poll check"
TRIGGERS = {"text": vote.name, "reaction": vote_by_reaction.name, "vote": vote_natively.name}
"""What handles a ballot of each kind of message."""


@dataclass(frozen=True, slots=True)
class Found:
    """A ballot as it stands on the server."""

    user_id: str
    room: str
    choices: Mapping[int, int]
    whole: bool
    cast_at: datetime
    event_id: str
    kind: str


@command("poll check", where=Where.ANYWHERE)
async def check_poll(ctx: Context, poll: PollId) -> Answer:
    """Hold the ballots against the events on the server; the answer comes when these are read."""
    found = await reach(ctx, poll)
    if found.state == PollState.CANCELLED:
        raise Refusal("poll-is-cancelled", poll=found)
    await ctx.due(CHECK, found, at=ctx.now)
    return ctx.say("poll-checking", poll=found)


async def what_to_look_at(ctx: Context, poll_id: int) -> Sequence[Look]:
    """What relates to the messages about the poll, and each command that was a vote."""
    poll = await polls.find(ctx.tx, poll_id)
    if poll is None:
        return []
    said = await outbox.events_about(ctx.tx, Poll.noun, poll_id)
    looks = [Look(room, event, related=True) for room, event in said]
    voted = await inbox.events_about(ctx.tx, vote.name, Poll.noun, poll_id)
    places = await _places(ctx, poll, voted)
    return [*looks, *(Look(room, event, related=False) for event in voted for room in places[event])]


@job(CHECK, looks=what_to_look_at)
async def check(ctx: Context, poll_id: int) -> Answer:
    """Say whether ballots and events agree; ballots that are missing are brought back, none is taken away.

    A ballot whose event cannot be found or read stays: an unreadable event is no proof that somebody took it back.
    """
    poll = await polls.find(ctx.tx, poll_id, lock=True)
    if poll is None:
        return None
    asked = {room.matrix_id for room in await cards.asked_rooms(ctx, poll)}
    there = {one.event_id: one for one in read(ctx.found, poll, asked)}
    stored = {one.event_id: one for one in (await polls.ballots(ctx.tx, [poll.id]))[poll.id]}
    missing = [one for event, one in there.items() if event not in stored]
    unseen = [one for event, one in stored.items() if event not in there]
    await _bring_back(ctx, poll, missing)
    differs = (bool(missing) or not poll.is_open) and await _counted_differently(ctx, poll)
    return ctx.say(
        "poll-checked",
        poll=poll,
        about=poll,
        there=len(there),
        missing=len(missing),
        unseen=await ctx.people(sorted({one.user_id for one in unseen})),
        differs=differs,
    )


def read(messages: Iterable[Message], poll: Poll, asked: Collection[str]) -> list[Found]:
    """Return the ballots of a poll among these messages: in time, and for options that it has.

    Reactions and native votes count only in the rooms that are `asked` (their Matrix ids).
    """
    found = []
    for message in messages:
        choices = _choices(message, poll) if message.kind == "text" or message.room in asked else None
        if choices is not None and in_time(poll, message.at):
            whole = message.kind == "text" or poll.kind not in ADDING or not choices
            found.append(
                Found(message.sender, message.room, choices, whole, message.at, message.event_id, message.kind)
            )
    return found


def _choices(message: Message, poll: Poll) -> Mapping[int, int] | None:
    if message.kind == "vote":
        return choices_of(poll, native.choice(message.answers, len(poll.options)) or 0)
    if message.kind == "reaction":
        number = KEYS.get(bare_key(message.text), 0)
        return choices_of(poll, number) if 1 <= number <= len(poll.options) else None
    if message.kind != "text":
        return None
    try:
        said = [word.raw if word.name else word.text for word in split_words(message.text)]
        words = ballot_words(said, poll.id, several=poll.kind in ADDING)
        return read_ballot(words, poll.kind, poll.options)
    except (UnreadableBallot, Refusal):
        return None


async def _places(ctx: Context, poll: Poll, voted: Mapping[str, str]) -> dict[str, list[str]]:
    """Where each vote by command may stand: where its ballot says, else where it could be given."""
    known = await polls.cast_in(ctx.tx, poll)
    home = await ctx.tx.get_one(Room, poll.room_id)
    asked = [room.matrix_id for room in {home, *await cards.asked_rooms(ctx, poll)} if room.joined]
    chats = await people.direct_chats(ctx.tx, set(voted.values()))
    found = {}
    for event, sender in voted.items():
        chat = [chats[sender].matrix_id] if sender in chats else []
        found[event] = [known[event]] if event in known else [*asked, *chat]
    return found


async def _bring_back(ctx: Context, poll: Poll, missing: Sequence[Found]) -> None:
    places = await rooms.by_matrix_ids(ctx.tx, {one.room for one in missing})
    handled = await inbox.known(ctx.tx, [one.event_id for one in missing])
    for one in missing:
        if one.event_id not in handled:  # so that it can be taken back like any other
            await inbox.claim(ctx.tx, one.event_id, one.user_id, ctx.now)
            await inbox.note(ctx.tx, one.event_id, TRIGGERS[one.kind], poll)
        ctx.tx.add(
            Ballot(
                poll_id=poll.id,
                room_id=places[one.room].id if one.room in places else None,
                user_id=one.user_id,
                choices={str(number): points for number, points in one.choices.items()},
                whole=one.whole,
                cast_at=one.cast_at,
                event_id=one.event_id,
            )
        )
    if missing and poll.is_open:
        await deadlines.show_soon(ctx, poll)
    await ctx.tx.flush()


async def _counted_differently(ctx: Context, poll: Poll) -> bool:
    """Whether the count is another one than was shown; what was told of a closed poll stays as it was told."""
    if poll.is_open:
        shown = poll.outcome
        await recount(ctx.tx, poll, ctx.setup.nobody)
        now, poll.outcome = poll.outcome, shown  # what has changed since it was shown is told with the next status
        return now != shown
    whole = await polls.with_electorate(ctx.tx, poll.id)
    if whole.electorate is None:
        return False
    told = [one.room_id for one in result_of(poll).rooms]
    casts = [cast_of(row) for row in (await polls.ballots(ctx.tx, [poll.id]))[poll.id]]
    return tallied(poll, casts, electorates.thawed(whole.electorate), told) != poll.outcome
