"""Model servers that were added by hand."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BACKENDS = """
CREATE TABLE backends (
    name text NOT NULL CONSTRAINT backends_pk PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT backends_position_key UNIQUE,
    kind text NOT NULL,
    url text NOT NULL CONSTRAINT backends_url_key UNIQUE,
    key text,
    parallel integer,
    load jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for part in (_BACKENDS,):
        op.get_bind().exec_driver_sql(part)
