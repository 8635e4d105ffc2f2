"""The first schema."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ACCOUNTS = """
CREATE TABLE users (
    user_id uuid NOT NULL CONSTRAINT users_pk PRIMARY KEY,
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_first boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_is_first_index ON users (is_first) WHERE is_first;

CREATE TABLE links (
    token_hash text NOT NULL CONSTRAINT links_pk PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT links_user_id_fk REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX links_user_id_index ON links (user_id);

CREATE TABLE sessions (
    session_id uuid NOT NULL CONSTRAINT sessions_pk PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_id_fk REFERENCES users ON DELETE CASCADE,
    token_hash text NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user_id_index ON sessions (user_id);

CREATE TABLE api_keys (
    key_id uuid NOT NULL CONSTRAINT api_keys_pk PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT api_keys_user_id_fk REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    prefix text NOT NULL,
    token_hash text NOT NULL CONSTRAINT api_keys_token_hash_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_user_id_index ON api_keys (user_id);
"""

_CHATS = """
CREATE SEQUENCE chat_changes AS bigint;

CREATE TABLE chats (
    chat_id uuid NOT NULL CONSTRAINT chats_pk PRIMARY KEY,
    owner_id uuid NOT NULL CONSTRAINT chats_owner_id_fk REFERENCES users ON DELETE CASCADE,
    title text NOT NULL,
    system_prompt text NOT NULL,
    model text,
    parameters jsonb NOT NULL,
    head_id uuid,
    change bigint NOT NULL DEFAULT nextval('chat_changes'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chats_owner_id_index ON chats (owner_id, change);

CREATE TABLE messages (
    message_id uuid NOT NULL CONSTRAINT messages_pk PRIMARY KEY,
    chat_id uuid NOT NULL CONSTRAINT messages_chat_id_fk REFERENCES chats ON DELETE CASCADE,
    parent_id uuid,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT messages_position_key UNIQUE,
    role text NOT NULL CONSTRAINT messages_role_check CHECK (role IN ('system', 'user', 'assistant')),
    text text NOT NULL,
    reasoning text NOT NULL,
    model text,
    citations jsonb NOT NULL,
    idempotency_key text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT messages_chat_id_key UNIQUE (chat_id, message_id),
    CONSTRAINT messages_idempotency_key_key UNIQUE (chat_id, idempotency_key),
    CONSTRAINT messages_parent_id_fk FOREIGN KEY (chat_id, parent_id)
        REFERENCES messages (chat_id, message_id) ON DELETE CASCADE
);
CREATE INDEX messages_chat_id_index ON messages (chat_id, position);
CREATE INDEX messages_parent_id_index ON messages (chat_id, parent_id);

CREATE TABLE runs (
    run_id uuid NOT NULL CONSTRAINT runs_pk PRIMARY KEY,
    chat_id uuid NOT NULL CONSTRAINT runs_chat_id_fk REFERENCES chats ON DELETE CASCADE,
    message_id uuid NOT NULL CONSTRAINT runs_message_id_fk REFERENCES messages ON DELETE CASCADE
        CONSTRAINT runs_message_id_key UNIQUE,
    status text NOT NULL CONSTRAINT runs_status_check
        CHECK (status IN ('queued', 'running', 'done', 'stopped', 'failed', 'interrupted')),
    owner integer NOT NULL,
    model text,
    backend text,
    ledger jsonb,
    outcome jsonb,
    last_seq integer NOT NULL,
    error_code text,
    prompt_tokens integer,
    completion_tokens integer,
    cached_tokens integer,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX runs_chat_id_index ON runs (chat_id);
CREATE INDEX runs_live_index ON runs (owner) WHERE status IN ('queued', 'running');

CREATE TABLE run_events (
    run_id uuid NOT NULL CONSTRAINT run_events_run_id_fk REFERENCES runs ON DELETE CASCADE,
    first_seq integer NOT NULL,
    last_seq integer NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT run_events_pk PRIMARY KEY (run_id, first_seq)
);
"""

_DOCUMENTS = """
CREATE TABLE documents (
    document_id uuid NOT NULL CONSTRAINT documents_pk PRIMARY KEY,
    owner_id uuid NOT NULL CONSTRAINT documents_owner_id_fk REFERENCES users ON DELETE CASCADE,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT documents_position_key UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CONSTRAINT documents_kind_check CHECK (kind IN ('text', 'pdf', 'image')),
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    status text NOT NULL CONSTRAINT documents_status_check CHECK (status IN ('reading', 'ready', 'failed')),
    error_code text,
    page_count integer NOT NULL,
    chunk_count integer NOT NULL DEFAULT 0,
    in_library boolean NOT NULL,
    picture_sha256 text,
    picture_media_type text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX documents_owner_id_index ON documents (owner_id, sha256);
CREATE INDEX documents_sha256_index ON documents (sha256);
CREATE INDEX documents_picture_sha256_index ON documents (picture_sha256);

CREATE TABLE chat_documents (
    chat_id uuid NOT NULL CONSTRAINT chat_documents_chat_id_fk REFERENCES chats ON DELETE CASCADE,
    document_id uuid NOT NULL CONSTRAINT chat_documents_document_id_fk REFERENCES documents ON DELETE CASCADE,
    CONSTRAINT chat_documents_pk PRIMARY KEY (chat_id, document_id)
);
CREATE INDEX chat_documents_document_id_index ON chat_documents (document_id);

CREATE TABLE message_documents (
    message_id uuid NOT NULL CONSTRAINT message_documents_message_id_fk REFERENCES messages ON DELETE CASCADE,
    document_id uuid NOT NULL CONSTRAINT message_documents_document_id_fk REFERENCES documents ON DELETE CASCADE,
    place integer NOT NULL,
    CONSTRAINT message_documents_pk PRIMARY KEY (message_id, document_id)
);
CREATE INDEX message_documents_document_id_index ON message_documents (document_id);

CREATE TABLE pages (
    document_id uuid NOT NULL CONSTRAINT pages_document_id_fk REFERENCES documents ON DELETE CASCADE,
    number integer NOT NULL,
    text text NOT NULL,
    status text NOT NULL CONSTRAINT pages_status_check CHECK (status IN ('text', 'no_text', 'picture', 'failed')),
    reason text,
    width double precision,
    height double precision,
    exact_places boolean NOT NULL,
    CONSTRAINT pages_pk PRIMARY KEY (document_id, number)
);
"""

# One configuration for both languages: words in Latin letters go to the English stemmer, words in
# Cyrillic letters to the Russian one. Russian is written with and without ё, so ё becomes е. What stands
# for characters that cannot be stored parts words and joins none; the mark of a word divided at the end of a
# line (U+00AD) is left out, so that the word is found whole.
#
# BM25 with k1 = 1.2 and b = 0.75. A chunk's own half of the formula needs the average length of all
# chunks, which changes with every document; chunks are cut to a similar size, so a constant stands
# for it and a stored weight never has to be written again.
#
# A lexeme's dimension is a hash: no table of words to keep, lock or clean. SHA-256 gives the same
# number on every server and in every version, unlike PostgreSQL's own hash functions. Two lexemes
# of one chunk that meet in a dimension are added up.
_SEARCH = r"""
CREATE TEXT SEARCH CONFIGURATION samovar (COPY = russian);

CREATE FUNCTION samovar_lexemes(body text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT to_tsvector('samovar', translate(body, E'Ёё\uFFFD\u00AD', 'Ее ')) $$;

CREATE FUNCTION samovar_word(lexeme text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery $$;

CREATE FUNCTION samovar_dimension(lexeme text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT mod(('x00' || encode(substr(sha256(convert_to(lexeme, 'UTF8')), 1, 4), 'hex'))::bit(40)::bigint, 1000000000)
        ::integer + 1
$$;

CREATE FUNCTION samovar_vector(dimensions integer[], weights double precision[]) RETURNS sparsevec
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT ('{' || coalesce(string_agg(dimension || ':' || weight, ','), '') || '}/1000000000')::sparsevec
    FROM (
        SELECT dimension, sum(weight)::real AS weight
        FROM unnest(dimensions, weights) AS part(dimension, weight)
        GROUP BY dimension ORDER BY dimension LIMIT 16000
    ) AS parts
$$;

CREATE FUNCTION samovar_weights(lexemes tsvector) RETURNS sparsevec LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT samovar_vector(array_agg(samovar_dimension(lexeme)), array_agg(
        times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / 90.0))
    ))
    FROM (
        SELECT lexeme, cardinality(positions)::double precision AS times,
            sum(cardinality(positions)) OVER ()::double precision AS length
        FROM unnest(lexemes)
    ) AS counted
$$;

CREATE TABLE chunks (
    chunk_id uuid NOT NULL CONSTRAINT chunks_pk PRIMARY KEY,
    document_id uuid NOT NULL CONSTRAINT chunks_document_id_fk REFERENCES documents ON DELETE CASCADE,
    page integer,
    start integer NOT NULL,
    "end" integer NOT NULL,
    text text NOT NULL,
    lexemes tsvector NOT NULL,
    weights sparsevec(1000000000) NOT NULL
);
-- Weights are read for every candidate: they stay in the row, and text and lexemes make room.
ALTER TABLE chunks ALTER COLUMN weights SET STORAGE MAIN;
CREATE INDEX chunks_document_id_index ON chunks (document_id);
CREATE INDEX chunks_lexemes_index ON chunks USING gin (lexemes);
"""


def upgrade() -> None:
    for part in (_ACCOUNTS, _CHATS, _DOCUMENTS, _SEARCH):
        op.get_bind().exec_driver_sql(part)
