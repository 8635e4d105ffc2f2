"""Write one reply: gather what the model may see, ask it, and tie its words to their sources."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, assert_never

from samovar.chat.context import TokenCounter, TurnMaterial, build_ledger
from samovar.chat.models import ModelChoice, ModelDirectory
from samovar.chat.runs import LiveRun
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, path_to
from samovar.domain.citation import Citation, citation_to_json
from samovar.domain.document import Passage
from samovar.domain.errors import EngineDown, EngineError, ModelLoading, NotFound
from samovar.domain.generation import (
    BackendEvent,
    Failed,
    Finished,
    ImagePart,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
)
from samovar.domain.ids import DocumentId
from samovar.domain.ledger import Ledger, render, to_json
from samovar.ports.storage import BlobStore, Storage
from samovar.retrieval.cite import CitedAnswer, cite, normalise_quote
from samovar.retrieval.search import find_passages

__all__ = ["ReplyWriter"]

_LOADING_WAIT_S: Final = 600.0
_LOADING_POLL_S: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    chat: Chat
    question: Message
    turn: TurnMaterial
    has_documents: bool


class ReplyWriter:
    """The work of a run."""

    def __init__(
        self,
        storage: Storage,
        blobs: BlobStore,
        models: ModelDirectory,
        engine_error: Callable[[], EngineError | None],
    ) -> None:
        """Read from storage and blobs, ask the models, and tell what ails the engine."""
        self._engine_error = engine_error
        self._storage = storage
        self._blobs = blobs
        self._models = models
        self._counter = TokenCounter()

    async def write(self, actor: Actor, live: LiveRun) -> None:
        """Write the reply into ``live``. Raises: SamovarError when it cannot be finished."""
        material = await self._gather(actor, live)
        choice = await self._ready_model(live)
        ledger = await build_ledger(material.turn, choice.description, choice.backend, self._counter)
        async with self._storage.transaction() as tx:
            await tx.runs.save_choice(
                live.run.run_id, model=choice.model_id, backend=choice.backend.name, ledger=to_json(ledger)
            )
        passages = self._announce(live, material, ledger, choice)
        try:
            await self._stream(live, choice, ledger)
        except ModelLoading:
            # The engine fell since the models were listed; it comes back by itself.
            self._models.forget()
            await self._stream(live, await self._ready_model(live), ledger)
        if passages:
            await self._cite(actor, live, material.question.text, passages)
        self._tell_usage(live)

    async def _gather(self, actor: Actor, live: LiveRun) -> _Material:
        """Read the branch, search its documents and load its pictures."""
        async with self._storage.transaction() as tx:
            chat = await tx.chats.access(actor, live.run.chat_id)
            messages = await tx.chats.messages(actor, chat.chat_id)
            documents = await tx.documents.of_chat(actor, chat.chat_id)
            branch = path_to(messages, live.run.message_id)[:-1]
            if not branch:
                raise NotFound(what="message")
            readable = [found for found in documents if found.kind != "image" and found.status == "ready"]
            passages: tuple[Passage, ...] = ()
            if readable:
                passages = await find_passages(tx, actor, branch[-1].text, chat_id=chat.chat_id)
            names = {found.document_id: found.name for found in documents if found.kind == "image"}
            attached = [document_id for message in branch for document_id in message.document_ids]
            stored = {
                document_id: await tx.documents.picture(actor, document_id)
                for document_id in attached
                if document_id in names
            }
        pictures: dict[DocumentId, ImagePart] = {}
        for document_id, (sha256, media_type) in stored.items():
            pictures[document_id] = ImagePart(
                media_type="image/png" if media_type == "image/png" else "image/jpeg",
                content=await self._blobs.get(sha256),
                name=names[document_id],
            )
        turn = TurnMaterial(
            system_prompt=chat.system_prompt,
            branch=branch,
            passages=passages,
            pictures=pictures,
            parameters=chat.parameters,
        )
        return _Material(chat=chat, question=branch[-1], turn=turn, has_documents=bool(readable))

    async def _ready_model(self, live: LiveRun) -> ModelChoice:
        """Choose the model, and wait for one that is loading."""
        choice = await self._models.choose(live.run.model)
        if choice.description.state == "loading":
            live.notice("model_loading", model=choice.model_id)
        give_up_at = time.monotonic() + _LOADING_WAIT_S
        while choice.description.state == "loading":
            if time.monotonic() > give_up_at:
                raise ModelLoading(model=choice.model_id)
            await asyncio.sleep(_LOADING_POLL_S)
            choice = await self._models.choose(live.run.model)
        if choice.description.state == "unavailable":
            raise self._engine_error() or EngineDown(reason="its model could not be loaded")
        return choice

    def _announce(self, live: LiveRun, material: _Material, ledger: Ledger, choice: ModelChoice) -> tuple[Passage, ...]:
        """Tell what is sent and what is not; return the passages that were sent."""
        left_out = [piece for piece in ledger.pieces if not piece.sent]
        images = [piece for piece in left_out if piece.kind == "image"]
        if images:
            reason = images[0].reason or "no_vision"
            live.notice("image_not_sent", count=len(images), model=choice.model_id, reason=reason)
        turns = sum(piece.kind == "turn" for piece in left_out)
        if turns:
            live.notice("turns_left_out", count=turns)
        dropped = sum(piece.kind == "passage" for piece in left_out)
        if dropped:
            live.notice("passages_left_out", count=dropped)
        unsupported = choice.description.capabilities.unsupported_parameters & set(material.chat.parameters.chosen())
        if unsupported:
            live.notice("parameters_unsupported", parameters=", ".join(sorted(unsupported)))
        if material.has_documents and not material.turn.passages:
            live.notice("no_passage_found")
        # Passages are dropped from the end only, so the numbers of those that stay do not move.
        sent = [piece for piece in ledger.pieces if piece.kind == "passage"]
        kept = tuple(passage for passage, piece in zip(material.turn.passages, sent, strict=True) if piece.sent)
        if kept:
            live.emit("passages", passages=[_passage_body(n, passage) for n, passage in enumerate(kept, start=1)])
        return kept

    async def _stream(self, live: LiveRun, choice: ModelChoice, ledger: Ledger) -> None:
        stream = choice.backend.stream(render(ledger))
        async with aclosing(stream) as events:
            async for event in events:
                _take(live, event, reply_tokens=ledger.reply_tokens)

    async def _cite(self, actor: Actor, live: LiveRun, question: str, passages: tuple[Passage, ...]) -> None:
        """Fill in the marks and read each quote again from the stored page."""
        answer = live.whole_text()
        async with self._storage.transaction() as tx:
            cited: CitedAnswer = await cite(answer, question, passages, tx.search.stems)
            checked: list[Citation] = []
            for citation in cited.citations:
                page = await tx.documents.page(actor, citation.document_id, citation.page)
                stands_there = normalise_quote(page.text[citation.start : citation.end]) == citation.quote
                checked.append(replace(citation, verified=bool(citation.quote) and stands_there))
        live.citations = tuple(checked)
        if cited.text != answer:
            live.rewrite(cited.text)
        live.emit("citations", citations=[citation_to_json(citation) for citation in checked])

    def _tell_usage(self, live: LiveRun) -> None:
        if live.usage is None:
            return
        now = time.monotonic()
        live.figures = {
            "prompt_tokens": live.usage.prompt_tokens,
            "completion_tokens": live.usage.completion_tokens,
            "cached_tokens": live.usage.cached_tokens,
            "first_token_ms": int(((live.first_token_at or now) - live.started_at) * 1000),
            "total_ms": int((now - live.started_at) * 1000),
        }
        live.emit("usage", **live.figures)


def _take(live: LiveRun, event: BackendEvent, *, reply_tokens: int) -> None:
    match event:
        case TextDelta():
            live.write(event.text)
        case ReasoningDelta():
            live.reason(event.text)
        case PromptProgress():
            live.emit("progress", processed=event.processed_tokens, total=event.total_tokens)
        case Finished():
            live.usage = event.usage
            if event.reason == "length":
                live.notice("reply_cut", tokens=reply_tokens)
        case Failed():
            raise event.error
        case _:
            assert_never(event)


def _passage_body(number: int, passage: Passage) -> Mapping[str, object]:
    chunk = passage.chunk
    return {
        "n": number,
        "document_id": str(chunk.document_id),
        "document": passage.document,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
    }
