"""The same meetings in uagbot and in its peer: topics, resolutions, action items and attendance come out the same."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from storage.database import Database
from tests.embedded import empty_database
from tests.oracle import ours
from tests.oracle.differences import DIFFERENCES, Difference, play
from tests.oracle.made import scripts
from tests.oracle.script import LONG, ODD, Script, read

RECORD = Path(__file__).parents[2] / "docs" / "decisions" / "0019-minutes-compared-with-a-peer.md"


@pytest.mark.parametrize("name", [*LONG, ODD])
async def test_a_meeting_comes_out_as_the_peer_has_it(name: str, database: Database, tmp_path: Path) -> None:
    script = read(name)
    assert (await ours.in_house(database, script)).lines() == play(script, tmp_path, DIFFERENCES).lines()


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=scripts())
async def test_meetings_that_nobody_has_thought_of_come_out_as_the_peer_has_them(
    tmp_path: Path, script: Script
) -> None:
    async with empty_database() as database:
        found = await ours.in_house(database, script)
    assert found.lines() == play(script, tmp_path, DIFFERENCES).lines()


@pytest.mark.parametrize("one", DIFFERENCES, ids=lambda one: one.name)
def test_every_difference_is_one_and_stands_with_its_reason_in_the_record(one: Difference, tmp_path: Path) -> None:
    script = read(ODD)
    others = [other for other in DIFFERENCES if other is not one]
    assert play(script, tmp_path, others) != play(script, tmp_path, DIFFERENCES)
    assert f"| {one.name} | {one.reason} |" in RECORD.read_text("utf-8")


def test_the_written_meetings_are_as_long_as_promised() -> None:
    assert [read(name).tagged for name in LONG] == [60, 120, 200]
