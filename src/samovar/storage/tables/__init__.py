"""The tables, as SQLAlchemy Core sees them; the migrations make them, a test compares the two."""

from samovar.storage.tables.accounts import api_keys, key_usage, links, sessions, users
from samovar.storage.tables.conversations import chat_changes, chats, messages, run_events, runs, summaries
from samovar.storage.tables.index import chunks, embedders, message_words, vectors
from samovar.storage.tables.instructions import example_sets, prompts
from samovar.storage.tables.library import (
    chat_bases,
    chat_documents,
    documents,
    entities,
    figures,
    knowledge_bases,
    message_documents,
    pages,
)
from samovar.storage.tables.measurements import evaluation_questions, evaluations
from samovar.storage.tables.schema import metadata
from samovar.storage.tables.servers import backends
from samovar.storage.tables.types import HalfVector, SparseVector, StoredText

__all__ = [
    "HalfVector",
    "SparseVector",
    "StoredText",
    "api_keys",
    "backends",
    "chat_bases",
    "chat_changes",
    "chat_documents",
    "chats",
    "chunks",
    "documents",
    "embedders",
    "entities",
    "evaluation_questions",
    "evaluations",
    "example_sets",
    "figures",
    "key_usage",
    "knowledge_bases",
    "links",
    "message_documents",
    "message_words",
    "messages",
    "metadata",
    "pages",
    "prompts",
    "run_events",
    "runs",
    "sessions",
    "summaries",
    "users",
    "vectors",
]
