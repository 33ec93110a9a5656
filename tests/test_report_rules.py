"""What a report counts, and which period it is about: periods adjoin, months sum up, and nothing reserved is told."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.chronicle.content import Facts, ItemFact, MeetingFact, ResolutionFact, ResultFact
from commands.reports.charts import LETTERS, TALLEST, WIDEST, Datum, bars
from commands.reports.figures import LISTED, Numbers, Report
from commands.reports.periods import MONTHS_IN, Kind, Period, around, read_period
from tests.sampled_reports import BEGIN, BERLIN, HOUR, QUARTER, WORLDS, group, item, report

TODAY = date(2026, 11, 29)
STANDING = {"planned", "open", "overdue"}

# -- periods


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("2026-11", "2026-11"), ("11.2026", "2026-11"), ("11/2026", "2026-11"), ("2026–9", "2026-09"),
        ("November", "2026-11"), ("november 2026", "2026-11"), ("für Dezember", "2025-12"), ("March 2025", "2025-03"),
        ("Mär. 2026", "2026-03"), ("im  Januar", "2026-01"), ("Q4", "2026-Q4"), ("q1", "2026-Q1"),
        ("2026-Q4", "2026-Q4"), ("Q4 2025", "2025-Q4"), ("Q4/2025", "2025-Q4"), ("2027Q1", "2027-Q1"),
        ("4. Quartal 2026", "2026-Q4"), ("viertes Quartal", "2026-Q4"), ("IV. Quartal 2025", None),
        ("das zweite Quartal", "2026-Q2"), ("Quartal 3", "2026-Q3"), ("4th quarter 2026", "2026-Q4"),
        ("the first quarter of 2026", "2026-Q1"), ("2026", "2026"), ("Jahr 2025", "2025"), ("year 2025", "2025"),
        ("letzter Monat", "2026-10"), ("letzten Monat", "2026-10"), ("letztes Quartal", "2026-Q3"),
        ("Vormonat", "2026-10"), ("dieses Jahr", "2026"), ("voriges Jahr", "2025"), ("dieser Monat", "2026-11"),
        ("last month", "2026-10"), ("this quarter", "2026-Q4"), ("previous year", "2025"), ("2027", "2027"),
        ("2026-13", None), ("0.2026", None), ("Q5", None), ("5. Quartal", None), ("2024-2026", None), ("", None),
        ("gestern", None), ("1899", None), ("Novembr", None), ("Q" * 10_000, None), ("²", None), ("Q²", None),
    ],
)  # fmt: skip
def test_a_period_is_read_as_people_type_it(typed: str, name: str | None) -> None:
    found = read_period(typed, TODAY)
    assert (found.name if found else None) == name


kinds: st.SearchStrategy[Kind] = st.sampled_from(["month", "quarter", "year"])
days = st.dates(date(2000, 1, 1), date(2199, 12, 31))
zones = st.sampled_from([BERLIN, ZoneInfo("Europe/Lisbon"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("Asia/Beirut")])


@given(kinds, days, zones)
def test_periods_adjoin_and_are_made_of_their_parts_by_the_calendar_of_the_zone(
    kind: Kind, day: date, zone: ZoneInfo
) -> None:
    period = around(kind, day)
    assert period.first <= day <= period.last
    assert read_period(period.name, TODAY) == period
    assert period.before.window(zone)[1] == period.window(zone)[0]
    inside = [period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)]
    parts = [first + timedelta(days=n) for first, last in period.parts for n in range((last - first).days + 1)]
    assert parts == inside
    assert len(period.parts) == MONTHS_IN[kind] or (kind == "month" and 4 <= len(period.parts) <= 6)
    since, until = period.window(zone)
    assert since.astimezone(zone).date() == period.first
    assert (until - timedelta(microseconds=1)).astimezone(zone).date() == period.last


def test_a_quarter_with_a_change_of_the_clocks_is_an_hour_longer() -> None:
    since, until = QUARTER.window(BERLIN)
    assert (since, until) == (datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC))


# -- figures

FIRST, LAST = (datetime.fromisoformat(day) for day in ("2025-12-20", "2027-01-10"))  # naive, as Hypothesis takes them
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
towns = st.none() | st.lists(st.sampled_from(["Burg", "Halle (Saale)", "Stendal", "Zeitz"]), unique=True).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    happened = draw(st.lists(st.tuples(instants, st.sampled_from([1, 2]), st.booleans(), towns), max_size=10))
    items = []
    for number, (at, home, done, _) in enumerate(happened):
        closed = draw(st.none() | st.datetimes(at.replace(tzinfo=None), LAST, timezones=st.just(UTC)))
        items.append(ItemFact(number, home, at, closed, closed is not None and done, blocked=False, due_on=None))
    return Facts(
        [group(1, "UAG1"), group(2, "UAG2")],
        items=items,
        meetings=[
            MeetingFact(str(number), home, "Treffen", at, at + HOUR, cancelled=off, towns=there)
            for number, (at, home, off, there) in enumerate(happened)
        ],
        resolutions=[
            ResolutionFact(str(number), home, "Ja", "adopted" if yes else "rejected", at)
            for number, (at, home, yes, _) in enumerate(happened)
        ],
        results=[ResultFact(number, home, "Fertig", at) for number, (at, home, _, _) in enumerate(happened)],
    )


def happened(found: Report) -> tuple[dict[str, int], Counter[str]]:
    """Return what happened in a period, without how things stand at its end: figures, and who attended how often."""
    figures = {name: number for name, number in asdict(found.numbers).items() if name not in STANDING}
    return figures, Counter({one.town: one.attended for one in found.towns})


@given(worlds(), st.sampled_from([Period("year", 2026), QUARTER]))
def test_months_sum_up_to_the_quarter_and_quarters_to_the_year(world: Facts, whole: Period) -> None:
    step: Kind = "quarter" if whole.kind == "year" else "month"
    steps = sorted({around(step, first) for first, _ in whole.parts}, key=lambda one: one.number)
    parts = [report(world, one) for one in steps]
    found, attended = happened(report(world, whole))
    sums = sum((one.numbers for one in parts), Numbers())
    assert found == {name: number for name, number in asdict(sums).items() if name not in STANDING}
    assert attended == sum((happened(one)[1] for one in parts), Counter())
    assert report(world, whole).numbers.open == parts[-1].numbers.open
    assert sum(one.held for one in report(world, whole).parts) == found["held"]


@given(worlds())
def test_every_figure_names_what_it_counts(world: Facts) -> None:
    for one in report(world).groups:
        n = one.numbers
        assert len(one.opened.entries) == n.opened
        assert len(one.done.entries) == n.done
        assert (len(one.held.entries), len(one.cancelled.entries)) == (n.held, n.cancelled)
        assert len(one.resolved.entries) == n.adopted + n.rejected + n.postponed
        assert all(town.attended <= town.meetings == n.noted for town in one.towns)


def test_lists_are_cut_and_figures_are_not() -> None:
    found = report(Facts([group(1, "UAG1")], items=[item(number, 1, number % 80, 80) for number in range(512)]))
    one = found.groups[0]
    assert (one.numbers.opened, one.numbers.done, one.opened.more, one.done.more) == (512, 512, 312, 312)
    assert len(one.opened.entries) == LISTED


def test_an_item_that_was_dropped_since_came_all_the_same() -> None:
    dropped = ItemFact(7, 1, BEGIN, BEGIN + HOUR, done=False, blocked=False, due_on=None)
    found = report(Facts([group(1, "UAG1")], items=[dropped]))
    assert (found.numbers.opened, found.groups[0].opened.entries) == (1, (7,))


def test_a_group_that_keeps_its_words_to_itself_gives_numbers_only() -> None:
    reserved = report(WORLDS["usual"]).groups[2]
    told = repr(reserved)
    assert reserved.counts_only
    assert all(name in told for name in ("B-2026-017", "UAG3-2026-10-27", "Magdeburg"))
    assert not any(word in told for word in ("Notfall", "Geheim", "liegt vor", "matrix.to", "UAG-Treffen"))
    asked_by_it, other = report(WORLDS["usual"]).groups[1].answered.entries
    assert (asked_by_it.question, bool(other.question)) == ("", True)


def test_a_municipality_that_never_came_is_told_of_and_one_of_a_group_without_lists_is_not() -> None:
    found = {one.town: (one.attended, one.meetings) for one in report(WORLDS["usual"]).towns}
    assert found["Verbandsgemeinde Beetzendorf-Diesdorf"] == (0, 2)
    assert found["Halle (Saale)"] == (3, 3)
    names = [one.town for one in report(WORLDS["usual"]).towns]
    assert names.index("Magdeburg") < names.index("Öbisfelde-Weferlingen") < names.index("Stendal")


# -- charts

labels = st.text("abc -äß", min_size=1, max_size=90)


@given(st.lists(st.builds(Datum, labels, st.tuples(st.integers(0, 99), st.integers(0, 99))), max_size=60))
def test_a_chart_shows_every_value_once_and_fits_a_phone_and_a_sheet(data: list[Datum]) -> None:
    charts = bars(data)
    rows = [row for chart in charts for row in chart.rows]
    if not any(value for one in data for value in one.values):
        assert charts == ()
        return
    assert [row.datum for row in rows] == data
    assert all(tuple(bar.value for bar in row.bars) == row.datum.values for row in rows)
    assert all(len(line) <= LETTERS for row in rows for line, _ in row.lines)
    assert all((bar.width > 0) == (bar.value > 0) and bar.width <= WIDEST for row in rows for bar in row.bars)
    assert all(chart.height <= TALLEST for chart in charts)
    edges = [bar.y for chart in charts for row in chart.rows for bar in row.bars if chart is charts[0]]
    assert edges == sorted(set(edges))
