"""How members vote: by command, by reaction, in a native poll; one ballot per event, and the latest counts."""

from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import ShortId
from commands.kit.say import Refusal, Say
from commands.kit.triggers import VOTE, Answer, Where, bare_key, command, reaction
from commands.polls import deadlines, native
from commands.polls.access import in_time, my_rooms, reach_open, reachable
from commands.polls.words import UnreadableBallot, read_ballot
from commands.votes.ballots import YES
from commands.votes.counting import limit_of
from commands.votes.result import counts_municipalities
from storage import municipalities, polls, rooms
from storage.municipalities import Standing
from storage.polls import Ballot, Poll, PollKind
from storage.rooms import RoomKind

KEYCAPS = (*(f"{digit}\N{COMBINING ENCLOSING KEYCAP}" for digit in range(1, 10)), "\N{KEYCAP TEN}")
KEYS = {bare_key(key): number for number, key in enumerate(KEYCAPS, start=1)}
ADDING = (PollKind.MULTIPLE, PollKind.DATE, PollKind.RANKING)  # kinds of which a reaction is a part of the ballot

LetteredPollId = Annotated[int, ShortId("U", "poll", strict=True)]


@command("poll vote", where=Where.ANYWHERE)
async def vote(ctx: Context, poll: LetteredPollId | None = None, *words: str) -> Answer:
    """Vote by command: as a reply to the poll, or with its number; the options by number or by name."""
    found, said = await _meant(ctx, poll, words)
    if not in_time(found, ctx.event.at):
        raise Refusal("vote-too-early", poll=found, prefix=ctx.setup.prefix)
    if not said:
        raise Refusal("vote-how", poll=found, prefix=ctx.setup.prefix)
    try:
        choices = read_ballot(said, found.kind, found.options)
    except UnreadableBallot as error:
        key = "vote-how" if error.option is None else "option-missing"
        raise Refusal(key, poll=found, chosen=error.option, prefix=ctx.setup.prefix) from None
    if not limit_of(found).allows(choices):
        raise Refusal("vote-too-much", poll=found, prefix=ctx.setup.prefix)
    await _refuse_strangers(ctx, found)
    await _cast(ctx, found, choices)
    return ctx.react("✅")


@vote.redacted
async def withdraw_vote(ctx: Context, poll_id: int) -> Answer:
    """Let the ballot before it count again."""
    ballot = await polls.ballot_of_event(ctx.tx, ctx.event.relates_to or "")
    poll = await reachable(ctx, poll_id, lock=True)
    if ballot is None or poll is None or not poll.is_open:
        return None
    await ctx.tx.delete(ballot)
    await deadlines.show_soon(ctx, poll)
    return None


@reaction("poll", *KEYCAPS)
async def vote_by_reaction(ctx: Context, poll_id: int) -> Answer:
    """Vote by a keycap reaction on the poll or its status message; where several options may be chosen, add one."""
    return await _quietly(ctx, poll_id, KEYS[bare_key(ctx.event.text)])


vote_by_reaction.redacted(withdraw_vote)


@reaction("poll", VOTE)
async def vote_natively(ctx: Context, poll_id: int) -> Answer:
    """Vote in a client that shows native polls; an empty or foreign answer takes the vote back (MSC3381)."""
    poll = await reachable(ctx, poll_id)
    return await _quietly(ctx, poll_id, native.choice(ctx.event.answers, len(poll.options)) or 0 if poll else 0)


vote_natively.redacted(withdraw_vote)


def choices_of(poll: Poll, number: int) -> dict[int, int]:
    """Return what a reaction or a native vote for this option says; 0 says nothing."""
    if number == 0:
        return {}
    return {number: YES if poll.kind == PollKind.DATE else 1}


async def _quietly(ctx: Context, poll_id: int, number: int) -> Answer:
    """Count a vote that came without words; what does not count gets no words either.

    But who cannot know why a vote does not count is told so, once.
    """
    poll = await reachable(ctx, poll_id, lock=True)
    if poll is None or not poll.is_open or number > len(poll.options) or not in_time(poll, ctx.event.at):
        return None
    if not await polls.is_asked_in(ctx.tx, poll, ctx.room.id):
        return None
    unknown = counts_municipalities(poll) and await _stands_for_nothing(ctx)
    told = unknown and await polls.has_voted(ctx.tx, poll, ctx.sender)
    await _cast(ctx, poll, choices_of(poll, number), whole=poll.kind not in ADDING or number == 0)
    if not unknown or told:
        return None
    data = {"poll": poll, "people": await ctx.people([ctx.sender]), "prefix": ctx.setup.prefix}
    return Say(key="vote-no-town-yet", data=data, mention=(ctx.sender,))


async def _stands_for_nothing(ctx: Context) -> bool:
    """Whether the sender takes part as a member, but has not said for which municipality."""
    seat = await municipalities.seat(ctx.tx, ctx.sender)
    return seat is None or (seat.municipality_id is None and seat.standing == Standing.MEMBER)


async def _cast(ctx: Context, poll: Poll, choices: dict[int, int], *, whole: bool = True) -> None:
    ctx.about = poll
    ctx.tx.add(
        Ballot(
            poll_id=poll.id,
            room_id=ctx.room.id,
            user_id=ctx.sender,
            choices={str(number): points for number, points in choices.items()},
            whole=whole,
            cast_at=ctx.event.at,
            event_id=ctx.event.event_id,
        )
    )
    await deadlines.show_soon(ctx, poll)


async def _meant(ctx: Context, number: int | None, words: tuple[str, ...]) -> tuple[Poll, tuple[str, ...]]:
    """Return which poll is meant and the words of the ballot.

    `!stimme 7 2` is poll 7, unless the 7 may be an answer as well.
    """
    if number is not None:
        return await reach_open(ctx, number), words
    running = await polls.open_polls(ctx.tx, await my_rooms(ctx))
    only = running[0] if len(running) == 1 else None
    if len(words) > 1 and words[0].isdecimal() and (only is None or only.kind not in ADDING) and len(words[0]) < 10:  # noqa: PLR2004
        found = await reach_open(ctx, int(words[0]))
        if found.kind in ADDING:
            raise Refusal("vote-which", running=running)
        return found, words[1:]
    if only is None:
        raise Refusal("vote-which", running=running)
    return await reach_open(ctx, only.id), words


async def _refuse_strangers(ctx: Context, poll: Poll) -> None:
    """Refuse the vote of somebody who has none, and say why."""
    seat = await municipalities.seat(ctx.tx, ctx.sender)
    if seat is not None and seat.standing != Standing.MEMBER:
        raise Refusal("vote-no-voter", standing=seat.standing)
    if counts_municipalities(poll) and (seat is None or seat.municipality_id is None):
        raise Refusal("vote-no-town", poll=poll, prefix=ctx.setup.prefix)
    if ctx.room.kind == RoomKind.DIRECT or not await polls.is_asked_in(ctx.tx, poll, ctx.room.id):
        asked = (await polls.rooms_of(ctx.tx, [poll.id]))[poll.id]
        mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)}
        if not any(room.id in mine for room in asked):
            raise Refusal("vote-not-asked", poll=poll, asked=asked)
