"""Verifications of the bot, and events that wait for their key."""

import sqlalchemy as sa
from alembic import op

import storage.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.create_table(
        "undecrypted",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", storage.base.Instant(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("told_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_undecrypted_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undecrypted")),
        sa.UniqueConstraint("event_id", name=op.f("uq_undecrypted_event_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("undecrypted", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_undecrypted_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_undecrypted_session_id_room_id"), ["session_id", "room_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_undecrypted_sender_told_at"), ["sender", "told_at"], unique=False)

    op.create_table(
        "verifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("transaction", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", storage.base.Instant(), nullable=False),
        sa.Column("ended_at", storage.base.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_verifications_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
    )
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verifications_state"), ["state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_verifications_user_id_transaction"), ["user_id", "transaction"], unique=False
        )
