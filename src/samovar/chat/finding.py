"""Finding what was said and what was read: a typed query with its filters, looked for everywhere at once.

``tag:`` ``folder:`` ``from:`` ``before:`` ``after:``, in Russian ``тег:`` ``папка:`` ``от:`` ``до:`` ``после:``. What
looks like a filter and cannot be used is told, and its words are looked for instead.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from samovar.domain.actor import Actor
from samovar.domain.finding import FindQuery, FoundMessage
from samovar.domain.generation import Role
from samovar.domain.ids import DocumentId
from samovar.domain.search import SearchScope
from samovar.domain.snippet import snippet_around
from samovar.ports.storage import Storage
from samovar.retrieval.filters import QUOTED_VALUE, read_period, unquoted

__all__ = ["FindProblem", "FindReason", "Found", "FoundPassage", "find_everywhere", "read_find_query"]

FindReason = Literal["unknown_sender", "bad_date", "given_twice", "empty_period"]

_FIELDS: Final[Mapping[str, Literal["tags", "folder", "role", "until", "since"]]] = {
    "tag": "tags", "тег": "tags",
    "folder": "folder", "папка": "folder",
    "from": "role", "от": "role",
    "before": "until", "до": "until",
    "after": "since", "после": "since",
}  # fmt: skip
_SENDERS: Final[Mapping[str, Role]] = {
    "me": "user", "i": "user", "user": "user", "я": "user", "меня": "user",
    "model": "assistant", "assistant": "assistant", "модель": "assistant", "модели": "assistant",
}  # fmt: skip
_DAYS_AGO: Final[Mapping[str, int]] = {
    "today": 0, "сегодня": 0, "yesterday": 1, "вчера": 1, "вчерашнего": 1, "сегодняшнего": 0,
}  # fmt: skip
_LONGEST_QUERY: Final = 2_000
_LONGEST_VALUE: Final = 200
#: A text with more of them is no query, but something that was pasted.
_MOST_TAGS: Final = 20
_MOST_PROBLEMS: Final = 5
#: Not inside a word, an address or a path; without a blank behind the colon.
_FIELD: Final = re.compile(
    rf"(?i)(?<![\w/\\.:@#\"«“-])(?P<field>{'|'.join(_FIELDS)}):(?P<value>{QUOTED_VALUE}|[^\s\"«“/\\][^\s\"«“]{{0,{_LONGEST_VALUE}}})"
)
#: A long document has its words on many pages: the best of them will do.
_MOST_OF_DOCUMENT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FindProblem:
    """A filter that could not be used, as it was typed, and why."""

    typed: str
    reason: FindReason


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """A place in a document. ``page`` counts from 1, None without pages; ``marks`` are in ``snippet`` (start, end)."""

    document_id: DocumentId
    document: str
    page: int | None
    snippet: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found, best first, and how the query was understood."""

    query: FindQuery
    problems: tuple[FindProblem, ...]
    messages: tuple[FoundMessage, ...]
    documents: tuple[FoundPassage, ...]


def read_find_query(typed: str, *, today: date) -> tuple[FindQuery, tuple[FindProblem, ...]]:
    """Take the filters out of a typed query.

    ``after:`` and ``before:`` take a day, a month or a year, or "yesterday" and "today"; the first day of it is
    included by ``after:`` and not by ``before:``, so that both side by side make a period. Raises: nothing.
    """
    reading = _Reading(today)
    words = " ".join(_FIELD.sub(reading.take, typed[:_LONGEST_QUERY]).split())
    query = reading.query
    if query.since is not None and query.until is not None and query.since >= query.until:
        reading.problems.append(FindProblem(typed=f"{query.since} – {query.until}", reason="empty_period"))
    return replace(query, words=words), tuple(reading.problems[:_MOST_PROBLEMS])


async def find_everywhere(
    storage: Storage, actor: Actor, typed: str, *, limit: int, today: date | None = None
) -> Found:
    """Look for a typed query in the chats of the actor, their titles, and the documents that the actor may read.

    Documents have no tags, folders and senders of chats: with such a filter none is looked for. ``before:`` and
    ``after:`` mean for them when they were taken in. Shape: up to ``limit`` messages and ``limit`` passages.

    Raises: StorageError.
    """
    query, problems = read_find_query(typed, today=today or datetime.now(UTC).date())
    messages, documents = await asyncio.gather(
        _find_messages(storage, actor, query, limit), _find_passages(storage, actor, query, limit)
    )
    return Found(query=query, problems=problems, messages=messages, documents=documents)


async def _find_messages(storage: Storage, actor: Actor, query: FindQuery, limit: int) -> tuple[FoundMessage, ...]:
    async with storage.reading() as tx:
        return await tx.message_search.find(actor, query, limit=limit)


async def _find_passages(storage: Storage, actor: Actor, query: FindQuery, limit: int) -> tuple[FoundPassage, ...]:
    if not query.words or query.tags or query.folder is not None or query.role is not None:
        return ()
    scope = SearchScope(since=_moment(query.since), until=_moment(query.until))
    async with storage.reading() as tx:
        hits = await tx.search.lexical(actor, query.words, scope=scope, limit=limit * _MOST_OF_DOCUMENT)
        passages = await tx.search.passages(actor, tuple(hits.scores))
        of_document: Counter[DocumentId] = Counter()
        kept = []
        for passage in passages:
            of_document[passage.chunk.document_id] += 1
            if of_document[passage.chunk.document_id] <= _MOST_OF_DOCUMENT:
                kept.append(passage)
        kept = kept[:limit]
        marked = await tx.search.stemmed_words([passage.chunk.text for passage in kept], stems=tuple(hits.stems))
    found: list[FoundPassage] = []
    for passage, words in zip(kept, marked, strict=True):
        snippet = snippet_around(passage.chunk.text, [(word.stem, word.start, word.end) for word in words])
        found.append(
            FoundPassage(
                document_id=passage.chunk.document_id,
                document=passage.document,
                page=passage.chunk.page,
                snippet=snippet.text,
                marks=snippet.marks,
            )
        )
    return tuple(found)


class _Reading:
    """The query as far as it was read."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.query = FindQuery(words="")
        self.problems: list[FindProblem] = []

    def take(self, found: re.Match[str]) -> str:
        """Narrow by one filter; return what stays in the query in its place."""
        field = _FIELDS[found["field"].lower()]
        value, tail = unquoted(found["value"])
        match field:
            case "tags":
                reason = self._take_tag(value)
            case "folder":
                reason = self._take_folder(value)
            case "role":
                reason = self._take_sender(value)
            case "since" | "until":
                reason = self._take_day(field, value)
        if reason is None:
            return f" {tail}"
        self.problems.append(FindProblem(typed=found.group(), reason=reason))
        return f" {value}{tail}"

    def _take_tag(self, value: str) -> FindReason | None:
        if value not in self.query.tags:
            self.query = replace(self.query, tags=(*self.query.tags, value)[:_MOST_TAGS])
        return None

    def _take_folder(self, value: str) -> FindReason | None:
        if self.query.folder is not None:
            return "given_twice"
        self.query = replace(self.query, folder=value.replace("\\", "/").strip("/"))
        return None

    def _take_sender(self, value: str) -> FindReason | None:
        role = _SENDERS.get(value.lower())
        if role is None:
            return "unknown_sender"
        if self.query.role is not None:
            return "given_twice"
        self.query = replace(self.query, role=role)
        return None

    def _take_day(self, field: Literal["since", "until"], value: str) -> FindReason | None:
        day = self._day(value)
        if day is None:
            return "bad_date"
        if getattr(self.query, field) is not None:
            return "given_twice"
        self.query = replace(self.query, since=day) if field == "since" else replace(self.query, until=day)
        return None

    def _day(self, value: str) -> date | None:
        """The day that a value means, of a month or a year its first; None for what is no date."""
        days_ago = _DAYS_AGO.get(value.lower())
        if days_ago is not None:
            return self.today - timedelta(days=days_ago)
        period = read_period(value)
        return period[0].date() if period is not None else None


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
