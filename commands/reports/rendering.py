"""A report as a page and as Markdown, in a language and the initiative's zone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from commands.kit import documents
from commands.kit.texts import load_catalogue
from commands.reports.charts import Chart, Datum, bars
from commands.reports.figures import Report
from commands.reports.periods import Period

PACKAGE = "commands.reports"
STEMS = {"de": "bericht", "en": "report"}
Key = Literal["meetings", "attendance", "items", "results"]


@dataclass(frozen=True, slots=True)
class Frame:
    """For whom a report is made: the language, the initiative's zone and name, and when (aware UTC)."""

    language: str
    zone: ZoneInfo
    initiative: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, in one or more drawings (none where all values are zero), and the data that it shows."""

    key: Key
    charts: Sequence[Chart]
    data: Sequence[Datum]


def stem(period: Period, language: str) -> str:
    """Return what files of this report are called: `bericht-2026-Q4`."""
    return f"{STEMS[language]}-{period.name}"


def html(report: Report, frame: Frame) -> str:
    """Return the report as one page that needs nothing else."""
    return documents.page(PACKAGE, "report.html.jinja", frame.language, frame.zone, _data(report, frame))


def markdown(report: Report, frame: Frame) -> str:
    """Return the report as Markdown with tables (GitHub's); what people wrote is text in it and never markup."""
    return documents.markdown(PACKAGE, "report.md.jinja", frame.language, frame.zone, _data(report, frame))


def _data(report: Report, frame: Frame) -> dict[str, Any]:
    return {
        "report": report,
        "frame": frame,
        "overview": _overview(report),
        "figures": [Figure(key, bars(data), data) for key, data in _charted(report, frame.language).items()],
    }


def _overview(report: Report) -> Sequence[tuple[str, int]]:
    """The figures of all groups by their names, in the order in which they are shown."""
    numbers = list(asdict(report.numbers).items())
    return [*numbers[:2], ("attending", report.attending), *numbers[2:]]


def _charted(report: Report, language: str) -> Mapping[Key, Sequence[Datum]]:
    filters = load_catalogue(language, [documents.KIT]).environment.filters
    span: Callable[..., str] = filters["span"]
    month: Callable[..., str] = filters["month"]
    weeks = report.period.kind == "month"
    return {
        "meetings": [
            Datum(span(one.first, one.last) if weeks else month(one.first), (one.held, one.cancelled))
            for one in report.parts
        ],
        "attendance": [Datum(one.town, (one.attended,), one.meetings) for one in report.towns],
        "items": [Datum(one.name, (one.numbers.opened, one.numbers.done)) for one in report.groups],
        "results": [Datum(one.name, (one.numbers.results,)) for one in report.groups],
    }
