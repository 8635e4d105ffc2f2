"""Model servers that were added by hand; what keys may do, and what they have used."""

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

# Keys of the first version opened everything, so they keep that right; a new key names its scopes.
_KEYS = """
ALTER TABLE api_keys
    ADD COLUMN scopes text[],
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN requests_per_minute integer
        CONSTRAINT api_keys_requests_per_minute_check CHECK (requests_per_minute > 0),
    ADD COLUMN tokens_per_day bigint CONSTRAINT api_keys_tokens_per_day_check CHECK (tokens_per_day > 0),
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN revoked_at timestamptz;
UPDATE api_keys SET scopes = ARRAY['models', 'chat', 'embeddings', 'app'];
ALTER TABLE api_keys
    ALTER COLUMN scopes SET NOT NULL,
    ADD CONSTRAINT api_keys_scopes_check CHECK (scopes <@ ARRAY['models', 'chat', 'embeddings', 'app']);

CREATE TABLE key_usage (
    key_id uuid NOT NULL CONSTRAINT key_usage_key_id_fk REFERENCES api_keys ON DELETE CASCADE,
    day date NOT NULL,
    requests bigint NOT NULL,
    tokens bigint NOT NULL,
    CONSTRAINT key_usage_pk PRIMARY KEY (key_id, day)
);
"""


def upgrade() -> None:
    for part in (_BACKENDS, _KEYS):
        op.get_bind().exec_driver_sql(part)
