"""Create outbox and idempotency_keys."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """CREATE TABLE outbox (
    transaction_id XID8 DEFAULT pg_current_xact_id() NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (transaction_id, sequence),
    CONSTRAINT outbox_id_key UNIQUE (id)
)""",
    """CREATE TABLE idempotency_keys (
    viewer_id TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    response JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (viewer_id, key),
    CONSTRAINT idempotency_keys_key_check
        CHECK (char_length(key) BETWEEN 1 AND 200),
    CONSTRAINT idempotency_keys_request_hash_check
        CHECK (octet_length(request_hash) = 32)
)""",
    """CREATE INDEX idempotency_keys_created_at_idx
    ON idempotency_keys (created_at)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
    op.execute("DROP TABLE outbox")
