"""What short names of groups and their kinds promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.groups.rules import group_key, needs_coordinator
from storage.rooms import GROUP_KINDS, RoomKind


@pytest.mark.parametrize(
    ("written", "key"),
    [("UAG1", "UAG1"), ("uag-1", "UAG-1"), ("7", "7"), ("Öff", "ÖFF"), ("straße", "STRASSE"), ("A" * 16, "A" * 16)],
)
def test_a_key_is_kept_in_upper_case(written: str, key: str) -> None:
    assert group_key(written) == key


@pytest.mark.parametrize(
    "written", ["", "-", "-UAG", "UAG 1", "UAG_1", "A" * 17, "UAG1\n", "<b>", "@anna", "ÉTÉ", "１"]
)
def test_other_words_are_no_keys(written: str) -> None:
    assert group_key(written) is None


@given(st.text())
def test_a_key_stays_itself_in_any_case(written: str) -> None:
    key = group_key(written)
    if key is not None:
        assert group_key(key) == group_key(key.lower()) == key
        assert 1 <= len(key) <= 16


@given(st.sampled_from(GROUP_KINDS), st.sampled_from(RoomKind), st.booleans())
def test_only_a_second_main_or_coordinators_room_needs_a_coordinator(kind: str, before: str, taken: bool) -> None:
    expected = taken and kind != before and kind in ("main", "coordinators")
    assert needs_coordinator(kind, before, taken=taken) is expected
