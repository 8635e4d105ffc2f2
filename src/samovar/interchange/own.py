"""Chats of Samovar: the versioned form in which nothing is lost.

A file is ``{"format": "samovar-chats", "version": 1, "chats": [...]}``; docs/reference/samovar-json.md describes it.
Ids are a part of it, so that the same chat is never imported twice.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast, get_args
from uuid import UUID

import orjson

from samovar.domain.chat import Chat, Message
from samovar.domain.citation import Citation, CitationOrigin, citation_to_json
from samovar.domain.context import CONTEXT_STRATEGIES, ContextStrategy, PinnedFact, Summary
from samovar.domain.document import Document
from samovar.domain.errors import InvalidParameter
from samovar.domain.generation import Role
from samovar.domain.ids import ChatId, DocumentId, ExampleSetId, MessageId, RunId, SummaryId, UserId
from samovar.domain.image_tasks import IMAGE_TASKS, ImageTask
from samovar.domain.parameters import GenerationParameters, read_parameters
from samovar.domain.run import LIVE_STATUSES, RunStatus
from samovar.interchange.arriving import ArrivingChat, FileReference
from samovar.interchange.limits import LONGEST_NAME, LONGEST_SYSTEM_PROMPT, LONGEST_TITLE, MOST_MESSAGES
from samovar.interchange.report import Report
from samovar.interchange.wire import flag, items, label, labels, members, stored_text, string

__all__ = ["BEGINNING", "ENDING", "FORMAT", "VERSION", "NotOurs", "read", "record"]

FORMAT: Final = "samovar-chats"
VERSION: Final = 1
#: What stands before the first chat and after the last one; between two there is a comma and a new line.
BEGINNING: Final = b'{"format":"samovar-chats","version":1,"chats":[\n'
ENDING: Final = b"\n]}\n"
_ENDED: Final[tuple[RunStatus, ...]] = tuple(one for one in get_args(RunStatus) if one not in LIVE_STATUSES)
_ROLES: Final[tuple[Role, ...]] = get_args(Role)
_ORIGINS: Final[tuple[CitationOrigin, ...]] = get_args(CitationOrigin)
_LONGEST_CODE: Final = 100


class NotOurs(ValueError):
    """A chat that does not have our form."""


def record(
    chat: Chat, messages: Sequence[Message], summaries: Sequence[Summary], documents: Mapping[DocumentId, Document]
) -> bytes:
    """A chat with its whole tree as one line of JSON; of ``documents`` go the name and the hash, never the bytes."""
    before = [message for message in messages if message.position <= (chat.context_after or 0)]
    return orjson.dumps(
        {
            "id": str(chat.chat_id),
            "title": chat.title,
            "system_prompt": chat.system_prompt,
            "model": chat.model,
            "parameters": chat.parameters.chosen(),
            "head_id": _id(chat.head_id),
            "folder": chat.folder,
            "tags": chat.tags,
            "pinned": chat.is_pinned,
            "archived": chat.is_archived,
            "strategy": chat.strategy,
            "context_after": _id(before[-1].message_id) if before else None,
            "facts": [{"text": fact.text, "message_id": _id(fact.message_id)} for fact in chat.facts],
            "examples_id": _id(chat.examples_id),
            "created_at": _date(chat.created_at),
            "updated_at": _date(chat.updated_at),
            "messages": [_message_record(message, documents) for message in messages],
            "summaries": [_summary_record(summary) for summary in summaries],
        }
    )


def _message_record(message: Message, documents: Mapping[DocumentId, Document]) -> dict[str, object]:
    sent: list[tuple[DocumentId, int | None]] = [(document_id, None) for document_id in message.document_ids]
    sent.extend((page.document_id, page.page) for page in message.pages)
    # A reply that is being written has no end yet; whoever imports it has what was there.
    ended = message.run_status if message.run_status in _ENDED else "interrupted"
    return {
        "id": str(message.message_id),
        "parent_id": _id(message.parent_id),
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "model": message.model,
        "task": message.task,
        "documents": [_file_record(document_id, page, documents) for document_id, page in sent],
        "citations": [citation_to_json(citation) for citation in message.citations],
        "run": None
        if message.run_id is None
        else {"id": str(message.run_id), "status": ended, "error_code": message.error_code, "outcome": message.outcome},
        "created_at": _date(message.created_at),
    }


def _file_record(
    document_id: DocumentId, page: int | None, documents: Mapping[DocumentId, Document]
) -> dict[str, object]:
    document = documents.get(document_id)
    about = {"name": document.name if document else "", "sha256": document.sha256 if document else ""}
    return {"id": str(document_id), **about, "page": page}


def _summary_record(summary: Summary) -> dict[str, object]:
    return {
        "id": str(summary.summary_id),
        "through_id": str(summary.through_id),
        "turns": summary.turns,
        "text": summary.text,
        "model": summary.model,
        "active": summary.is_active,
        "edited": summary.is_edited,
        "created_at": _date(summary.created_at),
    }


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _date(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def read(value: Mapping[str, object], owner_id: UserId, report: Report) -> ArrivingChat:
    """Read a chat that ``record`` has written. Raises: NotOurs when anything of it is not as it was written."""
    chat_id = ChatId(_read_id(value.get("id")))
    listed = items(value.get("messages"))
    if len(listed) > MOST_MESSAGES:
        raise NotOurs("messages")
    messages: dict[MessageId, Message] = {}
    files: dict[MessageId, tuple[FileReference, ...]] = {}
    for place, one in enumerate(map(members, listed), start=1):
        message = _read_message(one, chat_id, place, report)
        if message.message_id in messages or (message.parent_id is not None and message.parent_id not in messages):
            raise NotOurs("the tree")
        messages[message.message_id] = message
        if references := tuple(map(_read_file, map(members, items(one.get("documents"))))):
            files[message.message_id] = references
    chat = _read_chat(value, chat_id, owner_id, messages, report)
    summaries = tuple(_read_summary(members(one), chat_id, messages, report) for one in items(value.get("summaries")))
    return ArrivingChat(
        source="samovar",
        chat=chat,
        messages=tuple(messages.values()),
        summaries=summaries,
        files=files,
        keeps_ids=True,
    )


def _read_chat(
    value: Mapping[str, object],
    chat_id: ChatId,
    owner_id: UserId,
    messages: Mapping[MessageId, Message],
    report: Report,
) -> Chat:
    head_id = _read_known(value.get("head_id"), messages)
    after = _read_known(value.get("context_after"), messages)
    examples_id = value.get("examples_id")
    facts = tuple(
        PinnedFact(
            text=stored_text(string(fact.get("text")), report),
            message_id=_read_known(fact.get("message_id"), messages),
        )
        for fact in map(members, items(value.get("facts")))
    )
    return Chat(
        chat_id=chat_id,
        owner_id=owner_id,
        title=stored_text(string(value.get("title")), report, longest=LONGEST_TITLE),
        system_prompt=stored_text(string(value.get("system_prompt")), report, longest=LONGEST_SYSTEM_PROMPT),
        model=label(value.get("model"), report),
        parameters=_read_parameters(members(value.get("parameters")), report),
        head_id=head_id,
        folder=stored_text(string(value.get("folder")), report, longest=LONGEST_NAME),
        tags=labels(items(value.get("tags")), report),
        is_pinned=flag(value.get("pinned")),
        is_archived=flag(value.get("archived")),
        strategy=cast("ContextStrategy", _one_of(value.get("strategy"), CONTEXT_STRATEGIES)),
        context_after=messages[after].position if after is not None else None,
        facts=facts,
        examples_id=None if examples_id is None else ExampleSetId(_read_id(examples_id)),
        created_at=_read_date(value.get("created_at")),
        updated_at=_read_date(value.get("updated_at")),
    )


def _read_message(value: Mapping[str, object], chat_id: ChatId, place: int, report: Report) -> Message:
    run = members(value.get("run"))
    outcome = run.get("outcome")
    task = value.get("task")
    return Message(
        message_id=MessageId(_read_id(value.get("id"))),
        chat_id=chat_id,
        parent_id=None if value.get("parent_id") is None else MessageId(_read_id(value.get("parent_id"))),
        position=place,
        role=cast("Role", _one_of(value.get("role"), _ROLES)),
        text=stored_text(string(value.get("text")), report),
        reasoning=stored_text(string(value.get("reasoning")), report),
        task=None if task is None else cast("ImageTask", _one_of(task, IMAGE_TASKS)),
        run_id=RunId(_read_id(run.get("id"))) if run else None,
        run_status=cast("RunStatus", _one_of(run.get("status"), _ENDED)) if run else None,
        error_code=string(run.get("error_code"))[:_LONGEST_CODE] or None,
        outcome=_read_outcome(outcome, report) if isinstance(outcome, dict) else None,
        model=label(value.get("model"), report),
        citations=tuple(_read_citation(members(one), report) for one in items(value.get("citations"))),
        created_at=_read_date(value.get("created_at")),
    )


def _read_outcome(outcome: Mapping[str, object], report: Report) -> Mapping[str, object]:
    """What a page shows beside a reply, of the types that it expects."""
    notices = outcome.get("notices", [])
    has_codes = isinstance(notices, list) and all(isinstance(members(one).get("code"), str) for one in notices)
    parts = (outcome.get("usage"), outcome.get("error"))
    if has_codes and all(part is None or isinstance(part, dict) for part in parts):
        return outcome
    report.note("bad_value", "outcome")
    return {}


def _read_citation(value: Mapping[str, object], report: Report) -> Citation:
    page, figure, described_by = value.get("page"), value.get("figure"), value.get("described_by")
    return Citation(
        n=_whole(value.get("n")),
        document_id=DocumentId(_read_id(value.get("document_id"))),
        document=stored_text(string(value.get("document")), report),
        page=None if page is None else _whole(page),
        start=_whole(value.get("start")),
        end=_whole(value.get("end")),
        quote=stored_text(string(value.get("quote")), report),
        verified=flag(value.get("verified")),
        origin=cast("CitationOrigin", _one_of(value.get("origin"), _ORIGINS)),
        figure=None if figure is None else _whole(figure),
        described_by=None if described_by is None else label(described_by, report),
    )


def _read_file(value: Mapping[str, object]) -> FileReference:
    page = value.get("page")
    return FileReference(
        document_id=DocumentId(_read_id(value.get("id"))),
        sha256=string(value.get("sha256")),
        name=string(value.get("name"))[:LONGEST_NAME],
        page=None if page is None else _whole(page),
    )


def _read_summary(
    value: Mapping[str, object], chat_id: ChatId, messages: Mapping[MessageId, Message], report: Report
) -> Summary:
    through_id = _read_known(value.get("through_id"), messages)
    if through_id is None:
        raise NotOurs("summaries")
    return Summary(
        summary_id=SummaryId(_read_id(value.get("id"))),
        chat_id=chat_id,
        through_id=through_id,
        through_position=messages[through_id].position,
        turns=_whole(value.get("turns")),
        text=stored_text(string(value.get("text")), report),
        model=label(value.get("model"), report) or "",
        is_active=flag(value.get("active")),
        is_edited=flag(value.get("edited")),
        created_at=_read_date(value.get("created_at")),
    )


def _read_parameters(value: Mapping[str, object], report: Report) -> GenerationParameters:
    try:
        return read_parameters(value)
    except InvalidParameter as error:
        report.note("parameters", error.message)
        return GenerationParameters()


def _read_known(value: object, messages: Mapping[MessageId, Message]) -> MessageId | None:
    if value is None:
        return None
    message_id = MessageId(_read_id(value))
    if message_id not in messages:
        raise NotOurs("a message that is not there")
    return message_id


def _read_id(value: object) -> UUID:
    try:
        return UUID(string(value))
    except ValueError as error:
        raise NotOurs("an id") from error


def _read_date(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(string(value))
        if found.tzinfo is None:
            raise NotOurs("a date without a zone")
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotOurs("a date") from error


def _one_of(value: object, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise NotOurs("a word")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise NotOurs("a number")
    return value
