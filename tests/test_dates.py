"""What people type as a date is read as they mean it, or not at all."""

import datetime as dt
import unicodedata
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.dates import ImpossibleDate, When, read_when, to_instant

BERLIN = ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2026, 11, 25, 9, 0, 30, tzinfo=dt.UTC)  # Wednesday, 10:00:30 in Berlin


def told(table: dict[str, str]) -> dict[str, str]:
    """What may be typed, with what it means."""
    return {text: meaning for meaning, texts in table.items() for text in texts.split(" | ")}


SAME_DAY = told(
    {
        "2026-12-08": (
            "8.12. | 8.12 | 08.12. | 08.12.26 | 8.12.2026 | 8.12. 2026 | 8. 12. 2026 | 8. Dezember | 8.Dezember | "
            "8 Dezember | 8. Dez. | 8. Dez. 2026 | 8. Dezember 2026 | Dec 8 | Dec. 8 | 8 Dec | 8 December 2026 | "
            "8th of December | December 8th, 2026 | December 8, 2026 | 2026-12-08 | 2026-12-8 | den 8.12. | "
            "am 8.12. | am 8. Dezember | zum 8.12. | on December 8th | on the 8th of December | "
            "Dienstag, 8.12.2026 | Dienstag, 8.12. | Di, 8.12. | Di 8.12. | Di. 8.12. | am Dienstag, dem 8.12. | "
            "Dienstag, den 8. Dezember 2026 | Tuesday, December 8, 2026 | Tue 8 Dec"
        ),
    }
)
CLOCKS = told(
    {
        "10:00": "10:00 | 10:00 Uhr | 10.00 Uhr | 10 Uhr | um 10 Uhr",
        "10:30": "10:30 | 10.30 Uhr | um 10:30 | at 10:30",
        "15:00": "15 Uhr | 15h | at 3pm | 3 pm | Nachmittag",
        "08:00": "um 8",
        "17:00": "gegen 17 Uhr",
        "15:30": "3:30pm | 3:30 p.m.",
        "09:00": "9 am | früh",
        "00:00": "12 am | 0:00",
        "12:00": "12 pm | mittags | Mittag | noon | at noon",
        "18:00": "abends | evening",
        "23:59": "23:59",
    }
)
OTHER_DAYS = told(
    {
        "2026-11-25": "heute | today | diesen Mittwoch | this Wednesday | 25.11.",
        "2026-11-26": "morgen | tomorrow | Thurs | in einem Tag",
        "2026-11-27": (
            "übermorgen | uebermorgen | day after tomorrow | the day after tomorrow | Freitag | Fr. | friday | Fri | "
            "am Freitag | on Friday | zum Freitag | diesen Freitag | this Friday | Ende der Woche | end of the week"
        ),
        "2026-11-28": "Samstag | Sonnabend | in 3 Tagen",
        "2026-12-01": (
            "nächsten Dienstag | naechsten Dienstag | am nächsten Dienstag | kommenden Dienstag | next Tuesday | "
            "nächste Woche Dienstag"
        ),
        "2026-12-02": "Mittwoch | Wednesday | nächsten Mittwoch | in einer Woche | in a week",
        "2026-12-04": (
            "nächste Woche Freitag | nächste Woche am Freitag | Freitag nächste Woche | Freitag nächster Woche | "
            "next week Friday | next week on Friday | Friday next week"
        ),
        "2026-12-06": "nächste Woche Sonntag",
        "2026-12-09": "in 2 Wochen | in zwei Wochen | in 2 weeks",
        "2026-12-25": "in einem Monat",
        "2027-11-25": "in zwölf Monaten | in zwoelf Monaten | in 1 Jahr | in one year",
        "2026-12-07": "in twelve days",
        "2027-02-25": "in three months",
        "2026-11-30": (
            "Ende des Monats | am Ende des Monats | Monatsende | zum Monatsende | end of month | end of the month | "
            "Ende November"
        ),
        "2026-12-31": "Ende des Jahres | Jahresende | end of year | end of the year",
        "2027-05-31": "Ende Mai",
        "2028-02-29": "end of February 2028 | 29.2.",
        "2027-11-24": "24.11.",
        "2026-11-24": "24.11.2026",
        "2099-01-01": "1.1.99",
        "2027-03-03": "3. März | 3. Maerz",
        "2027-05-03": "May 3",
        "2027-09-01": "1. Sept.",
    }
)
MOMENTS = told(
    {
        "2026-11-26 15:00": "morgen 15 Uhr | tomorrow at 3pm | 3pm tomorrow",
        "2026-11-26 09:00": "morgen früh",
        "2026-11-25 18:00": "heute Abend",
        "2026-11-27 12:00": "Freitag 12:00 | Fr 12 Uhr | 12:00 am Freitag",
        "2026-12-01 10:00": "nächste Woche Di 10 Uhr",
        "2026-11-28 00:00": "Freitag 24 Uhr",
        "2026-12-08 10:00": "2026-12-08T10:00 | 2026-12-08 10:00 | Dienstag, 8. Dezember 2026, 10:00 Uhr",
        "2026-11-27 10:00": "10 Uhr am Freitag",
        "2026-11-26 10:00": "um 10 Uhr morgen | 10:00",
        "2026-11-27 15:00": "3 pm Friday | 3 p.m. Friday | 3 p.m. on Friday",
        "2026-11-25 11:00": "in einer Stunde | in an hour",
        "2026-11-25 12:00": "in 2 Stunden | 12:00 | 12 Uhr | um 12 Uhr | at noon",
        "2026-11-26 01:00": "in 15 hours",
        "2026-11-25 10:30": "in 30 Minuten",
        "2026-11-25 10:45": "in 45 min",
        "2026-11-25 15:00": "3 pm",
        "2026-11-25 10:01": "10:01",
        "2026-11-26 09:30": "9.30 Uhr",
        "2026-11-26 00:00": "24:00",
    }
)


def read(text: str, now: dt.datetime = NOW) -> tuple[When, int] | None:
    return read_when(text.split(), today=now, zone=BERLIN)


def understood(text: str, now: dt.datetime = NOW) -> str:
    """The date read from the whole text and not from less of it, even with prose behind it."""
    words = text.split()
    found = read_when([*words, "Rathaus"], today=now, zone=BERLIN)
    assert found, text
    when, taken = found
    assert taken == len(words), text
    assert read_when(words, today=now, zone=BERLIN) == found
    return f"{when.day}" if when.time is None else f"{when.day} {when.time:%H:%M}"


@pytest.mark.parametrize(("text", "day"), SAME_DAY.items())
def test_a_date_may_be_written_in_many_ways(text: str, day: str) -> None:
    assert understood(text) == day


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("day", ["8.12.", "8. Dezember 2026,", "Dec 8", "Dienstag, 8.12.2026", "in 13 Tagen"])
def test_every_date_may_have_a_time(day: str, clock: str) -> None:
    assert understood(f"{day} {clock}") == f"2026-12-08 {CLOCKS[clock]}"


@pytest.mark.parametrize(("text", "day"), OTHER_DAYS.items())
def test_days_are_understood_as_seen_from_today(text: str, day: str) -> None:
    assert understood(text) == day


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items())
def test_days_with_times_are_understood_as_seen_from_now(text: str, moment: str) -> None:
    assert understood(text) == moment


@pytest.mark.parametrize("text", [*SAME_DAY, *OTHER_DAYS, *MOMENTS])
def test_neither_case_nor_decomposed_umlauts_nor_a_comma_change_a_date(text: str) -> None:
    plain = read(text)
    assert read(text.upper()) == plain
    assert read(unicodedata.normalize("NFD", text)) == plain
    assert read(text + ",") == plain


@pytest.mark.parametrize("text", ["morgen.", "Freitag 12 Uhr.", "Ende des Monats.", "8.12.2026."])
def test_the_full_stop_of_a_sentence_does_no_harm(text: str) -> None:
    assert read(text) == read(text.removesuffix("."))


IMPOSSIBLE = (
    "31.2. | 32.1. | 31.2 | 31.2. 10:00 | 30. Februar | February 30 | 29.2.2027 | 8.13. | 2026-13-01 | "
    "25:00 | 10:60 | 25 Uhr | 24:01 | 8.12. 25:00 | 8.12.1066 | Montag, 8.12.2026 | Montag, 8.12. | "
    "Mon 8 Dec | in 9999 Wochen | in 9999 Jahren | 31.12.9999 24:00"
)


@pytest.mark.parametrize("text", IMPOSSIBLE.split(" | "))
def test_what_looks_like_a_date_but_is_none_is_named(text: str) -> None:
    with pytest.raises(ImpossibleDate) as caught:
        read(f"{text}, im Rathaus")
    assert caught.value.text == text


PROSE = (
    "14 | 2 | 2 Äpfel | 1. | 1. Punkt | Dezember | Mai | Mai ist schön | May I ask | März 2027 | so viele | "
    "so, jetzt | so gut wie fertig | do this | do it 10 times | mi casa | sun protection | we meet | "
    "am so genannten Punkt | am Rathaus | in der Sitzung | in 2 Räumen | nächste Woche | um 8 Ecken | "
    "2h Arbeit | 2 h | 12.50 Euro | 12/8/2026 | 1.2.3 | Version 2.13 | früh | mittags | Monats | Ende | "
    "end of the line | https://example.org/8.12."
)


@pytest.mark.parametrize("text", ["", *PROSE.split(" | ")])
def test_prose_is_no_date(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("short", ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "Sat", "Sun", "Wed"])
def test_a_short_weekday_that_is_a_word_too_needs_a_stop_a_date_or_the_end(short: str) -> None:
    alone = read(short)
    assert alone
    assert alone[1] == 1
    assert read(f"am {short}") == (alone[0], 2)
    assert read(f"{short}. viel") == alone
    assert read_when([short, "Runder Tisch"], today=NOW, zone=BERLIN) == alone
    timed = read(f"{short} 10 Uhr viel")
    assert timed == (When(alone[0].day, dt.time(10)), 3)
    assert read(f"{short} viel") is None
    assert read(f"am {short} viel") is None


def test_the_longest_date_is_taken_and_no_more() -> None:
    assert read("8.12. 10:00, 9.12. 14:00") == (When(dt.date(2026, 12, 8), dt.time(10)), 2)
    assert read("8.12. 10:00-11:30") == (When(dt.date(2026, 12, 8), None), 1)
    assert read("8.12. 14 Personen") == (When(dt.date(2026, 12, 8), None), 1)
    assert read("8.12. 15 Uhr Rathaus") == (When(dt.date(2026, 12, 8), dt.time(15)), 3)
    assert read("10.10 Uhr") == (When(dt.date(2026, 11, 25), dt.time(10, 10)), 2)


def test_a_quoted_phrase_is_never_part_of_a_date() -> None:
    assert read_when(["8.12.", "10 Uhr"], today=NOW, zone=BERLIN) == (When(dt.date(2026, 12, 8), None), 1)
    assert read_when(["8. Dezember"], today=NOW, zone=BERLIN) is None
    assert read_when(["", "8.12."], today=NOW, zone=BERLIN) is None


def test_a_date_is_read_in_the_zone_of_the_room() -> None:
    late = dt.datetime(2026, 11, 25, 23, 30, tzinfo=dt.UTC)
    assert understood("heute", late) == "2026-11-26"
    found = read_when(["heute"], today=late, zone=ZoneInfo("America/New_York"))
    assert found == (When(dt.date(2026, 11, 25), None), 1)


@pytest.mark.parametrize(
    ("day", "friday"),
    [("2026-11-26", "2026-11-27"), ("2026-11-27", "2026-11-27"), ("2026-11-28", "2026-12-04")],
)
def test_the_end_of_the_week_is_the_friday_that_comes_or_is(day: str, friday: str) -> None:
    assert understood("Ende der Woche", dt.datetime.fromisoformat(f"{day}T12:00Z")) == friday


def test_the_next_week_begins_on_monday_whatever_today_is() -> None:
    for day in range(23, 30):  # Monday to Sunday
        now = dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC)
        assert understood("nächste Woche Montag", now) == "2026-11-30"
        assert understood("next week Sunday", now) == "2026-12-06"


def test_a_time_that_has_just_come_is_tomorrow() -> None:
    noon = dt.datetime(2026, 11, 25, 11, tzinfo=dt.UTC)
    assert understood("12 Uhr", noon) == "2026-11-26 12:00"
    assert understood("12 Uhr", noon - dt.timedelta(seconds=1)) == "2026-11-25 12:00"


def test_a_month_later_is_never_in_the_month_after_the_next() -> None:
    assert understood("in einem Monat", dt.datetime(2027, 1, 31, 12, tzinfo=dt.UTC)) == "2027-02-28"


def test_hours_are_counted_as_they_pass_when_the_clocks_change() -> None:
    before_spring = dt.datetime(2027, 3, 28, 0, 30, tzinfo=dt.UTC)  # 1:30
    assert understood("in 2 Stunden", before_spring) == "2027-03-28 04:30"
    assert understood("in 2 Stunden", before_spring.astimezone(BERLIN)) == "2027-03-28 04:30"
    in_autumn = dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC)  # 2:30 for the first time
    found = read("in einer Stunde", in_autumn)
    assert found
    assert found[0].time == dt.time(2, 30)
    assert found[0].instant(BERLIN, dt.time(9)) == in_autumn + dt.timedelta(hours=1)


def test_a_day_without_a_time_takes_the_default() -> None:
    when = When(dt.date(2026, 7, 1), None)
    assert when.instant(BERLIN, dt.time(18)) == dt.datetime(2026, 7, 1, 16, tzinfo=dt.UTC)
    midnight = When(dt.date(2026, 7, 1), dt.time(0))
    assert midnight.instant(BERLIN, dt.time(18)) == dt.datetime(2026, 6, 30, 22, tzinfo=dt.UTC)


def test_a_time_that_the_clock_skips_moves_forward_by_the_gap() -> None:
    shown = to_instant(dt.datetime(2027, 3, 28, 2, 30), BERLIN).astimezone(BERLIN)  # noqa: DTZ001 wall time
    assert shown.time() == dt.time(3, 30)


def test_of_two_equal_times_the_first_is_meant() -> None:
    twice = dt.datetime(2027, 10, 31, 2, 30)  # noqa: DTZ001 wall time
    assert to_instant(twice, BERLIN) == dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC)


DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
MINUTES = st.integers(0, 24 * 60 - 1)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo)


def written(day: dt.date) -> list[str]:
    return [
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%d.%m.%Y}",
        f"{day:%Y-%m-%d}",
        *(
            format_date(day, form, locale=language)
            for language in ("de", "en")
            for form in ("long", "full", "d MMM yyyy", "EEE, d. MMMM yyyy", "MMM d, yyyy")
        ),
    ]


@given(DAYS)
def test_any_date_that_is_written_out_is_read_back(day: dt.date) -> None:
    for text in written(day):
        assert read(text) == (When(day, None), len(text.split())), text


@given(DAYS, MINUTES)
def test_any_time_that_is_written_out_is_read_back(day: dt.date, minutes: int) -> None:
    time = dt.time(*divmod(minutes, 60))
    clocks = (f"{time:%H:%M}", f"{time:%H:%M Uhr}", f"um {time.hour}.{time:%M} Uhr", f"{time:%I:%M %p}")
    for clock in clocks:
        text = f"{day:%d.%m.%Y} {clock}"
        assert read(text) == (When(day, time), len(text.split())), text
    assert read(f"{day:%Y-%m-%d}T{time:%H:%M}") == (When(day, time), 1)


@given(DAYS.filter(lambda day: day.year < 2190), st.integers(0, 364))
def test_a_date_without_a_year_is_the_next_such_day(today: dt.date, ahead: int) -> None:
    day = today + dt.timedelta(days=ahead)
    now = dt.datetime.combine(today, dt.time(12), dt.UTC)
    found = read(f"{day.day}.{day.month}.", now)
    assert found == (When(day, None), 1)


@given(DAYS.filter(lambda day: day.year < 2199), st.integers(1, 7))
def test_a_weekday_is_the_next_one_after_today(today: dt.date, ahead: int) -> None:
    day = today + dt.timedelta(days=ahead)
    now = dt.datetime.combine(today, dt.time(12), dt.UTC)
    for language in ("de", "en"):
        assert read(format_date(day, "EEEE", locale=language), now) == (When(day, None), 1)
        assert read(format_date(day, "EEE", locale=language), now) == (When(day, None), 1)


VOCABULARY = sorted({word for text in [*SAME_DAY, *CLOCKS, *OTHER_DAYS, *MOMENTS] for word in text.split()})
WORDS = st.lists(st.sampled_from(VOCABULARY) | st.from_regex(r"[0-9.:,h-]{1,12}") | st.text(), max_size=20)


@given(WORDS, st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)), ZONES)  # noqa: DTZ001 the zone is the third argument
def test_arbitrary_words_raise_nothing_but_impossible_date(words: list[str], now: dt.datetime, zone: ZoneInfo) -> None:
    try:
        found = read_when(words, today=now, zone=zone)
    except ImpossibleDate:
        return
    if found:
        when, taken = found
        assert 1 <= taken <= len(words)
        assert when.instant(zone, dt.time(9)).tzinfo is dt.UTC


CLOCK_CHANGES = st.sampled_from(
    [dt.date(2027, 3, 14), dt.date(2027, 3, 28), dt.date(2027, 4, 4), dt.date(2027, 10, 3), dt.date(2027, 10, 31)]
)


@given(DAYS | CLOCK_CHANGES, st.tuples(MINUTES, MINUTES), ZONES)
def test_a_later_time_of_a_day_is_never_an_earlier_instant(
    day: dt.date, minutes: tuple[int, int], zone: ZoneInfo
) -> None:
    walls = [dt.datetime.combine(day, dt.time(*divmod(minute, 60))) for minute in sorted(minutes)]
    earlier, later = (to_instant(wall, zone) for wall in walls)
    shown = [instant.astimezone(zone).replace(tzinfo=None) for instant in (earlier, later)]
    if shown == walls:
        assert earlier <= later
    for wall, instant in zip(walls, (earlier, later), strict=True):
        gap = instant.astimezone(zone).replace(tzinfo=None) - wall
        assert gap >= dt.timedelta(0)  # a time that does not exist moves forward, every other stays
