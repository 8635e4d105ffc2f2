"""Vectors of chunks by embedder, and knowledge bases that are shared."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""
        ALTER TABLE knowledge_bases ADD COLUMN is_shared boolean NOT NULL DEFAULT false;
        CREATE INDEX knowledge_bases_shared_index ON knowledge_bases (base_id) WHERE is_shared;
        ALTER TABLE documents ADD COLUMN has_vectors boolean NOT NULL DEFAULT false;
        CREATE INDEX documents_wanting_index ON documents (position)
            WHERE status = 'ready' AND chunk_count > 0 AND NOT has_vectors;

        -- What follows another chunk stands beside it here.
        DROP INDEX chunks_document_id_index;
        CREATE INDEX chunks_document_id_index ON chunks (document_id, page, start);
        -- Which words are common is asked of these statistics: 10 for each of the target are kept.
        ALTER TABLE chunks ALTER COLUMN lexemes SET STATISTICS 300;

        CREATE TABLE embedders (
            embedder_id integer NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT embedders_pk PRIMARY KEY,
            name text NOT NULL CONSTRAINT embedders_name_key UNIQUE,
            dimensions integer NOT NULL,
            is_wanted boolean NOT NULL DEFAULT false,
            was_complete boolean NOT NULL DEFAULT false,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        -- One table for vectors of every length: each embedder has an index of its own over its rows.
        CREATE TABLE vectors (
            chunk_id uuid NOT NULL CONSTRAINT vectors_chunk_id_fk REFERENCES chunks ON DELETE CASCADE,
            embedder_id integer NOT NULL CONSTRAINT vectors_embedder_id_fk REFERENCES embedders ON DELETE CASCADE,
            document_id uuid NOT NULL,
            vector halfvec NOT NULL,
            CONSTRAINT vectors_pk PRIMARY KEY (chunk_id, embedder_id)
        );
        CREATE INDEX vectors_document_id_index ON vectors (document_id);

        -- The text as words are looked for in it; the index and whoever asks it use the same.
        CREATE FUNCTION samovar_plain(body text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$
            SELECT replace(replace(replace(replace(body, 'Ё', 'Е'), 'ё', 'е'), E'\\uFFFD', ' '), E'\\u00AD', '')
        $$;
    """)
