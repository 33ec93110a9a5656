"""Structured logs without message content."""

import logging
import sys

import structlog

from bot.settings import Log


def configure(log: Log) -> None:
    """Log to standard error, for people or as one JSON object per line; libraries only when something is wrong."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    renderer: structlog.types.Processor
    if log.format == "json":
        renderer = structlog.processors.JSONRenderer()
        trace: structlog.types.Processor = structlog.processors.format_exc_info
    else:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        trace = structlog.processors.StackInfoRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            trace,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")
    hush()


def hush() -> None:
    """Keep libraries quiet unless something is wrong."""
    for noisy in ("aiohttp", "apscheduler", "alembic", "peewee"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # nio writes whole events into its complaints about them, and returns what matters anyway.
    logging.getLogger("nio").setLevel(logging.CRITICAL)
