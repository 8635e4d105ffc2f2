"""Chats in folders, with tags and strategies; summaries, prompts, example sets; the index of what was said."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""
        CREATE TABLE example_sets (
            examples_id uuid NOT NULL CONSTRAINT example_sets_pk PRIMARY KEY,
            owner_id uuid NOT NULL CONSTRAINT example_sets_owner_id_fk REFERENCES users ON DELETE CASCADE,
            name text NOT NULL,
            instruction text NOT NULL,
            examples jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT example_sets_owner_id_key UNIQUE (owner_id, examples_id)
        );
        CREATE INDEX example_sets_owner_id_index ON example_sets (owner_id, name);

        ALTER TABLE chats
            ADD COLUMN folder text NOT NULL DEFAULT '',
            ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
            ADD COLUMN is_pinned boolean NOT NULL DEFAULT false,
            ADD COLUMN is_archived boolean NOT NULL DEFAULT false,
            ADD COLUMN strategy text NOT NULL DEFAULT 'auto' CONSTRAINT chats_strategy_check
                CHECK (strategy IN ('auto', 'window', 'summary', 'recall')),
            ADD COLUMN context_after bigint,
            ADD COLUMN facts jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN examples_id uuid,
            -- The set is the owner's: one of somebody else cannot be smuggled in.
            ADD CONSTRAINT chats_examples_id_fk FOREIGN KEY (owner_id, examples_id)
                REFERENCES example_sets (owner_id, examples_id) ON DELETE SET NULL (examples_id);
        CREATE INDEX chats_examples_id_index ON chats (examples_id) WHERE examples_id IS NOT NULL;

        CREATE TABLE summaries (
            summary_id uuid NOT NULL CONSTRAINT summaries_pk PRIMARY KEY,
            chat_id uuid NOT NULL CONSTRAINT summaries_chat_id_fk REFERENCES chats ON DELETE CASCADE,
            position bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT summaries_position_key UNIQUE,
            through_id uuid NOT NULL,
            turns integer NOT NULL,
            text text NOT NULL,
            model text NOT NULL,
            is_active boolean NOT NULL,
            is_edited boolean NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT summaries_through_id_fk FOREIGN KEY (chat_id, through_id)
                REFERENCES messages (chat_id, message_id) ON DELETE CASCADE
        );
        CREATE INDEX summaries_chat_id_index ON summaries (chat_id, position);

        CREATE TABLE prompts (
            prompt_id uuid NOT NULL CONSTRAINT prompts_pk PRIMARY KEY,
            owner_id uuid NOT NULL CONSTRAINT prompts_owner_id_fk REFERENCES users ON DELETE CASCADE,
            name text NOT NULL,
            title text NOT NULL,
            text text NOT NULL,
            tags text[] NOT NULL,
            is_shared boolean NOT NULL,
            system_prompt text,
            model text,
            parameters jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT prompts_owner_id_name_key UNIQUE (owner_id, name)
        );
        CREATE INDEX prompts_shared_index ON prompts (name) WHERE is_shared;

        -- Apart from the messages, whose rows are written anew with every checkpoint of a reply.
        CREATE TABLE message_words (
            message_id uuid NOT NULL CONSTRAINT message_words_pk PRIMARY KEY
                CONSTRAINT message_words_message_id_fk REFERENCES messages ON DELETE CASCADE,
            chat_id uuid NOT NULL CONSTRAINT message_words_chat_id_fk REFERENCES chats ON DELETE CASCADE,
            lexemes tsvector NOT NULL,
            weights sparsevec(1000000000) NOT NULL
        );
        -- As with chunks: weights are read for every candidate and stay in the row, lexemes make room.
        ALTER TABLE message_words ALTER COLUMN weights SET STORAGE MAIN, ALTER COLUMN lexemes SET STORAGE EXTERNAL;
        CREATE INDEX message_words_chat_id_index ON message_words (chat_id);
        CREATE INDEX message_words_lexemes_index ON message_words USING gin (lexemes);

        -- A tsvector holds 1 MB: of a message with more different words than that its beginning is found.
        CREATE FUNCTION samovar_message_lexemes(body text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT
        AS $$
            BEGIN
                RETURN samovar_lexemes(left(body, 400000));
            EXCEPTION WHEN program_limit_exceeded THEN
                RETURN samovar_lexemes(left(body, 50000));
            END
        $$;
    """)
