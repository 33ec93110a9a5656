"""Who comes to meetings, calendars, agendas, requests of groups to each other, and minutes."""

import sqlalchemy as sa
from alembic import op

import storage.base
from storage.base import BigId

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    """Bring the schema here."""
    for table in ("actions", "resolutions"):
        op.add_column(table, sa.Column("said_by", sa.String(), nullable=True))
        op.add_column(table, sa.Column("said_at", storage.base.Instant(), nullable=True))
    op.create_index(op.f("ix_actions_source_event_id"), "actions", ["source_event_id"], unique=False)
    op.create_index(op.f("ix_resolutions_event_id"), "resolutions", ["event_id"], unique=False)
    _meetings()
    _agenda()
    _minutes()


def _meetings() -> None:
    op.create_table(
        "meeting_rules",
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("quorum", sa.String(), nullable=True),
        sa.Column("starts_by_itself", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_meeting_rules_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_meeting_rules")),
    )
    op.create_table(
        "rsvps",
        sa.Column("id", BigId, nullable=False),
        sa.Column("meeting_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("said_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_rsvps_meeting_id_meetings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rsvps")),
        sa.UniqueConstraint("event_id", name=op.f("uq_rsvps_event_id")),
    )
    op.create_index(
        op.f("ix_rsvps_meeting_id_user_id_said_at"), "rsvps", ["meeting_id", "user_id", "said_at"], unique=False
    )
    op.create_table(
        "personal_reminders",
        sa.Column("id", BigId, nullable=False),
        sa.Column("meeting_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_personal_reminders_meeting_id_meetings"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_personal_reminders_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_reminders")),
        sa.UniqueConstraint(
            "meeting_id", "user_id", "lead", name=op.f("uq_personal_reminders_meeting_id_user_id_lead")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_personal_reminders_room_id"), "personal_reminders", ["room_id"], unique=False)
    op.create_index(op.f("ix_personal_reminders_user_id"), "personal_reminders", ["user_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("id", BigId, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("room_id", BigId, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.Column("revoked_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_links_room_id_rooms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("secret", name=op.f("uq_links_secret")),
    )
    op.create_index(op.f("ix_links_room_id_kind"), "links", ["room_id", "kind"], unique=False)


def _agenda() -> None:
    op.create_table(
        "agenda_items",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("meeting_id", BigId, nullable=True),
        sa.Column("position", BigId, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("budget", BigId, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_id", BigId, nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("postponed", BigId, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.Column("closed_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_agenda_items_meeting_id_meetings"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_agenda_items_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_items")),
    )
    op.create_index(op.f("ix_agenda_items_meeting_id"), "agenda_items", ["meeting_id"], unique=False)
    op.create_index(
        op.f("ix_agenda_items_room_id_state_position"), "agenda_items", ["room_id", "state", "position"], unique=False
    )
    op.create_index(op.f("ix_agenda_items_source_source_id"), "agenda_items", ["source", "source_id"], unique=False)
    op.create_table(
        "standing_items",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("budget", BigId, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_standing_items_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_items")),
    )
    op.create_index(op.f("ix_standing_items_room_id"), "standing_items", ["room_id"], unique=False)
    op.create_table(
        "requests",
        sa.Column("id", BigId, nullable=False),
        sa.Column("from_room_id", BigId, nullable=False),
        sa.Column("to_room_id", BigId, nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", storage.base.Instant(), nullable=True),
        sa.Column("answer_event_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_room_id"], ["rooms.id"], name=op.f("fk_requests_from_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_room_id"], ["rooms.id"], name=op.f("fk_requests_to_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_from_room_id_state"), "requests", ["from_room_id", "state"], unique=False)
    op.create_index(op.f("ix_requests_to_room_id_state"), "requests", ["to_room_id", "state"], unique=False)
    op.create_table(
        "tagged_messages",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("source_event_id", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_tagged_messages_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tagged_messages")),
        sa.UniqueConstraint("event_id", name=op.f("uq_tagged_messages_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tagged_messages_room_id"), "tagged_messages", ["room_id"], unique=False)
    op.create_table(
        "meeting_actions",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("meeting_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_meeting_actions_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_meeting_actions_meeting_id_meetings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_meeting_actions")),
    )
    op.create_index(op.f("ix_meeting_actions_meeting_id"), "meeting_actions", ["meeting_id"], unique=False)


def _minutes() -> None:
    op.create_table(
        "minutes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("meeting_id", BigId, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", storage.base.Instant(), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", storage.base.Instant(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("heard_at", storage.base.Instant(), nullable=False),
        sa.Column("leads", sa.JSON(), nullable=False),
        sa.Column("scribes", sa.JSON(), nullable=False),
        sa.Column("version", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_minutes_meeting_id_meetings"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_minutes_room_id_rooms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minutes")),
        sa.UniqueConstraint("meeting_id", name=op.f("uq_minutes_meeting_id")),
    )
    op.create_index(op.f("ix_minutes_room_id_started_at"), "minutes", ["room_id", "started_at"], unique=False)
    op.create_index(
        "ix_minutes_running", "minutes", ["room_id"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING
    )
    op.create_index(op.f("ix_minutes_state_ended_at"), "minutes", ["state", "ended_at"], unique=False)
    op.create_table(
        "minute_lines",
        sa.Column("id", BigId, nullable=False),
        sa.Column("minutes_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", storage.base.Instant(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("source_event_id", sa.String(), nullable=False),
        sa.Column("agenda_item_id", BigId, nullable=True),
        sa.Column("taken_back_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agenda_item_id"],
            ["agenda_items.id"],
            name=op.f("fk_minute_lines_agenda_item_id_agenda_items"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["minutes_id"], ["minutes.id"], name=op.f("fk_minute_lines_minutes_id_minutes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minute_lines")),
        sa.UniqueConstraint("event_id", name=op.f("uq_minute_lines_event_id")),
    )
    op.create_index(op.f("ix_minute_lines_agenda_item_id"), "minute_lines", ["agenda_item_id"], unique=False)
    op.create_index(op.f("ix_minute_lines_minutes_id_at_id"), "minute_lines", ["minutes_id", "at", "id"], unique=False)
    op.create_index(
        op.f("ix_minute_lines_minutes_id_kind_at"), "minute_lines", ["minutes_id", "kind", "at"], unique=False
    )
    op.create_index(op.f("ix_minute_lines_source_event_id"), "minute_lines", ["source_event_id"], unique=False)
    op.create_table(
        "attendances",
        sa.Column("id", BigId, nullable=False),
        sa.Column("minutes_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("at", storage.base.Instant(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("taken_back_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["minutes_id"], ["minutes.id"], name=op.f("fk_attendances_minutes_id_minutes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
    )
    op.create_index(op.f("ix_attendances_event_id"), "attendances", ["event_id"], unique=False)
    op.create_index(op.f("ix_attendances_minutes_id_at"), "attendances", ["minutes_id", "at"], unique=False)
    op.create_table(
        "speakers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("minutes_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("asked_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("spoke_at", storage.base.Instant(), nullable=True),
        sa.Column("gone_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["minutes_id"], ["minutes.id"], name=op.f("fk_speakers_minutes_id_minutes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speakers")),
        sa.UniqueConstraint("event_id", name=op.f("uq_speakers_event_id")),
    )
    op.create_index(op.f("ix_speakers_minutes_id_asked_at"), "speakers", ["minutes_id", "asked_at"], unique=False)
    op.create_table(
        "minutes_versions",
        sa.Column("minutes_id", BigId, nullable=False),
        sa.Column("version", BigId, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", storage.base.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["minutes_id"], ["minutes.id"], name=op.f("fk_minutes_versions_minutes_id_minutes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("minutes_id", "version", name=op.f("pk_minutes_versions")),
    )
    op.create_index(op.f("ix_minutes_versions_approved_at"), "minutes_versions", ["approved_at"], unique=False)
