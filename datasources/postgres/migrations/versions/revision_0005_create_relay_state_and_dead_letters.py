"""Create relay_state and dead_letters, and tell listeners of events."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """CREATE TABLE relay_state (
    id BOOLEAN DEFAULT true NOT NULL,
    epoch TEXT,
    transaction_id XID8 DEFAULT '0' NOT NULL,
    sequence BIGINT DEFAULT 0 NOT NULL,
    forgotten_transaction_id XID8 DEFAULT '0' NOT NULL,
    forgotten_sequence BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT relay_state_pkey PRIMARY KEY (id),
    CONSTRAINT relay_state_id_check CHECK (id)
)""",
    "INSERT INTO relay_state DEFAULT VALUES",
    """CREATE TABLE dead_letters (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    transaction_id XID8 NOT NULL,
    sequence BIGINT NOT NULL,
    projection TEXT NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    error TEXT NOT NULL,
    tries INTEGER NOT NULL,
    first_failed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_failed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
    CONSTRAINT dead_letters_transaction_id_key
        UNIQUE (transaction_id, sequence, projection)
)""",
    # Within a transaction equal notices are one.
    """CREATE FUNCTION tell_outbox() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('outbox', ''); RETURN NULL; END $$""",
    """CREATE TRIGGER outbox_told AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION tell_outbox()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER outbox_told ON outbox")
    op.execute("DROP FUNCTION tell_outbox()")
    op.execute("DROP TABLE dead_letters")
    op.execute("DROP TABLE relay_state")
