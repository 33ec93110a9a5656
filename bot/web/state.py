"""What machines ask of the process: health, readiness and metrics, without personal data."""

from datetime import datetime, timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.clock import Clock
from bot.health import Health
from storage import due, outbox
from storage.database import Database, DatabaseTrouble

OLDEST_SYNC = timedelta(minutes=3)
OLDEST_DUE = timedelta(minutes=5)
OLDEST_OUTBOX = timedelta(minutes=5)


class State:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, database: Database, health: Health, clock: Clock) -> None:
        self.database = database
        self.health = health
        self.clock = clock

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is asked where."""
        return [
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._metrics),
        ]

    async def _healthz(self, _: web.Request) -> web.Response:
        """Answer that the process runs."""
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        """Answer whether the bot does its work; 503 and what is behind if not."""
        ages = await self._ages()
        limits = {"last_sync_age": OLDEST_SYNC, "oldest_due_age": OLDEST_DUE, "outbox_age": OLDEST_OUTBOX}
        behind = [name for name, age in ages.items() if age is None or age > limits[name].total_seconds()]
        body = {"status": "behind" if behind else "ready", "behind": behind, **ages}
        return web.json_response(body, status=503 if behind else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        registry = CollectorRegistry()
        registry.register(_Figures(self.health, await self._ages()))
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ages(self) -> dict[str, float | None]:
        """Return in seconds how old the last sync, the oldest due row and the oldest unsent message are.

        None is unknown: never synced, or a database that does not answer.
        """
        now = self.clock()
        synced = self.health.synced_at
        ages: dict[str, float | None] = {"last_sync_age": (now - synced).total_seconds() if synced else None}
        try:
            async with self.database.begin() as tx:
                ages["oldest_due_age"] = _age(await due.next_at(tx), now)
                ages["outbox_age"] = _age(await outbox.oldest_waiting(tx), now)
        except DatabaseTrouble:
            ages |= {"oldest_due_age": None, "outbox_age": None}
        return ages


class _Figures(Collector):
    def __init__(self, health: Health, ages: dict[str, float | None]) -> None:
        self.health = health
        self.ages = ages

    def collect(self) -> list[Metric]:
        handled = CounterMetricFamily("uagbot_messages_handled", "Commands, votes and reactions acted on")
        handled.add_metric([], self.health.handled)
        sent = CounterMetricFamily("uagbot_events_sent", "Events brought to rooms")
        sent.add_metric([], self.health.sent)
        jobs = CounterMetricFamily("uagbot_deadlines_fired", "Due rows handled")
        jobs.add_metric([], self.health.jobs)
        refused = CounterMetricFamily("uagbot_events_refused", "Events that the server refused", labels=["code"])
        for code, count in self.health.send_failures.items():
            refused.add_metric([code], count)
        ages = GaugeMetricFamily("uagbot_age_seconds", "Age of what should be young", labels=["what"])
        for what, age in self.ages.items():
            if age is not None:
                ages.add_metric([what], age)
        return [handled, sent, jobs, refused, ages]


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
