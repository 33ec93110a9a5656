"""What members say to polls, and what happens at their deadline."""

from datetime import timedelta
from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import Deadline, ShortId
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import VOTE, Answer, bare_key, command, job, reaction
from commands.polls import native
from commands.polls.tally import Cast, Tally, tally
from storage import polls, rooms
from storage.polls import Ballot, Poll, PollState

A_WEEK = timedelta(days=7)
FEWEST, MOST = 2, 20
LONGEST_OPTION = 150
CLOSED_SHOWN = 5
KEYCAPS = (*(f"{digit}\N{COMBINING ENCLOSING KEYCAP}" for digit in range(1, 10)), "\N{KEYCAP TEN}")

PollId = Annotated[int, ShortId("U", "poll")]
LetteredPollId = Annotated[int, ShortId("U", "poll", strict=True)]


@command("poll open")
async def open_poll(ctx: Context, question: str, *options: str, closes: Deadline | None = None) -> Answer:
    """Ask this room a question; members vote in their client, by reaction or by command."""
    _check_options(options)
    poll = Poll(
        room_id=ctx.room.id,
        question=question,
        options=list(options),
        opened_by=ctx.sender,
        opened_at=ctx.now,
        closes_at=closes or ctx.now + A_WEEK,
        state=PollState.OPEN,
        extensions=[],
    )
    ctx.tx.add(poll)
    await ctx.due("poll deadline", poll, at=poll.closes_at)
    return [_native_start(poll), await _status(ctx, poll)]


@open_poll.edited
async def change_poll(
    ctx: Context, poll_id: int, question: str, *options: str, closes: Deadline | None = None
) -> Answer:
    """Change question, options and deadline as long as nobody has voted."""
    poll = await _open_poll(ctx, poll_id)
    if await polls.ballots(ctx.tx, poll):
        raise Refusal("poll-has-votes", poll=poll)
    _check_options(options)
    poll.question, poll.options = question, list(options)
    if closes is not None:
        await _reschedule(ctx, poll, closes)
    return [ctx.react("✏️"), await _status(ctx, poll, update=True), _native_start(poll, update=True)]


@open_poll.redacted
async def withdraw_poll(ctx: Context, poll_id: int) -> Answer:
    """Withdraw a poll whose question was deleted, unless somebody has voted."""
    poll = await _find(ctx, poll_id)
    if not poll.is_open:
        return None
    if await polls.ballots(ctx.tx, poll):
        raise Refusal("poll-not-withdrawn", poll=poll)
    return await _cancel(ctx, poll)


@command("poll vote")
async def vote(ctx: Context, poll: LetteredPollId | None = None, *choices: int) -> Answer:
    """Vote by command: as a reply to the poll, or with its number."""
    if poll is None and len(choices) == 2:  # noqa: PLR2004 - `!stimme 7 2`: poll and option
        poll, choices = choices[0], choices[1:]
    if len(choices) != 1:
        raise Refusal("vote-how")
    found = await _open_poll(ctx, poll) if poll else await _only_open_poll(ctx)
    if not 1 <= choices[0] <= len(found.options):
        raise Refusal("option-missing", poll=found, chosen=choices[0])
    return await _cast(ctx, found, choices[0], acknowledge=True)


@vote.redacted
async def withdraw_vote(ctx: Context, poll_id: int) -> Answer:
    """Let the ballot before it count again."""
    ballot = await polls.ballot_of_event(ctx.tx, ctx.event.relates_to or "")
    poll = await _find(ctx, poll_id)
    if ballot is None or not poll.is_open:
        return None
    await ctx.tx.delete(ballot)
    await ctx.tx.flush()
    return await _status(ctx, poll, update=True)


@reaction("poll", *KEYCAPS)
async def vote_by_reaction(ctx: Context, poll_id: int) -> Answer:
    """Vote by a keycap reaction on the poll or its status message."""
    keys = [bare_key(key) for key in KEYCAPS]
    return await _quietly(ctx, poll_id, keys.index(bare_key(ctx.event.text)) + 1)


vote_by_reaction.redacted(withdraw_vote)


@reaction("poll", VOTE)
async def vote_natively(ctx: Context, poll_id: int) -> Answer:
    """Vote in a client that shows native polls; an empty or foreign answer takes the vote back (MSC3381)."""
    poll = await _find(ctx, poll_id)
    return await _quietly(ctx, poll_id, native.choice(ctx.event.answers, len(poll.options)) or 0)


vote_natively.redacted(withdraw_vote)


@command("poll status")
async def poll_status(ctx: Context, poll: PollId) -> Answer:
    """Show how a poll stands."""
    found = await _find(ctx, poll)
    if found.state == PollState.CANCELLED:
        raise Refusal("poll-is-cancelled", poll=found)
    key = "poll-state" if found.is_open else "poll-result"
    return ctx.say(key, poll=found, tally=await _tally(ctx, found), about=found, late=False)


@command("poll list")
async def list_polls(ctx: Context) -> Answer:
    """List the open polls of this room, then the latest closed ones."""
    running = await polls.open_polls(ctx.tx, ctx.room.id)
    closed = await polls.closed_polls(ctx.tx, ctx.room.id, CLOSED_SHOWN)
    voters = await polls.voters(ctx.tx, [poll.id for poll in (*running, *closed)])
    return ctx.say("poll-list", running=running, closed=closed, voters=voters)


@command("poll close")
async def close_poll(ctx: Context, poll: PollId) -> Answer:
    """Close a poll before its deadline."""
    found = await _open_poll(ctx, poll)
    await ctx.allow(Role.CHAIR, or_user=found.opened_by)
    return await _close(ctx, found)


@command("poll extend")
async def extend_poll(ctx: Context, poll: PollId, *, closes: Deadline) -> Answer:
    """Move a poll's deadline; the old one stays visible."""
    found = await _open_poll(ctx, poll)
    await ctx.allow(Role.CHAIR, or_user=found.opened_by)
    before = found.closes_at
    entry = {"at": ctx.now.isoformat(), "by": ctx.sender, "from": before.isoformat(), "to": closes.isoformat()}
    found.extensions = [*found.extensions, entry]
    await _reschedule(ctx, found, closes)
    return [ctx.say("poll-extended", poll=found, before=before, about=found), await _status(ctx, found, update=True)]


@command("poll cancel")
async def cancel_poll(ctx: Context, poll: PollId) -> Answer:
    """Cancel a poll: there will be no result."""
    found = await _open_poll(ctx, poll)
    await ctx.allow(Role.CHAIR, or_user=found.opened_by)
    return await _cancel(ctx, found)


@job("poll deadline")
async def close_due(ctx: Context, poll_id: int) -> Answer:
    """Close a poll at its deadline, once."""
    poll = await polls.find(ctx.tx, poll_id)
    if poll is None or not poll.is_open or poll.closes_at > ctx.now:
        return None
    return await _close(ctx, poll)


async def _cast(ctx: Context, poll: Poll, choice: int, *, acknowledge: bool = False) -> Answer:
    if ctx.event.at > poll.closes_at:
        raise Refusal("poll-is-closed", poll=poll)
    ballot = Ballot(
        poll_id=poll.id,
        user_id=ctx.sender,
        choice=choice,
        cast_at=ctx.event.at,
        event_id=ctx.event.event_id,
    )
    ctx.tx.add(ballot)
    await ctx.tx.flush()
    status = await _status(ctx, poll, update=True)
    return [ctx.react("✅"), status] if acknowledge else status


async def _quietly(ctx: Context, poll_id: int, choice: int) -> Answer:
    """Count a vote that came without words; what does not count gets no words either."""
    poll = await _find(ctx, poll_id)
    if not poll.is_open or choice > len(poll.options) or ctx.event.at > poll.closes_at:
        return None
    return await _cast(ctx, poll, choice)


async def _close(ctx: Context, poll: Poll) -> Answer:
    poll.state, poll.closed_at = PollState.CLOSED, ctx.now
    counted = await _tally(ctx, poll)
    poll.eligible = counted.eligible
    ended = Say(
        key="poll-result-line",
        data={"poll": poll, "tally": counted},
        about=poll,
        form=native.end,
        refers_to="poll-native",
    )
    result = ctx.say("poll-result", poll=poll, tally=counted, about=poll, late=ctx.late)
    return [await _status(ctx, poll, update=True), ended, result]


async def _cancel(ctx: Context, poll: Poll) -> Answer:
    poll.state, poll.closed_at = PollState.CANCELLED, ctx.now
    ended = Say(key="poll-cancelled-line", data={"poll": poll}, about=poll, form=native.end, refers_to="poll-native")
    result = ctx.say("poll-cancelled", poll=poll, about=poll)
    return [await _status(ctx, poll, update=True), ended, result]


async def _reschedule(ctx: Context, poll: Poll, closes_at: Deadline) -> None:
    poll.closes_at = closes_at
    await ctx.due("poll deadline", poll, at=closes_at)


async def _status(ctx: Context, poll: Poll, *, update: bool = False) -> Say:
    data = {"poll": poll, "tally": await _tally(ctx, poll)}
    return Say(key="poll-opened", data=data, about=poll, in_place=update)


def _native_start(poll: Poll, *, update: bool = False) -> Say:
    form = native.start(poll.question, poll.options)
    return Say(key="poll-native", data={"poll": poll}, about=poll, form=form, in_place=update)


async def _tally(ctx: Context, poll: Poll) -> Tally:
    casts = [Cast(one.user_id, one.choice, one.cast_at) for one in await polls.ballots(ctx.tx, poll)]
    eligible = poll.eligible
    if eligible is None:
        eligible = await rooms.count_members(ctx.tx, ctx.room, without=ctx.setup.nobody)
    return tally(poll.options, casts, eligible)


async def _find(ctx: Context, number: int) -> Poll:
    poll = await polls.find(ctx.tx, number)
    if poll is None or poll.room_id != ctx.room.id:
        raise Refusal("poll-unknown", number=number)
    return poll


async def _open_poll(ctx: Context, number: int) -> Poll:
    poll = await _find(ctx, number)
    if not poll.is_open:
        raise Refusal("poll-is-closed", poll=poll)
    return poll


async def _only_open_poll(ctx: Context) -> Poll:
    running = await polls.open_polls(ctx.tx, ctx.room.id)
    if len(running) != 1:
        raise Refusal("vote-which", running=running)
    return running[0]


def _check_options(options: tuple[str, ...]) -> None:
    if not FEWEST <= len(options) <= MOST:
        raise Refusal("poll-options", count=len(options), fewest=FEWEST, most=MOST)
    if len({option.casefold() for option in options}) < len(options):
        raise Refusal("poll-option-twice")
    longest = max(options, key=len)
    if len(longest) > LONGEST_OPTION:
        raise Refusal("text-too-long", length=len(longest), limit=LONGEST_OPTION)
