"""What uagbot promises about counting votes (P2, P7, P8, P9, P12): pure rules, against a count made another way."""

import json
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.votes.ballots import IF_NEED_BE, YES, Cast, Limit, chosen
from commands.votes.electorate import Electorate, Town, Voter, frozen, thawed
from commands.votes.result import quorum_needed, read_quorum, result_of
from commands.votes.tally import Conflict, count, outcome, sealed, votes
from storage.polls import Majority, Poll, PollKind, Suffrage

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PEOPLE = ("@anna:localhost", "@bodo:localhost", "@carla:localhost", "@dieter:localhost", "@elke:localhost")
STRANGER = "@zoe:localhost"
OPTIONS = 4
ROOMS = (1, 2, 3)
TOWNS = {1: "Halle (Saale)", 2: "Stendal", 3: "Wernigerode"}

people = st.sampled_from((*PEOPLE, STRANGER))
numbers = st.integers(1, OPTIONS)


def poll(
    options: Sequence[str] = ("Halle", "Stendal", "Jena", "Zeitz"),
    kind: PollKind = PollKind.SINGLE,
    majority: Majority = Majority.SIMPLE,
    quorum: str | None = None,
) -> Poll:
    return Poll(
        options=list(options), kind=kind, majority=majority, quorum=quorum, suffrage=Suffrage.PERSON, outcome={}
    )


@st.composite
def casts(draw: st.DrawFn, most: int = 30) -> list[Cast]:
    """Ballots of a few people within a few seconds, many at the same instant; each event has one sender."""
    found = []
    for number in range(draw(st.integers(0, most))):
        choices = draw(st.dictionaries(numbers, st.integers(1, 3), max_size=OPTIONS))
        at = NOON + timedelta(seconds=draw(st.integers(0, 5)))
        found.append(Cast(draw(people), choices, draw(st.booleans()), at, f"${number}"))
    return found


@st.composite
def electorates(draw: st.DrawFn) -> Electorate:
    """Some people in some rooms, for some municipalities, of which some have a deputy among them."""
    voters = {
        user: Voter(
            user, draw(st.sampled_from((None, *TOWNS))), frozenset(draw(st.sets(st.sampled_from(ROOMS), min_size=1)))
        )
        for user in PEOPLE
        if draw(st.booleans())
    }
    towns = {}
    for number, name in TOWNS.items():
        sitting = [user for user, voter in voters.items() if voter.town == number]
        towns[number] = Town(name, draw(st.sampled_from((None, *sitting))))
    return Electorate(voters, towns)


choices_of_all = st.dictionaries(people, st.dictionaries(numbers, st.integers(1, 3), min_size=1, max_size=OPTIONS))
limits = st.builds(Limit, st.integers(1, 6), st.booleans())


# -- ballots


def naive(found: Sequence[Cast], limit: Limit, user: str) -> dict[int, int]:
    """What one person chose, ballot after ballot on paper."""
    mine = [one for one in found if one.user_id == user]
    paper: dict[int, int] = {}
    while mine:
        first = min(mine, key=lambda one: (one.cast_at, one.event_id))
        mine.remove(first)
        then = dict(first.choices) if first.whole else dict(paper)
        if not first.whole:
            for number, points in first.choices.items():
                then[number] = then.get(number, 0) + points if limit.points else points
        spent = sum(then.values()) if limit.points else len(then)
        if spent <= limit.most:
            paper = then
    return paper


@given(casts(), limits)
def test_what_somebody_chose_is_what_the_ballots_say_one_after_the_other(found: list[Cast], limit: Limit) -> None:
    what = chosen(found, limit)
    assert what == {user: naive(found, limit, user) for user in (*PEOPLE, STRANGER) if naive(found, limit, user)}


@given(casts(), limits, st.randoms(use_true_random=False))
def test_the_order_in_which_ballots_arrive_does_not_matter(
    found: list[Cast], limit: Limit, chance: random.Random
) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert chosen(mixed, limit) == chosen(found, limit)


@given(casts(), limits)
def test_nobody_gives_more_than_a_ballot_may(found: list[Cast], limit: Limit) -> None:
    assert all(limit.allows(choices) for choices in chosen(found, limit).values())


@given(casts(), numbers, people)
def test_a_redacted_ballot_falls_back_to_the_one_before(found: list[Cast], number: int, user: str) -> None:
    limit = Limit(OPTIONS * 3)
    last = Cast(user, {number: 1}, True, NOON + timedelta(minutes=1), "$last")
    assert chosen([*found, last], limit)[user] == {number: 1}
    assert chosen([one for one in [*found, last] if one.event_id != "$last"], limit) == chosen(found, limit)


@given(casts(), people)
def test_an_empty_ballot_takes_the_vote_back(found: list[Cast], user: str) -> None:
    back = Cast(user, {}, True, NOON + timedelta(minutes=1), "$back")
    assert user not in chosen([*found, back], Limit(OPTIONS))


# -- votes and counts


@given(choices_of_all, electorates())
def test_every_person_with_a_vote_counts_once(what: Mapping[str, dict[int, int]], who: Electorate) -> None:
    found = votes(what, who, Suffrage.PERSON)
    assert Counter(user for vote in found.cast for user in vote.people) == Counter(set(what) & set(who.voters))
    assert found.eligible == len(who.voters)
    assert not found.conflicts


@given(choices_of_all, electorates())
def test_totals_equal_the_eligible_ballots(what: Mapping[str, dict[int, int]], who: Electorate) -> None:
    single = {user: {min(choices): 1} for user, choices in what.items()}
    counted = count(OPTIONS, votes(single, who, Suffrage.PERSON))
    assert sum(counted.votes) == counted.voters == len(set(what) & set(who.voters)) <= counted.eligible
    paper = Counter(min(choices) for user, choices in what.items() if user in who.voters)
    assert counted.votes == tuple(paper[number] for number in range(1, OPTIONS + 1))


@given(choices_of_all, electorates())
def test_a_municipality_has_one_vote_or_is_divided(what: Mapping[str, dict[int, int]], who: Electorate) -> None:
    found = votes(what, who, Suffrage.MUNICIPALITY)
    by_town = {vote.town: vote for vote in found.cast}
    divided = {one.town: set(one.people) for one in found.conflicts}
    assert len(by_town) == len(found.cast)
    assert found.eligible == len({voter.town for voter in who.voters.values() if voter.town})
    for town, (_, deputy) in who.towns.items():
        said = {user: what[user] for user, voter in who.voters.items() if voter.town == town and user in what}
        different = {json.dumps(sorted(choices.items())) for choices in said.values()}
        if not said:
            assert town not in by_town
            assert town not in divided
        elif deputy in said:
            assert by_town[town].choices == said[deputy]
            assert by_town[town].people == (deputy,)
        elif len(different) == 1:
            assert by_town[town].choices in said.values()
            assert set(by_town[town].people) == set(said)
        else:
            assert divided[town] == set(said)
            assert town not in by_town


@given(choices_of_all, electorates())
def test_municipalities_that_agree_turn_a_conflict_into_a_vote(
    what: Mapping[str, dict[int, int]], who: Electorate
) -> None:
    before = votes(what, who, Suffrage.MUNICIPALITY)
    agreed = {user: {1: 1} for user in what}
    after = votes(agreed, who, Suffrage.MUNICIPALITY)
    assert not after.conflicts
    assert len(after.cast) == len(before.cast) + len(before.conflicts)


@given(choices_of_all, electorates(), st.sampled_from(list(Suffrage)))
def test_who_is_in_several_rooms_counts_once_in_all_and_in_each(
    what: Mapping[str, dict[int, int]], who: Electorate, suffrage: Suffrage
) -> None:
    everywhere = who.within(ROOMS)
    assert votes(what, everywhere, suffrage) == votes(what, who, suffrage)
    for room in ROOMS:
        here = who.within([room])
        assert set(here.voters) == {user for user, voter in who.voters.items() if room in voter.rooms}
        assert len(votes(what, here, suffrage).cast) <= len(here.voters)


def test_dates_count_yes_and_if_need_be_apart() -> None:
    who = Electorate({user: Voter(user, None, frozenset({1})) for user in PEOPLE[:3]}, {})
    what = {PEOPLE[0]: {1: YES, 2: IF_NEED_BE}, PEOPLE[1]: {1: IF_NEED_BE, 2: 0}, PEOPLE[2]: {1: 0}}
    counted = count(2, votes(what, who, Suffrage.PERSON), dates=True)
    assert (counted.votes, counted.maybe, counted.voters) == ((1, 0), (1, 1), 3)


def test_members_of_a_municipality_are_named_where_they_differ() -> None:
    voters = {user: Voter(user, 1, frozenset({1})) for user in PEOPLE[:2]}
    who = Electorate(voters, {1: Town("Stendal")})
    found = votes({PEOPLE[0]: {1: 1}, PEOPLE[1]: {2: 1}}, who, Suffrage.MUNICIPALITY)
    assert found.conflicts == [Conflict(1, PEOPLE[:2])]


# -- what is kept


@given(electorates(), choices_of_all, st.sampled_from(list(Suffrage)))
def test_who_could_vote_is_kept_so_that_it_counts_the_same(
    who: Electorate, what: Mapping[str, dict[int, int]], suffrage: Suffrage
) -> None:
    again = thawed(json.loads(json.dumps(frozen(who))))
    assert again.voters == who.voters
    assert {again.towns[one].name for one in again.represented} == {who.towns[one].name for one in who.represented}
    assert votes(what, again, suffrage) == votes(what, who, suffrage)


@given(electorates(), choices_of_all, st.sampled_from(list(Suffrage)), st.booleans())
def test_an_outcome_survives_the_database(
    who: Electorate, what: Mapping[str, dict[int, int]], suffrage: Suffrage, named: bool
) -> None:
    found = votes(what, who, suffrage)
    rooms = {room: count(OPTIONS, votes(what, who.within([room]), suffrage)) for room in ROOMS}
    kept = outcome(count(OPTIONS, found), rooms, found, who, named=named)
    assert json.loads(json.dumps(kept)) == kept
    result = result_of(poll(kind=PollKind.MULTIPLE), kept)
    assert [one.votes for one in result.options] == list(count(OPTIONS, found).votes)
    assert (result.voters, result.eligible) == (len(found.cast), found.eligible)
    assert len(result.names) == (len(found.cast) if named else 0)
    assert [row.room_id for row in result.rooms] == list(ROOMS)


@given(electorates(), choices_of_all, choices_of_all, st.booleans())
def test_what_is_sealed_says_nothing_of_what_was_chosen(
    who: Electorate, one: Mapping[str, dict[int, int]], other: Mapping[str, dict[int, int]], named: bool
) -> None:
    other = {user: other.get(user, {1: 1}) for user in one}
    kept = []
    for what in (one, other):
        found = votes(what, who, Suffrage.PERSON)
        rooms = {room: count(OPTIONS, votes(what, who.within([room]), Suffrage.PERSON)) for room in ROOMS}
        kept.append(sealed(outcome(count(OPTIONS, found), rooms, found, who, named=named)))
    assert kept[0] == kept[1]
    result = result_of(poll(), kept[0])
    assert result.sealed
    assert not any(option.votes for option in result.options)
    assert not result.leaders
    assert not result.names


# -- what a count decides


def standing(row: Sequence[int], eligible: int, voters: int | None = None) -> dict[str, object]:
    return {"votes": list(row), "voters": sum(row) if voters is None else voters, "eligible": eligible}


rows = st.lists(st.integers(0, 9), min_size=OPTIONS, max_size=OPTIONS)


@given(rows, st.integers(0, 60), st.integers(1, 100))
def test_a_quorum_in_per_cent_is_rounded_up(row: list[int], absent: int, per_cent: int) -> None:
    eligible = sum(row) + absent
    result = result_of(poll(quorum=f"{per_cent}%"), standing(row, eligible))
    assert result.needed == max(math.ceil(Fraction(per_cent * eligible, 100)), 1)
    quorate = result.voters >= result.needed
    assert quorate == (sum(row) >= 1 and sum(row) * 100 >= per_cent * eligible)
    if sum(row):
        assert (result.verdict == "no-quorum") == (not quorate)


@pytest.mark.parametrize(
    ("quorum", "eligible", "needed"), [("50%", 5, 3), ("50%", 4, 2), ("1%", 3, 1), ("12", 3, 12), ("50%", 0, 1)]
)
def test_quorums_by_example(quorum: str, eligible: int, needed: int) -> None:
    assert quorum_needed(quorum, eligible) == needed


@given(rows, st.sampled_from(list(Majority)))
def test_the_winner_has_the_majority_that_is_asked_for(row: list[int], majority: Majority) -> None:
    result = result_of(poll(majority=majority), standing(row, 40))
    total, best = sum(row), max(row)
    leaders = [number for number, votes in enumerate(row, start=1) if votes == best and votes]
    assert [one.number for one in result.leaders] == leaders
    enough = {
        Majority.SIMPLE: True,
        Majority.ABSOLUTE: best * 2 > total,
        Majority.TWO_THIRDS: best * 3 >= total * 2,
    }[majority]
    if not total:
        assert result.verdict == "nobody"
    elif majority == Majority.SIMPLE:
        assert result.verdict == ("won" if len(leaders) == 1 else "tie")
    else:
        assert result.verdict == ("won" if enough and len(leaders) == 1 else "no-majority")


@given(rows)
def test_abstentions_count_for_turnout_but_neither_win_nor_weigh(row: list[int]) -> None:
    options = ("Ja", "Nein", "Vielleicht", "Enthaltung")
    result = result_of(poll(options, majority=Majority.ABSOLUTE), standing(row, 40))
    weighed = sum(row[:3])
    assert result.voters == sum(row)
    assert 4 not in [one.number for one in result.leaders]
    best = max(row[:3])
    won = weighed > 0 and best * 2 > weighed
    if sum(row):
        assert (result.verdict == "won") == won


def test_an_answer_called_abstention_is_one_like_others_where_several_may_be_chosen_or_only_two_are_there() -> None:
    assert result_of(poll(("Ja", "Enthaltung")), standing([1, 2], 3)).verdict == "won"
    multiple = poll(("Ja", "Nein", "Enthaltung"), PollKind.MULTIPLE)
    assert [one.number for one in result_of(multiple, standing([1, 1, 2], 3, 3)).leaders] == [3]
    assert not result_of(poll(("Ja", "Nein", "ENTHALTUNG")), standing([0, 0, 2], 3)).leaders


@given(rows, st.lists(st.integers(0, 9), min_size=OPTIONS, max_size=OPTIONS))
def test_the_ranking_of_dates_is_by_how_many_can_then_by_whom_it_suits(yes: list[int], maybe: list[int]) -> None:
    days = [f"2026-12-0{day}T09:00:00+00:00/2026-12-0{day}T10:00:00+00:00" for day in range(1, OPTIONS + 1)]
    kept = {"votes": yes, "maybe": maybe, "voters": 40, "eligible": 40}
    result = result_of(poll(days, PollKind.DATE), kept)
    order = sorted(range(OPTIONS), key=lambda at: (-(yes[at] + maybe[at]), -yes[at], at))
    assert [one.number - 1 for one in result.ranking] == order
    first = order[0]
    if yes[first] + maybe[first]:
        alike = [
            at for at in range(OPTIONS) if (yes[at] + maybe[at], yes[at]) == (yes[first] + maybe[first], yes[first])
        ]
        assert [one.number - 1 for one in result.leaders] == alike
    else:
        assert not result.leaders


@given(rows)
def test_points_of_a_ranking_are_shares_of_all_points(row: list[int]) -> None:
    result = result_of(poll(kind=PollKind.RANKING), standing(row, 40, voters=7))
    assert result.cast == sum(row)
    if sum(row):
        assert math.isclose(sum(one.share for one in result.options), 1)
    assert all(len(one.bar) == 10 for one in result.options)


@given(st.lists(st.integers(0, 9), min_size=5, max_size=5))
def test_the_mean_of_a_pulse_is_the_mean_of_its_steps(row: list[int]) -> None:
    steps = [step for step, votes in enumerate(row, start=1) for _ in range(votes)]
    result = result_of(poll(("a", "b", "c", "d", "e"), PollKind.PULSE), standing(row, 50))
    if steps:
        assert result.mean is not None
        assert math.isclose(result.mean, sum(steps) / len(steps))
    else:
        assert result.mean is None


@given(rows, st.integers(0, 40))
def test_turnout_is_a_share_and_all_have_voted_only_then(row: list[int], absent: int) -> None:
    result = result_of(poll(), standing(row, sum(row) + absent))
    assert 0 <= result.turnout <= 1
    assert result.all_voted == (absent == 0 and sum(row) > 0)


@given(st.integers(0, 10_000_000), st.sampled_from(["", "%", " %"]))
def test_a_quorum_is_a_number_or_a_percentage_that_can_be(number: int, unit: str) -> None:
    found = read_quorum(f"{number}{unit}")
    possible = 0 < number < 1_000_000 and (not unit or number <= 100)
    assert found == (f"{number}{unit.strip()}" if possible else None)


@pytest.mark.parametrize("text", ["", "%", "-1", "50%%", "1.5", "fünf", "½", "0", "0%", "101%", "50 % der Kommunen"])
def test_what_is_no_quorum(text: str) -> None:
    assert read_quorum(text) is None
