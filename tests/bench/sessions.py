"""Measures fifty sessions at once beside fifty one after the other, from their starts to their drafts."""

import itertools

from tests.bench.large import Samples, cpu, house, medians, new_message, settle
from tests.bench.minutes import PEOPLE, TAGS, Session, begin, fire, group
from tests.handlers.house import House

SESSIONS = 50
ALONE = 10
"""So many are held one after the other meanwhile."""
ROUNDS = 2
"""So many times ten lines are said in each session."""


async def measure_sessions(_tries: int) -> dict[str, float]:
    """Measure each line, and all that fifty sessions cost: in one place they overlap, in the other they do not."""
    samples: Samples = {}
    async with house() as alone, house() as crowd:
        for place in (alone, crowd):
            await settle(place, PEOPLE)
        together = [Session(crowd, await group(crowd, f"UAG{number}")) for number in range(SESSIONS)]
        for one in together:
            await one.say("!sitzung start", samples, "sessions_start")
        turns = itertools.product(range(ROUNDS), TAGS, together)
        for number in range(ALONE):
            one = await begin(alone, f"UAG{number}")
            for kind in [*TAGS] * ROUNDS:
                await one.line(kind, samples, "alone")
                for _, tag, other in itertools.islice(turns, SESSIONS // ALONE):
                    await other.line(tag, samples, "crowd")
            await _finish(alone, [one], samples, "session_end_ms")
        await _finish(crowd, together, samples, "sessions_end_ms")
    found = medians(samples)
    parts = ("sessions_start_ms", "line_crowd_ms", "sessions_end_ms")
    found["sessions_s"] = sum(sum(samples[part]) for part in parts) / 1000
    return {**found, "line_crowd_ratio": found["line_crowd_ms"] / found["line_alone_ms"]}


async def _finish(place: House, sessions: list[Session], samples: Samples, figure: str) -> None:
    """End these sessions at the same moment, and measure until each has shown its draft."""
    with cpu(samples, figure):
        for one in sessions:
            message = new_message(place, one.room, "text", "Anna", text="!sitzung ende")
            assert (await place.dispatcher.handle(message, place.now)).handled
        await fire(place)
    drafts = [one for one in await place.deliver() if one.key == "minutes-draft"]
    assert len(drafts) == len(sessions)
