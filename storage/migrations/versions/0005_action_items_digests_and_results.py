"""Action items of municipalities and groups, open calls, items that come again; results; digests that are previewed."""

import sqlalchemy as sa
from alembic import op

import storage.base
from storage.base import BigId

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    _actions()
    _results()
    _digests()
    op.create_index(op.f("ix_ballots_cast_at"), "ballots", ["cast_at"], unique=False)
    op.create_index(op.f("ix_rsvps_said_at"), "rsvps", ["said_at"], unique=False)
    op.create_index(op.f("ix_requests_state_asked_at"), "requests", ["state", "asked_at"], unique=False)
    op.create_index(op.f("ix_requests_answered_at"), "requests", ["answered_at"], unique=False)
    _signs_of_life()


def _actions() -> None:
    op.add_column("actions", sa.Column("wanted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("actions", sa.Column("revision", BigId, server_default=sa.text("0"), nullable=False))
    op.add_column("actions", sa.Column("changed_at", storage.base.Instant(), nullable=True))
    op.execute(
        "UPDATE actions SET changed_at = coalesce((SELECT max(at) FROM action_changes WHERE action_id = actions.id), "
        "created_at)"
    )
    op.create_index(
        op.f("ix_actions_room_id_closed_at_state"), "actions", ["room_id", "closed_at", "state"], unique=False
    )
    for table, column in (("assignees", "user_id"), ("action_tags", "tag")):
        op.create_index(op.f(f"ix_{table}_{column}_action_id"), table, [column, "action_id"], unique=False)
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    op.create_index(
        "ix_actions_wanted",
        "actions",
        ["room_id", "wanted", "state"],
        unique=False,
        sqlite_where=sa.text("wanted = 1"),
        postgresql_where=sa.text("wanted"),
    )
    op.create_table(
        "town_assignees",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("municipality_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_town_assignees_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipalities.id"],
            name=op.f("fk_town_assignees_municipality_id_municipalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("action_id", "municipality_id", name=op.f("pk_town_assignees")),
    )
    op.create_index(
        op.f("ix_town_assignees_municipality_id_action_id"),
        "town_assignees",
        ["municipality_id", "action_id"],
        unique=False,
    )
    op.create_table(
        "group_assignees",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_group_assignees_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_group_assignees_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("action_id", "room_id", name=op.f("pk_group_assignees")),
    )
    op.create_index(
        op.f("ix_group_assignees_room_id_action_id"), "group_assignees", ["room_id", "action_id"], unique=False
    )
    op.create_table(
        "recurring_actions",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("rrule", sa.String(), nullable=True),
        sa.Column("dtstart", sa.Date(), nullable=False),
        sa.Column("follows_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_recurring_actions_action_id_actions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["actions.id"], name=op.f("fk_recurring_actions_follows_id_actions"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_recurring_actions")),
        sa.UniqueConstraint("follows_id", name=op.f("uq_recurring_actions_follows_id")),
    )
    op.create_table(
        "snoozes",
        sa.Column("action_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_snoozes_action_id_actions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("action_id", "user_id", name=op.f("pk_snoozes")),
    )


def _signs_of_life() -> None:
    op.create_index(op.f("ix_actions_room_id_changed_at"), "actions", ["room_id", "changed_at"], unique=False)
    op.create_index(op.f("ix_agenda_items_created_at"), "agenda_items", ["created_at"], unique=False)
    op.create_index(op.f("ix_attendances_at"), "attendances", ["at"], unique=False)
    op.create_index(op.f("ix_polls_opened_at"), "polls", ["opened_at"], unique=False)
    op.create_index(op.f("ix_resolutions_created_at"), "resolutions", ["created_at"], unique=False)
    op.create_index(op.f("ix_voices_said_at"), "voices", ["said_at"], unique=False)


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("id", BigId, nullable=False),
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("said_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_results_room_id_rooms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_created_at"), "results", ["created_at"], unique=False)
    op.create_index(op.f("ix_results_event_id"), "results", ["event_id"], unique=False)
    op.create_index(op.f("ix_results_room_id_created_at"), "results", ["room_id", "created_at"], unique=False)
    op.create_table(
        "result_words",
        sa.Column("word", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("result_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["result_id"], ["results.id"], name=op.f("fk_result_words_result_id_results"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "result_id", name=op.f("pk_result_words")),
    )
    op.create_index(op.f("ix_result_words_result_id"), "result_words", ["result_id"], unique=False)


def _digests() -> None:
    op.create_table(
        "digest_previews",
        sa.Column("id", BigId, nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("shown_at", storage.base.Instant(), nullable=True),
        sa.Column("held_at", storage.base.Instant(), nullable=True),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("released_at", storage.base.Instant(), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_previews")),
        sa.UniqueConstraint("week", name=op.f("uq_digest_previews_week")),
    )
    op.create_table(
        "highlights",
        sa.Column("id", BigId, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("counts_at", storage.base.Instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_highlights")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_highlights_counts_at"), "highlights", ["counts_at"], unique=False)
    op.create_table(
        "digest_subscriptions",
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("created_at", storage.base.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_digest_subscriptions_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_digest_subscriptions")),
    )
    op.create_index(op.f("ix_digest_subscriptions_user_id"), "digest_subscriptions", ["user_id"], unique=False)
    op.create_table(
        "digest_rules",
        sa.Column("room_id", BigId, nullable=False),
        sa.Column("counts_only", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_digest_rules_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_digest_rules")),
    )
