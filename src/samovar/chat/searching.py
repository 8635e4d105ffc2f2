"""The part of a reply that searches: what is looked for, where, what was found, and how it is told."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from samovar.chat.live import LiveRun
from samovar.chat.material import TurnMaterial
from samovar.chat.prompt import Grounds
from samovar.chat.rewrite import ModelRewriter
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.document import Document, KnowledgeBase, Passage
from samovar.domain.errors import NotFound
from samovar.domain.ids import BaseId, ChunkId
from samovar.domain.search import SearchScope
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.ports.storage import Storage
from samovar.retrieval.evidence import weigh_passages
from samovar.retrieval.filters import FilterProblem, own_first
from samovar.retrieval.findings import Findings
from samovar.retrieval.question import ReadQuestion, read_question
from samovar.retrieval.search import Retriever

__all__ = ["QuestionSearch", "Searched", "passage_body", "search_body", "tell_filters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What was searched for a question; ``question`` is None when nothing was.

    ``described_by``: the model that wrote a passage which describes a picture. ``problems``: filters of the question
    that could not be used. ``grounds``: how surely what was found bears on the question.
    """

    question: ReadQuestion | None = None
    findings: Findings = field(default_factory=Findings)
    grounds: Grounds = "none_asked"
    described_by: Mapping[ChunkId, str] = field(default_factory=dict)
    problems: tuple[FilterProblem, ...] = ()


class QuestionSearch:
    """Searches the documents of a chat for what its last message asks."""

    def __init__(self, storage: Storage, retriever: Retriever, gateway: Gateway, counter: TokenCounter) -> None:
        """Search by ``retriever``; follow-ups may be made whole by a model behind ``gateway``."""
        self._storage = storage
        self._retriever = retriever
        self._gateway = gateway
        self._counter = counter

    async def search(
        self,
        actor: Actor,
        chat: Chat,
        branch: Sequence[Message],
        documents: Sequence[Document],
        *,
        model_id: str | None,
        like: TurnMaterial | None = None,
    ) -> Searched:
        """Find passages for the last message of ``branch``; ``documents`` are the chat's own.

        ``like`` is what the answer will be made from, as far as it is known. Raises: StorageError.
        """
        question = branch[-1]
        # A task is about its pictures alone.
        if question.task is not None:
            return Searched()
        async with self._storage.transaction() as tx:
            bases = await tx.bases.of_chat(actor, chat.chat_id)
            named = own_first(await tx.bases.view_all(actor), actor.user_id) if "#" in question.text else ()
        readable = any(one.status == "ready" and (one.kind != "image" or one.chunk_count) for one in documents)
        if not (readable or bases or named):
            return Searched()
        read = await self._read(actor, chat, branch, named, SearchScope(chat_id=chat.chat_id), model_id, like)
        if not (readable or bases or read.scope.base_ids):
            return Searched(problems=read.problems)
        return await self._find(actor, read)

    async def search_bases(
        self, actor: Actor, chat: Chat, branch: Sequence[Message], base_ids: Sequence[BaseId], *, model_id: str | None
    ) -> Searched:
        """Find passages in knowledge bases alone, for a chat that is not stored. Raises: NotFound, StorageError."""
        async with self._storage.reading() as tx:
            for base_id in base_ids:
                await tx.bases.view(actor, base_id)
            named = own_first(await tx.bases.view_all(actor), actor.user_id) if "#" in branch[-1].text else ()
        if not (base_ids or named):
            return Searched()
        read = await self._read(actor, chat, branch, named, SearchScope(base_ids=tuple(base_ids)), model_id)
        # Without a base it would be everything that may be read.
        return await self._find(actor, read) if read.scope.base_ids else Searched(problems=read.problems)

    async def _read(
        self,
        actor: Actor,
        chat: Chat,
        branch: Sequence[Message],
        named: Sequence[KnowledgeBase],
        scope: SearchScope,
        model_id: str | None,
        like: TurnMaterial | None = None,
    ) -> ReadQuestion:
        rewriter = ModelRewriter(
            self._gateway,
            self._counter,
            model_id=model_id,
            user_id=actor.user_id,
            system_prompt=chat.system_prompt,
            like=like,
        )
        return await read_question(branch, bases=named, scope=scope, rewriter=rewriter)

    async def _find(self, actor: Actor, read: ReadQuestion) -> Searched:
        findings = await self._retriever.find(actor, read.texts, read.scope)
        async with self._storage.transaction() as tx:
            grounds: Grounds = "nothing"
            if findings.passages:
                # A follow-up says too little by itself, and made whole perhaps too much: either may be borne out.
                asked = [text.text for text in read.texts if text.origin != "side"]
                strengths = [await weigh_passages(one, findings.passages, tx.search.stems) for one in asked]
                grounds = "enough" if "strong" in strengths else "weak"
            described_by: dict[ChunkId, str] = {}
            for chunk in (passage.chunk for passage in (*findings.passages, *findings.nearest)):
                if chunk.figure is not None and chunk.chunk_id not in described_by:
                    with suppress(NotFound):  # deleted, or shared no more, since it was found
                        figure = await tx.figures.view(actor, chunk.document_id, chunk.page, chunk.figure)
                        described_by[chunk.chunk_id] = figure.described_by or ""
        return Searched(
            question=read, findings=findings, grounds=grounds, described_by=described_by, problems=read.problems
        )


def tell_filters(live: LiveRun, problems: Sequence[FilterProblem]) -> None:
    """Name the filters of the question that could not be used, by reason."""
    typed: dict[str, list[str]] = {}
    for problem in problems:
        typed.setdefault(problem.reason, []).append(problem.typed)
    for reason, filters in typed.items():
        live.notice(f"filter_{reason}", filters=", ".join(dict.fromkeys(filters)))


def search_body(searched: Searched) -> Mapping[str, object]:
    """What was searched for, for the ledger and the event ``passages``."""
    texts = searched.question.texts if searched.question is not None else ()
    return {
        "searched": [{"text": text.text, "origin": text.origin} for text in texts],
        "dense": searched.findings.dense,
        "took_ms": dict(searched.findings.took_ms),
    }


def passage_body(number: int, passage: Passage, described_by: Mapping[ChunkId, str]) -> Mapping[str, Any]:
    """A passage as events have it."""
    chunk = passage.chunk
    return {
        "n": number,
        "document_id": str(chunk.document_id),
        "document": passage.document,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "headings": list(chunk.headings),
        "figure": chunk.figure,
        "described_by": described_by.get(chunk.chunk_id),
        "score": passage.score,
        "evidence": None if passage.evidence is None else asdict(passage.evidence),
    }
