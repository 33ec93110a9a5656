"""Municipalities, polls of all kinds over several rooms, the register of resolutions, files."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

import storage.base
from storage.base import BigId

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD_POLLS = sa.table(
    "polls",
    *(sa.column(name) for name in ("id", "room_id", "question", "opened_by", "state", "eligible")),
    sa.column("options", sa.JSON()),
    sa.column("extensions", sa.JSON()),
    *(sa.column(name, storage.base.Instant()) for name in ("opened_at", "closes_at", "closed_at")),
)
OLD_BALLOTS = sa.table(
    "ballots",
    *(sa.column(name) for name in ("id", "poll_id", "user_id", "choice", "event_id")),
    sa.column("cast_at", storage.base.Instant()),
)


def upgrade() -> None:
    """Bring the schema here; polls and ballots are made anew with what they held."""
    _municipalities()
    connection = op.get_bind()
    polls = [dict(row) for row in connection.execute(sa.select(OLD_POLLS).order_by(OLD_POLLS.c.id)).mappings()]
    ballots = [dict(row) for row in connection.execute(sa.select(OLD_BALLOTS).order_by(OLD_BALLOTS.c.id)).mappings()]
    op.drop_table("ballots")
    op.drop_table("polls")
    new_polls, new_rooms, new_ballots = _polls()
    latest: dict[int, dict[str, int]] = {poll["id"]: {} for poll in polls}
    for ballot in sorted(ballots, key=lambda one: (one["cast_at"], one["id"])):
        latest[ballot["poll_id"]][ballot["user_id"]] = ballot["choice"]
    homes = {poll["id"]: poll["room_id"] for poll in polls}
    op.bulk_insert(new_polls, [_new_poll(poll, latest[poll["id"]]) for poll in polls])
    op.bulk_insert(new_rooms, [{"poll_id": number, "room_id": room} for number, room in homes.items()])
    op.bulk_insert(new_ballots, [_new_ballot(ballot, homes[ballot["poll_id"]]) for ballot in ballots])
    _count_on("polls", "ballots")
    _resolutions()
    op.add_column("outbox", sa.Column("attachment", sa.String(), nullable=True))
    _find_messages_among_their_edits()


def _find_messages_among_their_edits() -> None:
    op.drop_index("ix_outbox_about_kind_about_id", "outbox")
    op.drop_index("ix_outbox_target_id", "outbox")
    no_edit = sa.text("coalesce(relation, '') <> 'm.replace'")
    op.create_index(
        "ix_outbox_about", "outbox", ["about_kind", "about_id"], sqlite_where=no_edit, postgresql_where=no_edit
    )
    op.create_index("ix_outbox_target_id_sent_at", "outbox", ["target_id", "sent_at"])


def _new_poll(poll: dict[str, Any], choices: dict[str, int]) -> dict[str, Any]:
    """Give a poll of the first version what today's have: one option, every person one vote."""
    eligible = poll.pop("eligible")
    votes = Counter(choice for choice in choices.values() if choice)
    outcome = {
        "votes": [votes[number] for number in range(1, len(poll["options"]) + 1)],
        "voters": votes.total(),
        "eligible": max(eligible or 0, votes.total()),
    }
    settings = {"kind": "single", "most": 1, "hidden": False, "by_name": False, "ends_with_all": False}
    rules = {"suffrage": "person", "quorum": None, "majority": "simple"}
    return {**poll, **settings, **rules, "outcome": outcome, "electorate": None, "shown_at": None, "then": None}


def _new_ballot(ballot: dict[str, Any], room_id: int) -> dict[str, Any]:
    choice = ballot.pop("choice")
    return {**ballot, "room_id": room_id, "choices": {str(choice): 1} if choice else {}, "whole": True}


def _count_on(*tables: str) -> None:
    """Let PostgreSQL number new rows behind those that were brought over."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in tables:
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"  # noqa: S608 - the names stand above
        )


def _municipalities() -> None:
    op.create_table(
        "municipalities",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sought", sa.String(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=True),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_municipalities")),
        sa.UniqueConstraint("sought", name=op.f("uq_municipalities_sought")),
    )
    op.create_table(
        "seats",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("municipality_id", BigId, nullable=True),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", storage.base.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipalities.id"],
            name=op.f("fk_seats_municipality_id_municipalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_seats")),
    )
    op.create_index(op.f("ix_seats_municipality_id"), "seats", ["municipality_id"], unique=False)


def _polls() -> tuple[sa.Table, sa.Table, sa.Table]:
    polls = op.create_table(
        "polls",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("most", BigId, nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("by_name", sa.Boolean(), nullable=False),
        sa.Column("ends_with_all", sa.Boolean(), nullable=False),
        sa.Column("suffrage", sa.String(), nullable=False),
        sa.Column("quorum", sa.String(), nullable=True),
        sa.Column("majority", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", storage.base.Instant(), nullable=False),
        sa.Column("closes_at", storage.base.Instant(), nullable=False),
        sa.Column("closed_at", storage.base.Instant(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("extensions", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("electorate", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("shown_at", storage.base.Instant(), nullable=True),
        sa.Column("then", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_polls_room_id_rooms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polls")),
    )
    op.create_index(op.f("ix_polls_room_id_state_closes_at"), "polls", ["room_id", "state", "closes_at"], unique=False)
    op.create_index(op.f("ix_polls_state_closed_at"), "polls", ["state", "closed_at"], unique=False)
    rooms = op.create_table(
        "poll_rooms",
        sa.Column("poll_id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["poll_id"], ["polls.id"], name=op.f("fk_poll_rooms_poll_id_polls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_poll_rooms_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("poll_id", "room_id", name=op.f("pk_poll_rooms")),
    )
    op.create_index(op.f("ix_poll_rooms_room_id"), "poll_rooms", ["room_id"], unique=False)
    ballots = op.create_table(
        "ballots",
        sa.Column("id", BigId, nullable=False),
        sa.Column("poll_id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=True),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("cast_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_ballots_poll_id_polls"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_ballots_room_id_rooms"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballots")),
        sa.UniqueConstraint("event_id", name=op.f("uq_ballots_event_id")),
    )
    op.create_index(
        op.f("ix_ballots_poll_id_user_id_cast_at"), "ballots", ["poll_id", "user_id", "cast_at"], unique=False
    )
    op.create_index(op.f("ix_ballots_room_id"), "ballots", ["room_id"], unique=False)
    return polls, rooms, ballots


def _resolutions() -> None:
    op.create_table(
        "resolutions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("year", BigId, nullable=False),
        sa.Column("number", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.Column("closes_at", storage.base.Instant(), nullable=True),
        sa.Column("decided_at", storage.base.Instant(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("poll_id", BigId, nullable=True),
        sa.Column("meeting_id", BigId, nullable=True),
        sa.Column("replaces_id", BigId, nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_resolutions_meeting_id_meetings"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["poll_id"], ["polls.id"], name=op.f("fk_resolutions_poll_id_polls"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["resolutions.id"],
            name=op.f("fk_resolutions_replaces_id_resolutions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_resolutions_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolutions")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_resolutions_replaces_id")),
        sa.UniqueConstraint("year", "number", name=op.f("uq_resolutions_year_number")),
    )
    for columns in (
        ["meeting_id"],
        ["poll_id"],
        ["review_on"],
        ["room_id", "year", "number"],
        ["state", "decided_at"],
    ):
        op.create_index(op.f(f"ix_resolutions_{'_'.join(columns)}"), "resolutions", columns, unique=False)
    op.create_table(
        "resolution_rooms",
        sa.Column("resolution_id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolutions.id"],
            name=op.f("fk_resolution_rooms_resolution_id_resolutions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_resolution_rooms_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("resolution_id", "room_id", name=op.f("pk_resolution_rooms")),
    )
    op.create_index(op.f("ix_resolution_rooms_room_id"), "resolution_rooms", ["room_id"], unique=False)
    op.create_table(
        "resolution_actions",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("resolution_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_resolution_actions_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolutions.id"],
            name=op.f("fk_resolution_actions_resolution_id_resolutions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_resolution_actions")),
    )
    op.create_index(op.f("ix_resolution_actions_resolution_id"), "resolution_actions", ["resolution_id"], unique=False)
    op.create_table(
        "resolution_words",
        sa.Column("word", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("resolution_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolutions.id"],
            name=op.f("fk_resolution_words_resolution_id_resolutions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("word", "resolution_id", name=op.f("pk_resolution_words")),
    )
    op.create_index(op.f("ix_resolution_words_resolution_id"), "resolution_words", ["resolution_id"], unique=False)
    op.create_table(
        "voices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("resolution_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("objects", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("said_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("withdrawn_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resolution_id"], ["resolutions.id"], name=op.f("fk_voices_resolution_id_resolutions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voices")),
        sa.UniqueConstraint("event_id", name=op.f("uq_voices_event_id")),
    )
    op.create_index(op.f("ix_voices_resolution_id_user_id"), "voices", ["resolution_id", "user_id"], unique=False)
