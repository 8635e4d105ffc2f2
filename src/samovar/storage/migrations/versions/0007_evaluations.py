"""Question sets that are run against a knowledge base."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""
        CREATE TABLE evaluations (
            evaluation_id uuid NOT NULL CONSTRAINT evaluations_pk PRIMARY KEY,
            owner_id uuid NOT NULL CONSTRAINT evaluations_owner_id_fk REFERENCES users ON DELETE CASCADE,
            base_id uuid NOT NULL CONSTRAINT evaluations_base_id_fk REFERENCES knowledge_bases ON DELETE CASCADE,
            position bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT evaluations_position_key UNIQUE,
            name text NOT NULL,
            status text NOT NULL CONSTRAINT evaluations_status_check
                CHECK (status IN ('waiting', 'running', 'done', 'cancelled', 'failed', 'interrupted')),
            server integer NOT NULL,
            error_code text,
            settings jsonb NOT NULL,
            question_count integer NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz
        );
        CREATE INDEX evaluations_owner_id_index ON evaluations (owner_id, position);
        CREATE INDEX evaluations_base_id_index ON evaluations (base_id);
        -- One of each person at a time.
        CREATE UNIQUE INDEX evaluations_live_index ON evaluations (owner_id) WHERE status IN ('waiting', 'running');

        CREATE TABLE evaluation_questions (
            evaluation_id uuid NOT NULL CONSTRAINT evaluation_questions_evaluation_id_fk
                REFERENCES evaluations ON DELETE CASCADE,
            number integer NOT NULL,
            asked jsonb NOT NULL,
            problem text,
            ranks integer[],
            took_ms real[],
            answers jsonb,
            CONSTRAINT evaluation_questions_pk PRIMARY KEY (evaluation_id, number)
        );
    """)
