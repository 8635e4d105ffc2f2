"""What a message asks for its pictures."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""
        ALTER TABLE messages ADD COLUMN task text CONSTRAINT messages_task_check
            CHECK (task IN ('describe', 'read', 'answer', 'entities', 'chart'));
    """)
