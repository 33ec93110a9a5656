"""Measures polls with many ballots: voting, counting, showing, closing, and holding them against the server."""

from datetime import timedelta

from sqlalchemy import delete, update

from commands.kit.message import Message
from commands.votes.counting import recount
from storage import due, polls
from storage.polls import Ballot, Poll
from tests.bench.large import (
    MANY,
    Hall,
    Samples,
    by_command,
    choice,
    copies,
    cpu,
    edit,
    fill,
    forget,
    house,
    in_turn,
    medians,
    member,
    new_message,
    open_poll,
    reopen,
    settle,
)
from tests.handlers.house import MONDAY, House, TestRoom, user

SIZES = (10, 1_000, MANY)
VOTES = 12
"""So many votes of each kind in each poll, for each try of the others."""
MANY_POLLS = 500
EDITS = 5_000
PEOPLE = 30
STATUS, DEADLINE, CHECK = "poll status", "poll deadline", "poll check"
KEYCAP = "2\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}"


async def measure_votes(tries: int) -> dict[str, float]:
    """Measure a vote in polls with few and with many ballots, in turn, so that a slow minute meets all of them."""
    samples: Samples = {}
    async with house() as place:
        room = await place.room("UAG1", "Anna", *map(member, range(MANY)), powers={"Anna": 100})
        halls = {size: await _shown(place, room, size) for size in SIZES}
        named = {size: await _shown(place, room, size, "namentlich=ja") for size in SIZES}
        for turn in range(tries * VOTES):
            for size in in_turn(SIZES, turn):
                hall = halls[size]
                command = new_message(place, room, "text", member(turn), text=f"!stimme U{hall.poll_id} 2")
                with cpu(samples, f"vote_command_{size}_ms"):
                    assert (await place.dispatcher.handle(command, place.now)).handled
                reaction = new_message(
                    place, room, "reaction", member(turn + 1), text=KEYCAP, relates_to=hall.status[0]
                )
                with cpu(samples, f"vote_reaction_{size}_ms"):
                    assert (await place.dispatcher.handle(reaction, place.now)).handled
                by_name = new_message(place, room, "text", member(turn), text=f"!stimme U{named[size].poll_id} 2")
                with cpu(samples, f"vote_named_{size}_ms"):
                    assert (await place.dispatcher.handle(by_name, place.now)).handled
            await _take_out(place)
    found = medians(samples)
    for way in ("command", "reaction", "named"):
        found[f"vote_{way}_ratio"] = found[f"vote_{way}_{MANY}_ms"] / found[f"vote_{way}_{SIZES[0]}_ms"]
    return found


async def _shown(place: House, room: TestRoom, ballots: int, rules: str = "") -> Hall:
    """A poll with so many ballots, which its status message tells."""
    hall = await open_poll(place, room, [room], "Wo tagen wir?", rules)
    await fill(place, hall, ballots=ballots)
    await _plan_to_show(place, hall)
    assert (await place.dispatcher.deadlines.fire_next(place.now)).handled
    await place.deliver()
    return hall


async def _plan_to_show(place: House, hall: Hall) -> None:
    """Let the poll be shown at once, as one of which something else was shown long ago."""
    async with place.database.begin() as tx:
        await tx.execute(update(Poll).where(Poll.id == hall.poll_id).values(shown_at=None, outcome={}))
        await due.add(tx, STATUS, hall.poll_id, hall.room_ids[0], place.now)


async def _plan_to_close(place: House, hall: Hall) -> None:
    async with place.database.begin() as tx:
        await tx.execute(update(Poll).where(Poll.id == hall.poll_id).values(closes_at=place.now))
        await due.add(tx, DEADLINE, hall.poll_id, hall.room_ids[0], place.now)


async def _fire(place: House, samples: Samples, figure: str, key: str) -> None:
    """Measure what is due; it must say something with this key."""
    with cpu(samples, figure):
        assert (await place.dispatcher.deadlines.fire_next(place.now)).handled
    assert any(one.key == key for one in await place.deliver())


async def _take_out(place: House) -> None:
    """Leave the polls as large as they were."""
    async with place.database.begin() as tx:
        await tx.execute(delete(Ballot).where(Ballot.event_id.like("$new%")))
    await forget(place, STATUS)


async def measure_counts(tries: int) -> dict[str, float]:
    """Measure counting, showing and closing polls with many ballots: in one room and in six, by person and by town."""
    samples: Samples = {}
    async with house() as place:
        await settle(place, MANY)
        halls = await _halls(place)
        await fill(place, *halls.values())
        for _ in range(tries):
            for name, hall in halls.items():
                await _count(place, name, hall, samples)
    return medians(samples)


async def _halls(place: House) -> dict[str, Hall]:
    """One room with all members, and six that share them, every fifth one in two of them."""
    one = await place.room("ALLE", "Anna", *map(member, range(MANY)), powers={"Anna": 100})
    shares: list[list[str]] = [[] for _ in range(6)]
    for number in range(MANY):
        shares[number % 6].append(member(number))
        if number % 5 == 0:
            shares[(number + 1) % 6].append(member(number))
    six = [await place.room(f"UAG{key}", "Anna", *here, powers={"Anna": 100}) for key, here in enumerate(shares, 1)]
    halls = {}
    for where, asked in {"one": [one], "six": six}.items():
        for suffrage, word in {"person": "person", "town": "kommune"}.items():
            question = f"Wo tagen wir {where} {suffrage}"
            halls[f"{where}_{suffrage}"] = await open_poll(place, one, asked, question, f"wahlrecht={word}")
    return halls


async def _count(place: House, name: str, hall: Hall, samples: Samples) -> None:
    async with place.database.begin() as tx:
        poll = await polls.find(tx, hall.poll_id)
        assert poll is not None
        with cpu(samples, f"tally_{name}_ms"):
            await recount(tx, poll, place.setup.nobody)
    await _plan_to_show(place, hall)
    await _fire(place, samples, f"status_{name}_ms", "poll-opened")
    await _plan_to_close(place, hall)
    await _fire(place, samples, f"close_{name}_ms", "poll-result")
    await reopen(place, hall)


async def measure_edits(tries: int) -> dict[str, float]:
    """Measure how a poll is shown in six rooms where its status message has few edits, and where it has thousands."""
    samples: Samples = {}
    async with house() as place:
        people = [member(number) for number in range(PEOPLE)]
        six = [await place.room(f"UAG{key}", "Anna", *people, powers={"Anna": 100}) for key in range(1, 7)]
        halls = {count: await open_poll(place, six[0], six, f"Frage {count}") for count in (0, EDITS)}
        await fill(place, *halls.values(), ballots=PEOPLE)
        await edit(place, halls[EDITS], EDITS)
        for turn in range(tries * VOTES):
            for count in in_turn(halls, turn):
                hall = halls[count]
                await _plan_to_show(place, hall)
                await _fire(place, samples, f"edits_{count}_ms", "poll-opened")
    found = medians(samples)
    return {**found, "edits_ratio": found[f"edits_{EDITS}_ms"] / found["edits_0_ms"]}


async def measure_check(tries: int) -> dict[str, float]:
    """Measure `!umfrage prüfen` without the server: saying what is to be read, and comparing what was read."""
    samples: Samples = {}
    async with house() as place:
        room = await place.room("UAG1", "Anna", *map(member, range(MANY)), powers={"Anna": 100})
        hall = await open_poll(place, room, [room], "Wo tagen wir?")
        await fill(place, hall)
        there = [_on_the_server(hall, number) for number in range(MANY)]
        for _ in range(tries):
            asked = new_message(place, room, "text", "Anna", text=f"!umfrage prüfen U{hall.poll_id}")
            await place.dispatcher.handle(asked, place.now)
            with cpu(samples, "check_looks_ms"):
                errand = await place.dispatcher.deadlines.next_errand(place.now)
            assert errand is not None
            assert len(errand.looks) > len(range(0, MANY, 3))
            with cpu(samples, "check_ms"):
                assert (await place.dispatcher.deadlines.run(errand, there, place.now)).handled
            assert "Alle sind gezählt, keine zu viel" in (await place.deliver())[-1].text
    return medians(samples)


def _on_the_server(hall: Hall, number: int) -> Message:
    event, at = f"$ballot{hall.poll_id}-{number}", MONDAY + timedelta(milliseconds=number)
    room, who = hall.rooms[0].id, user(member(number))
    if by_command(number):
        return Message("text", event, room, who, at, text=f"!stimme U{hall.poll_id} {choice(number)}")
    key = KEYCAP.replace("2", str(choice(number)))
    return Message("reaction", event, room, who, at, text=key, relates_to=hall.status[0])


async def measure_many(tries: int) -> dict[str, float]:
    """Measure what is asked where 500 polls are open, with 10,000 ballots in all: lists, the digest, and a vote."""
    samples: Samples = {}
    async with house() as place:
        room = await place.room("UAG1", "Anna", *map(member, range(PEOPLE)), powers={"Anna": 100})
        hall = await open_poll(place, room, [room], "Wo tagen wir?")
        await fill(place, hall, *await copies(place, hall, MANY_POLLS - 1), ballots=MANY // MANY_POLLS)
        said = {
            "many_list_ms": "!umfragen",
            "many_digest_ms": "!wochenbericht",
            "many_vote_ms": f"!stimme U{hall.poll_id} 2",
        }
        for _ in range(tries):
            for key, text in said.items():
                message = new_message(place, room, "text", "Anna", text=text)
                with cpu(samples, key):
                    assert (await place.dispatcher.handle(message, place.now)).handled
                assert not any(one.key == "apology" for one in await place.deliver())
            await _take_out(place)
    return medians(samples)
