"""Give users a role and create api_keys."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """ALTER TABLE users
    ADD COLUMN role TEXT DEFAULT 'customer' NOT NULL,
    ADD CONSTRAINT users_role_check
        CHECK (role IN ('customer', 'analyst', 'service', 'admin'))""",
    """CREATE TABLE api_keys (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    prefix TEXT NOT NULL,
    hashed_secret BYTEA NOT NULL,
    name TEXT NOT NULL,
    user_id UUID,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
    CONSTRAINT api_keys_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_role_check
        CHECK (role IN ('customer', 'analyst', 'service', 'admin')),
    CONSTRAINT api_keys_prefix_check
        CHECK (prefix ~ '^[a-z2-7]{10}$'),
    CONSTRAINT api_keys_hashed_secret_check
        CHECK (octet_length(hashed_secret) = 32),
    CONSTRAINT api_keys_name_check
        CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_user_id_check
        CHECK (role <> 'customer' OR user_id IS NOT NULL),
    CONSTRAINT api_keys_expires_at_check
        CHECK (expires_at > created_at)
)""",
    """CREATE INDEX api_keys_created_at_id_idx
    ON api_keys (created_at DESC, id DESC)""",
    """CREATE INDEX api_keys_user_id_idx
    ON api_keys (user_id)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE api_keys")
    op.execute("ALTER TABLE users DROP COLUMN role")
