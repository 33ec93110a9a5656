"""The same meetings in uagbot and in its peer: topics, resolutions, action items and attendance come out the same."""

from pathlib import Path

import pytest

from storage.database import Database
from tests.oracle import ours
from tests.oracle.differences import DIFFERENCES, play
from tests.oracle.script import names, read

RECORD = Path(__file__).parents[2] / "docs" / "decisions" / "0019-minutes-compared-with-a-peer.md"


@pytest.mark.parametrize("name", names())
async def test_a_long_meeting_comes_out_as_the_peer_has_it(name: str, database: Database, tmp_path: Path) -> None:
    script = read(name)
    assert await ours.in_house(database, script) == play(script, tmp_path, DIFFERENCES)
