"""Keep the analysis of calculations."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """ALTER TABLE pricing_calculations ADD COLUMN analysis JSONB
    CONSTRAINT pricing_calculations_analysis_check
        CHECK (jsonb_typeof(analysis) = 'object')""",
    # What was recorded before is held by its event alone.
    """UPDATE pricing_calculations SET analysis = jsonb_build_object(
        'market_data', payload -> 'market_data',
        'performance_metrics', payload -> 'performance_metrics',
        'metadata', payload -> 'metadata')
    FROM outbox
    WHERE kind = 'calculation_recorded' AND payload ? 'market_data'
        AND pricing_calculations.id = (payload ->> 'calculation_id')::uuid""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE pricing_calculations DROP COLUMN analysis")
