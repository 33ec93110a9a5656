"""What members say to ask: polls of all kinds, and how an edited or deleted question changes its poll."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from commands.kit.context import Context
from commands.kit.readers import DateSlot, Deadline
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job
from commands.polls import cards, dates, deadlines
from commands.polls.access import reach, reach_open
from commands.polls.pulses import STEPS, key_questions
from commands.polls.words import compared
from commands.votes.arguments import Majorities, Quorum, RoomList, Suffrages, YesNo
from commands.votes.counting import recount
from commands.votes.result import WITH_MAJORITY
from storage import polls
from storage.polls import Majority, Poll, PollKind, PollState, Suffrage
from storage.rooms import Room

A_WEEK = timedelta(days=7)
A_MOMENT = timedelta(days=3)
FEWEST, MOST = 2, 20
LONGEST_OPTION = 150
MOST_POINTS = 100
POINTS = 5

Kinds = Literal["single", "multiple"]
Ends = Literal["deadline", "all"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: question, options, and the rules of the vote; `None` where nothing was said."""

    question: str
    options: Sequence[str]
    kind: PollKind
    closes: datetime | None = None
    most: int | None = None
    hidden: bool = False
    by_name: bool = False
    ends_with_all: bool = False
    suffrage: str = Suffrage.PERSON
    quorum: str | None = None
    majority: str = Majority.SIMPLE
    rooms: Sequence[Room] | None = None
    lasts: timedelta = A_WEEK


@command("poll open")
async def open_poll(
    ctx: Context,
    question: str,
    *options: str,
    closes: Deadline | None = None,
    kind: Kinds = "single",
    most: int | None = None,
    hidden: YesNo = "no",
    by_name: YesNo = "no",
    ends: Ends = "deadline",
    suffrage: Suffrages = "person",
    quorum: Quorum | None = None,
    majority: Majorities = "simple",
    rooms: RoomList | None = None,
) -> Answer:
    """Ask this room, or several, a question; members vote in their client, by reaction or by command."""
    return await _ask(
        ctx,
        _wish(
            question,
            options,
            PollKind(kind),
            closes=closes,
            most=most,
            hidden=hidden,
            by_name=by_name,
            ends=ends,
            suffrage=suffrage,
            quorum=quorum,
            majority=majority,
            rooms=rooms,
        ),
    )


@open_poll.edited
async def change_poll(
    ctx: Context, poll_id: int, question: str, *options: str, kind: Kinds = "single", **rules: Any
) -> Answer:
    """Change everything about a poll as long as nobody has voted."""
    return await _change(ctx, poll_id, _wish(question, options, PollKind(kind), **rules))


@open_poll.redacted
async def withdraw_poll(ctx: Context, poll_id: int) -> Answer:
    """Withdraw a poll whose question was deleted, unless somebody has voted."""
    poll = await reach(ctx, poll_id, lock=True)
    if not poll.is_open:
        return None
    if await polls.has_ballots(ctx.tx, poll):
        raise Refusal("poll-not-withdrawn", poll=poll)
    return await deadlines.cancel(ctx, poll)


@command("poll dates")
async def open_dates(
    ctx: Context,
    question: str,
    *slots: DateSlot,
    closes: Deadline | None = None,
    hidden: YesNo = "no",
    by_name: YesNo = "no",
    ends: Ends = "deadline",
    suffrage: Suffrages = "person",
    quorum: Quorum | None = None,
    rooms: RoomList | None = None,
) -> Answer:
    """Ask which of some dates suit: yes, if need be, or no to each."""
    options = dates.proposals(ctx, slots)
    return await _ask(
        ctx,
        _wish(
            question,
            options,
            PollKind.DATE,
            closes=closes,
            hidden=hidden,
            by_name=by_name,
            ends=ends,
            suffrage=suffrage,
            quorum=quorum,
            rooms=rooms,
        ),
    )


@open_dates.edited
async def change_dates(ctx: Context, poll_id: int, question: str, *slots: DateSlot, **rules: Any) -> Answer:
    """Propose other dates as long as nobody has voted."""
    return await _change(ctx, poll_id, _wish(question, dates.proposals(ctx, slots), PollKind.DATE, **rules))


open_dates.redacted(withdraw_poll)


@command("poll ranking")
async def open_ranking(
    ctx: Context,
    question: str,
    *options: str,
    closes: Deadline | None = None,
    most: int = POINTS,
    hidden: YesNo = "no",
    by_name: YesNo = "no",
    ends: Ends = "deadline",
    suffrage: Suffrages = "person",
    quorum: Quorum | None = None,
    rooms: RoomList | None = None,
) -> Answer:
    """Ask for priorities: everybody spreads points over the options."""
    return await _ask(
        ctx,
        _wish(
            question,
            options,
            PollKind.RANKING,
            closes=closes,
            most=most,
            hidden=hidden,
            by_name=by_name,
            ends=ends,
            suffrage=suffrage,
            quorum=quorum,
            rooms=rooms,
        ),
    )


@open_ranking.edited
async def change_ranking(ctx: Context, poll_id: int, question: str, *options: str, **rules: Any) -> Answer:
    """Change question, options and points as long as nobody has voted."""
    return await _change(ctx, poll_id, _wish(question, options, PollKind.RANKING, **{"most": POINTS, **rules}))


open_ranking.redacted(withdraw_poll)


@command("poll pulse")
async def open_pulse(
    ctx: Context,
    question: str,
    *,
    closes: Deadline | None = None,
    hidden: YesNo = "no",
    rooms: RoomList | None = None,
) -> Answer:
    """Ask for a mood in five steps; asked again, it shows the change since last time."""
    return await _ask(ctx, _wish(question, STEPS, PollKind.PULSE, closes=closes, hidden=hidden, rooms=rooms))


@open_pulse.edited
async def change_pulse(ctx: Context, poll_id: int, question: str, **rules: Any) -> Answer:
    """Ask something else as long as nobody has voted."""
    return await _change(ctx, poll_id, _wish(question, STEPS, PollKind.PULSE, **rules))


open_pulse.redacted(withdraw_poll)


@command("poll pulse keys", role=Role.CHAIR)
async def open_keys(
    ctx: Context, *, closes: Deadline | None = None, hidden: YesNo = "no", rooms: RoomList | None = None
) -> Answer:
    """Ask for the mood on each of the four keys of the initiative."""
    says: list[Say] = []
    for question in key_questions(ctx.room.language):
        says += await _ask(ctx, _wish(question, STEPS, PollKind.PULSE, closes=closes, hidden=hidden, rooms=rooms))
    return says


@job("poll announce")
async def announce(ctx: Context, poll_id: int) -> Answer:
    """Ask what another capability has written down as a poll, and plan its end."""
    poll = await polls.find(ctx.tx, poll_id, lock=True)
    if poll is None or not poll.is_open or poll.shown_at is not None:
        return None
    asked = await cards.asked_rooms(ctx, poll)
    await deadlines.plan(ctx, poll)
    await recount(ctx.tx, poll, ctx.setup.nobody)
    return await cards.opening(ctx, poll, asked)


@job("poll moved")
async def ask_again(ctx: Context, poll_id: int) -> Answer:
    """Ask an open poll anew in a room that replaces the one in which it was asked; votes stay."""
    poll = await polls.find(ctx.tx, poll_id, lock=True)
    if poll is None or not poll.is_open:
        return None
    return [say for say in await cards.opening(ctx, poll, await cards.asked_rooms(ctx, poll)) if say.room is ctx.room]


async def _ask(ctx: Context, wish: Wish) -> list[Say]:
    """Open the poll, and say so in every room that is asked and in the one that asks."""
    if wish.rooms is not None:
        await ctx.allow(Role.CHAIR)
    _check(wish)
    poll = Poll(
        room_id=ctx.room.id,
        opened_by=ctx.sender,
        opened_at=min(ctx.event.at, ctx.now),  # whoever votes is held against the same server's clock
        state=PollState.OPEN,
        extensions=[],
        outcome={},
        electorate=None,
    )
    _write(poll, wish, poll.opened_at)
    ctx.tx.add(poll)
    asked = await _set_rooms(ctx, poll, wish)
    await deadlines.plan(ctx, poll)
    says = await cards.opening(ctx, poll, asked)
    if ctx.room not in asked:
        says.insert(0, ctx.say("poll-sent", poll=poll, asked=asked, about=poll))
    return says


async def _change(ctx: Context, poll_id: int, wish: Wish) -> Answer:
    """Make the poll anew in place; a room that is asked no more is told so."""
    poll = await reach_open(ctx, poll_id)
    if await polls.has_ballots(ctx.tx, poll):
        raise Refusal("poll-has-votes", poll=poll)
    if poll.kind in (PollKind.SINGLE, PollKind.MULTIPLE) and wish.kind != poll.kind:
        raise Refusal("poll-kind-fixed", poll=poll)
    if wish.rooms is not None:
        await ctx.allow(Role.CHAIR)
    _check(wish)
    before = await cards.asked_rooms(ctx, poll)
    _write(poll, wish, poll.opened_at, closes_at=poll.closes_at)
    asked = await _set_rooms(ctx, poll, wish)
    await deadlines.plan(ctx, poll)
    kept = [room for room in asked if room in before]
    new = [room for room in asked if room not in before]
    gone = [room for room in before if room not in asked]
    says = [*await cards.status(ctx, poll, kept), *cards.natives(poll, kept, update=True)]
    says += await cards.opening(ctx, poll, new)
    says += cards.not_here(poll, gone)
    return [ctx.react("✏️"), *says]


def _write(poll: Poll, wish: Wish, opened_at: datetime, closes_at: datetime | None = None) -> None:
    poll.kind, poll.question, poll.options = wish.kind, wish.question, list(wish.options)
    poll.most = _most(wish)
    poll.hidden, poll.by_name, poll.ends_with_all = wish.hidden, wish.by_name, wish.ends_with_all
    poll.suffrage, poll.quorum, poll.majority = wish.suffrage, wish.quorum, wish.majority
    poll.closes_at = wish.closes or closes_at or opened_at + wish.lasts


async def _set_rooms(ctx: Context, poll: Poll, wish: Wish) -> list[Room]:
    await ctx.tx.flush()
    await polls.set_rooms(ctx.tx, poll, [room.id for room in (wish.rooms or [ctx.room])])
    await ctx.tx.flush()
    await recount(ctx.tx, poll, ctx.setup.nobody)
    return await cards.asked_rooms(ctx, poll)


def _wish(
    question: str,
    options: Sequence[str],
    kind: PollKind,
    *,
    hidden: str = "no",
    by_name: str = "no",
    ends: str = "deadline",
    **rules: Any,
) -> Wish:
    lasts = A_MOMENT if kind == PollKind.PULSE else A_WEEK
    cleaned = [option.rstrip(",; ") for option in options]  # who lists things types commas
    return Wish(
        question,
        [option for option in cleaned if option],
        kind,
        hidden=hidden == "yes",
        by_name=by_name == "yes",
        ends_with_all=ends == "all",
        lasts=lasts,
        **rules,
    )


def _most(wish: Wish) -> int:
    if wish.kind in (PollKind.SINGLE, PollKind.PULSE):
        return 1
    if wish.kind == PollKind.DATE:
        return len(wish.options)
    return wish.most or len(wish.options)


def _check(wish: Wish) -> None:
    """Refuse what no poll can be."""
    options = wish.options
    if not wish.question:
        raise Refusal("poll-no-question", dates=wish.kind == PollKind.DATE)
    if not FEWEST <= len(options) <= MOST:
        raise Refusal("poll-options", count=len(options), fewest=FEWEST, most=MOST, dates=wish.kind == PollKind.DATE)
    if len({compared(option) for option in options}) < len(options):
        raise Refusal("poll-option-twice")
    longest = max(options, key=len)
    if len(longest) > LONGEST_OPTION:
        raise Refusal("text-too-long", length=len(longest), limit=LONGEST_OPTION)
    if wish.most is not None:
        _check_most(wish, wish.most)
    if wish.majority != Majority.SIMPLE and wish.kind not in WITH_MAJORITY:
        raise Refusal("poll-no-majority")


def _check_most(wish: Wish, most: int) -> None:
    if wish.kind == PollKind.SINGLE:
        raise Refusal("poll-max-single")
    if wish.kind == PollKind.MULTIPLE and not FEWEST <= most <= len(wish.options):
        raise Refusal("poll-max", fewest=FEWEST, most=len(wish.options))
    if wish.kind == PollKind.RANKING and not 1 <= most <= MOST_POINTS:
        raise Refusal("poll-points", most=MOST_POINTS)
