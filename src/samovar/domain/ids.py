"""Identifiers as distinct types, so that a chat id never stands where a run id is meant."""

from typing import NewType
from uuid import UUID, uuid4

__all__ = [
    "BaseId",
    "ChatId",
    "ChunkId",
    "DocumentId",
    "EvaluationId",
    "ExampleSetId",
    "KeyId",
    "MessageId",
    "PromptId",
    "RunId",
    "SessionId",
    "SummaryId",
    "UserId",
    "new_base_id",
    "new_chat_id",
    "new_chunk_id",
    "new_document_id",
    "new_evaluation_id",
    "new_examples_id",
    "new_key_id",
    "new_message_id",
    "new_prompt_id",
    "new_run_id",
    "new_session_id",
    "new_summary_id",
    "new_user_id",
]

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
KeyId = NewType("KeyId", UUID)
ChatId = NewType("ChatId", UUID)
MessageId = NewType("MessageId", UUID)
RunId = NewType("RunId", UUID)
BaseId = NewType("BaseId", UUID)
DocumentId = NewType("DocumentId", UUID)
ChunkId = NewType("ChunkId", UUID)
EvaluationId = NewType("EvaluationId", UUID)
SummaryId = NewType("SummaryId", UUID)
PromptId = NewType("PromptId", UUID)
ExampleSetId = NewType("ExampleSetId", UUID)


def new_user_id() -> UserId:
    """Make an id for an account."""
    return UserId(uuid4())


def new_session_id() -> SessionId:
    """Make an id for a signed-in session."""
    return SessionId(uuid4())


def new_key_id() -> KeyId:
    """Make an id for an API key."""
    return KeyId(uuid4())


def new_chat_id() -> ChatId:
    """Make an id for a chat."""
    return ChatId(uuid4())


def new_message_id() -> MessageId:
    """Make an id for a message."""
    return MessageId(uuid4())


def new_run_id() -> RunId:
    """Make an id for a run."""
    return RunId(uuid4())


def new_base_id() -> BaseId:
    """Make an id for a knowledge base."""
    return BaseId(uuid4())


def new_document_id() -> DocumentId:
    """Make an id for a document."""
    return DocumentId(uuid4())


def new_chunk_id() -> ChunkId:
    """Make an id for a chunk."""
    return ChunkId(uuid4())


def new_evaluation_id() -> EvaluationId:
    """Make an id for a question set that is run."""
    return EvaluationId(uuid4())


def new_summary_id() -> SummaryId:
    """Make an id for a summary."""
    return SummaryId(uuid4())


def new_prompt_id() -> PromptId:
    """Make an id for a prompt of the library."""
    return PromptId(uuid4())


def new_examples_id() -> ExampleSetId:
    """Make an id for an example set."""
    return ExampleSetId(uuid4())
