"""The rules of meetings at the same time."""

import datetime as dt
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from commands.kit.texts import Name
from commands.meetings.clashes import clashes, overlap

NOON = dt.datetime(2026, 12, 8, 11, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Block:
    """A meeting of a room, so many minutes from noon."""

    room_id: int
    begins: int
    length: int

    @property
    def starts_at(self) -> dt.datetime:
        return NOON + self.begins * dt.timedelta(minutes=1)

    @property
    def ends_at(self) -> dt.datetime:
        return self.starts_at + self.length * dt.timedelta(minutes=1)

    @property
    def minutes(self) -> set[int]:
        return set(range(self.begins, self.begins + self.length))


def blocks(rooms: st.SearchStrategy[int]) -> st.SearchStrategy[Block]:
    return st.builds(Block, rooms, st.integers(-90, 90), st.integers(1, 120))


@given(blocks(st.just(1)), blocks(st.just(2)))
def test_two_meetings_overlap_if_they_share_a_minute(one: Block, other: Block) -> None:
    assert overlap(one, other) == overlap(other, one) == bool(one.minutes & other.minutes)


@given(
    st.lists(blocks(st.just(1)), min_size=1, max_size=4),
    st.lists(blocks(st.integers(1, 5)), max_size=8),
    st.dictionaries(
        st.integers(2, 5),
        st.lists(st.just(Name("@anna:localhost", "Anna")), max_size=6),
        max_size=4,
    ),
    st.sets(st.integers(1, 5)),
)
def test_exactly_the_meetings_that_concern_the_same_people_are_named_once(
    dates: list[Block], others: list[Block], shared: dict[int, list[Name]], everybodys: set[int]
) -> None:
    found = clashes(dates, others, shared, everybodys)
    busy = {minute for date in dates for minute in date.minutes}
    concerning = {room for room in range(1, 6) if room == 1 or shared.get(room) or everybodys & {1, room}}
    wanted = [other for other in others if other.minutes & busy and other.room_id in concerning]
    assert sorted((one.other for one in found), key=repr) == sorted(wanted, key=repr)
    assert [one.other.starts_at for one in found] == sorted(one.other.starts_at for one in found)
    for one in found:
        assert one.own == (one.other.room_id == 1)
        assert not (one.own and one.everybody)
        assert one.count - len(one.people) != 1
        assert len(one.people) <= 3
