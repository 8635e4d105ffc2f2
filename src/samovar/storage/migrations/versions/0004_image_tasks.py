"""What a message asks for its pictures, and which model is asked for the description of one."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""
        ALTER TABLE messages ADD COLUMN task text CONSTRAINT messages_task_check
            CHECK (task IN ('describe', 'read', 'answer', 'entities', 'chart'));
        ALTER TABLE figures ADD COLUMN asked_of text;
        CREATE INDEX figures_waiting_index ON figures (document_id) WHERE status = 'waiting';
    """)
