"""Knowledge bases; documents that are read step by step; the layout, pictures and entities of pages."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BASES = """
CREATE TABLE knowledge_bases (
    base_id uuid NOT NULL CONSTRAINT knowledge_bases_pk PRIMARY KEY,
    owner_id uuid NOT NULL CONSTRAINT knowledge_bases_owner_id_fk REFERENCES users ON DELETE CASCADE,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT knowledge_bases_position_key UNIQUE,
    name text NOT NULL,
    describes_figures boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT knowledge_bases_owner_id_name_key UNIQUE (owner_id, name)
);

CREATE TABLE chat_bases (
    chat_id uuid NOT NULL CONSTRAINT chat_bases_chat_id_fk REFERENCES chats ON DELETE CASCADE,
    base_id uuid NOT NULL CONSTRAINT chat_bases_base_id_fk REFERENCES knowledge_bases ON DELETE CASCADE,
    CONSTRAINT chat_bases_pk PRIMARY KEY (chat_id, base_id)
);
CREATE INDEX chat_bases_base_id_index ON chat_bases (base_id);
"""

# What was in the library before there were bases becomes a base of its own.
_DOCUMENTS = """
INSERT INTO knowledge_bases (base_id, owner_id, name)
SELECT gen_random_uuid(), owner_id, 'Library' FROM documents WHERE in_library GROUP BY owner_id;

ALTER TABLE documents
    DROP CONSTRAINT documents_kind_check,
    DROP CONSTRAINT documents_status_check,
    ALTER COLUMN kind DROP NOT NULL,
    ADD COLUMN base_id uuid CONSTRAINT documents_base_id_fk REFERENCES knowledge_bases ON DELETE CASCADE,
    ADD COLUMN parent_id uuid CONSTRAINT documents_parent_id_fk REFERENCES documents ON DELETE CASCADE,
    ADD COLUMN path text,
    ADD COLUMN stage text CONSTRAINT documents_stage_check
        CHECK (stage IN ('queued', 'parsing', 'recognising', 'indexing')),
    ADD COLUMN error_reason text,
    ADD COLUMN title text,
    ADD COLUMN author text,
    ADD COLUMN outline jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN pages_read integer NOT NULL DEFAULT 0,
    ADD COLUMN replaced_by uuid CONSTRAINT documents_replaced_by_fk REFERENCES documents ON DELETE SET NULL,
    ADD CONSTRAINT documents_status_check
        CHECK (status IN ('reading', 'ready', 'failed', 'cancelled', 'replaced'));
UPDATE documents SET pages_read = page_count;
UPDATE documents SET kind = 'markdown' WHERE media_type = 'text/markdown';
UPDATE documents SET base_id = knowledge_bases.base_id FROM knowledge_bases
    WHERE documents.owner_id = knowledge_bases.owner_id AND in_library;
ALTER TABLE documents DROP COLUMN in_library;
CREATE INDEX documents_base_id_index ON documents (base_id, position);
CREATE INDEX documents_parent_id_index ON documents (parent_id);
CREATE INDEX documents_replaced_by_index ON documents (replaced_by);
CREATE INDEX documents_path_index ON documents (base_id, path) WHERE path IS NOT NULL;
CREATE INDEX documents_reading_index ON documents (position) WHERE status = 'reading';

-- A document may be sent as it is (page 0) and, beside that, single pages of it as pictures.
ALTER TABLE message_documents
    ADD COLUMN page integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT message_documents_pk,
    ADD CONSTRAINT message_documents_pk PRIMARY KEY (message_id, document_id, page);
"""

# Reasons were sentences and are codes now; a page without a known one goes without.
_PAGES = """
ALTER TABLE pages
    DROP CONSTRAINT pages_status_check,
    DROP COLUMN exact_places,
    ADD COLUMN label text,
    ADD COLUMN confidence real,
    ADD COLUMN blocks jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN words jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN links jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT pages_status_check
        CHECK (status IN ('text', 'ocr', 'waiting', 'picture', 'no_text', 'skipped', 'failed'));
UPDATE pages SET reason = CASE reason
    WHEN 'no text layer: a scan or a picture' THEN 'no_text_layer'
    WHEN 'the page is empty' THEN 'empty'
    WHEN 'the page is damaged' THEN 'damaged'
END WHERE reason IS NOT NULL;

CREATE TABLE figures (
    document_id uuid NOT NULL CONSTRAINT figures_document_id_fk REFERENCES documents ON DELETE CASCADE,
    page integer NOT NULL,
    number integer NOT NULL,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    box jsonb,
    alt text NOT NULL,
    status text NOT NULL CONSTRAINT figures_status_check
        CHECK (status IN ('found', 'waiting', 'described', 'skipped', 'failed')),
    reason text,
    description text,
    described_by text,
    CONSTRAINT figures_pk PRIMARY KEY (document_id, page, number)
);
CREATE INDEX figures_sha256_index ON figures (sha256);

CREATE TABLE entities (
    document_id uuid NOT NULL,
    page integer NOT NULL,
    figure integer NOT NULL,
    place integer NOT NULL,
    kind text NOT NULL CONSTRAINT entities_kind_check
        CHECK (kind IN ('text', 'face', 'object', 'table', 'chart', 'stamp', 'signature')),
    label text NOT NULL,
    box jsonb,
    confidence real,
    found_by text NOT NULL,
    CONSTRAINT entities_pk PRIMARY KEY (document_id, page, figure, place),
    CONSTRAINT entities_figure_fk FOREIGN KEY (document_id, page, figure) REFERENCES figures ON DELETE CASCADE
);

INSERT INTO figures (document_id, page, number, sha256, media_type, width, height, alt, status)
SELECT document_id, 0, 1, picture_sha256, picture_media_type,
    greatest(1, coalesce(pages.width, 1))::integer, greatest(1, coalesce(pages.height, 1))::integer, '', 'found'
FROM documents JOIN pages USING (document_id) WHERE picture_sha256 IS NOT NULL AND pages.number = 0;
DROP INDEX documents_picture_sha256_index;
ALTER TABLE documents DROP COLUMN picture_sha256, DROP COLUMN picture_media_type;

ALTER TABLE chunks
    ADD COLUMN figure integer,
    ADD COLUMN headings text[] NOT NULL DEFAULT '{}';
"""

# Indexing is to cost little. translate() looks at each character, replace() for bytes. A lexeme's dimension comes from
# PostgreSQL's own hash of its bytes, which takes a tenth of the time of MD5 or SHA-256 with their way from digits to a
# number; it has been the same since PostgreSQL 11 on all machines of one byte order (hashfn.c), and whoever moves to
# one of the other order fills ``weights`` anew, as below. All weights of a chunk are made in one query, in no order:
# sparsevec sorts them. Whoever chooses words to meet in a dimension spoils the rank of his own text only.
_SEARCH = r"""
CREATE OR REPLACE FUNCTION samovar_lexemes(body text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT to_tsvector(
        'samovar', replace(replace(replace(replace(body, 'Ё', 'Е'), 'ё', 'е'), E'\uFFFD', ' '), E'\u00AD', '')
    )
$$;

CREATE OR REPLACE FUNCTION samovar_dimension(lexeme text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT mod(hashtextextended(lexeme, 0) & 9223372036854775807, 1000000000)::integer + 1 $$;

CREATE OR REPLACE FUNCTION samovar_weights(lexemes tsvector) RETURNS sparsevec
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT ('{' || string_agg(dimension || ':' || weight, ',') || '}/1000000000')::sparsevec
    FROM (
        SELECT dimension, sum(times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / 90.0)))::real AS weight
        FROM (
            SELECT samovar_dimension(lexeme) AS dimension, cardinality(positions)::double precision AS times, length
            FROM unnest(lexemes), (
                SELECT sum(cardinality(positions))::double precision AS length FROM unnest(lexemes)
            ) AS whole
        ) AS part
        GROUP BY dimension LIMIT 16000
    ) AS parts
$$;
UPDATE chunks SET weights = coalesce(samovar_weights(lexemes), '{}/1000000000'::sparsevec);
"""


def upgrade() -> None:
    for part in (_BASES, _DOCUMENTS, _PAGES, _SEARCH):
        op.get_bind().exec_driver_sql(part)
