"""Write one reply: gather what the model may see, ask it, and tie its words to their sources."""

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, assert_never

from samovar.chat.context import Prompt, TurnMaterial, build_prompt, text_tokens
from samovar.chat.live import LiveRun
from samovar.chat.pictures import PictureLoader
from samovar.chat.prompt import Grounds
from samovar.chat.rewrite import ModelRewriter
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message, path_to
from samovar.domain.citation import Citation, citation_to_json
from samovar.domain.document import Passage
from samovar.domain.errors import BackendError, ModelWithoutVision, NotFound
from samovar.domain.generation import (
    BackendEvent,
    Failed,
    Finished,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
)
from samovar.domain.ids import ChunkId
from samovar.domain.ledger import Ledger, render, to_json
from samovar.domain.search import SearchScope
from samovar.domain.tripwire import was_cut
from samovar.gateway.directory import ModelChoice
from samovar.gateway.queue import Waiting
from samovar.gateway.routing import Attempt, Gateway, Needs, Try
from samovar.gateway.tokens import TokenCounter
from samovar.ports.storage import Storage, Transaction
from samovar.retrieval.cite import CitedAnswer, cite, normalise_quote
from samovar.retrieval.filters import FilterProblem
from samovar.retrieval.question import ReadQuestion, read_question
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["ReplyWriter"]

log = get_log(__name__)

_MOST_PASSAGES: Final = 6
#: Passages far behind the best one cost tokens, distract small models and rarely hold the answer.
_SHARE_OF_BEST: Final = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    chat: Chat
    question: Message
    turn: TurnMaterial
    #: What was searched for, and where; None when nothing was.
    searched: ReadQuestion | None
    #: Filters of the question that could not be used.
    problems: tuple[FilterProblem, ...] = ()


class ReplyWriter:
    """The work of a run."""

    def __init__(
        self,
        storage: Storage,
        pictures: PictureLoader,
        gateway: Gateway,
        counter: TokenCounter,
        metrics: Metrics,
    ) -> None:
        """Read from storage, and ask the models behind the gateway."""
        self._storage = storage
        self._pictures = pictures
        self._gateway = gateway
        self._counter = counter
        self._metrics = metrics

    async def blind_model(self, model_id: str | None) -> str | None:
        """The id of the model that would answer, when it is not known to see; None when it sees.

        Of a model that cannot be asked now nothing is said: the run will tell.
        """
        try:
            chosen = await self._gateway.directory.choose(model_id)
        except BackendError:
            return None
        listing = self._gateway.directory.recent()
        behind = listing.targets(chosen.route) if chosen.route is not None and listing is not None else (chosen,)
        may_see = any(
            choice.description.capabilities.vision is True or choice.description.state != "ready" for choice in behind
        )
        return None if may_see else chosen.model_id

    async def write(self, actor: Actor, live: LiveRun) -> None:
        """Write the reply into ``live``. Raises: SamovarError when it cannot be finished."""
        material = await self._gather(actor, live)
        tried: list[Try] = []
        attempts = self._gateway.attempts(
            live.run.model,
            actor.user_id,
            needs=Needs(vision=_needs_sight(material.question)),
            on_wait=lambda waiting: _tell_waiting(live, waiting),
            on_loading=lambda choice: live.notice("model_loading", model=choice.model_id),
            record=tried,
        )
        passages: tuple[Passage, ...] = ()
        async with aclosing(attempts):
            async for attempt in attempts:
                async with attempt:
                    passages = await self._attempt(live, material, attempt, tried)
        if passages:
            await self._cite(actor, live, material.question.text, passages)
        self._tell_usage(live)

    async def _attempt(
        self, live: LiveRun, material: _Material, attempt: Attempt, tried: Sequence[Try]
    ) -> tuple[Passage, ...]:
        """Ask one model; return the passages that it was shown."""
        choice = attempt.choice
        if _needs_sight(material.question) and choice.description.capabilities.vision is not True:
            raise ModelWithoutVision(model=choice.model_id)
        prompt = await build_prompt(material.turn, choice.description, choice.backend, self._counter)
        ledger = prompt.ledger
        route = [{"model": one.model, "backend": one.backend, "error": one.error_code} for one in tried]
        async with self._storage.transaction() as tx:
            await tx.runs.save_choice(
                live.run.run_id,
                model=choice.model_id,
                backend=choice.backend.name,
                ledger={
                    **to_json(ledger),
                    "asked": live.run.model,
                    "tried": route,
                    "searched": _searched_body(material.searched),
                },
            )
        if tried:
            live.begin_again()
        live.emit("status", status="running", model=choice.model_id)
        if tried and tried[0].backend != choice.backend.name:
            first = tried[0]
            live.notice("fallback_used", model=choice.model_id, instead_of=first.backend, reason=first.error_code or "")
        self._announce(live, material, prompt, choice)
        await self._stream(live, attempt, ledger)
        self._account(live, choice, ledger)
        return prompt.shown

    async def _gather(self, actor: Actor, live: LiveRun) -> _Material:
        """Read the branch, search its documents and load its pictures."""
        async with self._storage.transaction() as tx:
            chat = await tx.chats.access(actor, live.run.chat_id)
            messages = await tx.chats.messages(actor, chat.chat_id)
            documents = await tx.documents.of_chat(actor, chat.chat_id)
            branch = path_to(messages, live.run.message_id)[:-1]
            if not branch:
                raise NotFound(what="message")
            bases = await tx.bases.of_chat(actor, chat.chat_id)
            readable = any(
                found.status == "ready" and (found.kind != "image" or found.chunk_count) for found in documents
            )
            named = await tx.bases.list(actor)
        # A task is about its pictures alone.
        searched: ReadQuestion | None = None
        problems: tuple[FilterProblem, ...] = ()
        if branch[-1].task is None and (readable or bases or (named and "#" in branch[-1].text)):
            rewriter = ModelRewriter(
                self._gateway,
                self._counter,
                model_id=live.run.model,
                user_id=actor.user_id,
                system_prompt=chat.system_prompt,
            )
            scope = SearchScope(chat_id=chat.chat_id)
            searched = await read_question(branch, bases=named, scope=scope, rewriter=rewriter)
            problems = searched.problems
            if not (readable or bases or searched.scope.base_ids):
                searched = None
        async with self._storage.transaction() as tx:
            passages = await _find_passages(tx, actor, searched) if searched is not None else ()
            described_by = await _described_by(tx, actor, passages)
        pictures = await self._pictures.load(actor, branch, {found.document_id: found for found in documents})
        turn = TurnMaterial(
            system_prompt=chat.system_prompt,
            branch=branch,
            passages=passages,
            grounds=_grounds(searched, passages),
            pictures=pictures,
            described_by=described_by,
            parameters=chat.parameters,
        )
        return _Material(chat=chat, question=branch[-1], turn=turn, searched=searched, problems=problems)

    def _announce(self, live: LiveRun, material: _Material, prompt: Prompt, choice: ModelChoice) -> None:
        """Tell what is sent and what is not."""
        ledger = prompt.ledger
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
        asked = {*material.chat.parameters.chosen(), *(("json_schema",) if ledger.parameters.json_schema else ())}
        unsupported = choice.description.capabilities.unsupported_parameters & asked
        if unsupported:
            live.notice("parameters_unsupported", parameters=", ".join(sorted(unsupported)))
        _tell_filters(live, material.problems)
        if material.searched is not None and not material.turn.passages:
            live.notice("no_passage_found")
        if prompt.shown:
            described_by = material.turn.described_by
            bodies = [_passage_body(n, passage, described_by) for n, passage in enumerate(prompt.shown, start=1)]
            live.emit("passages", passages=bodies)

    async def _stream(self, live: LiveRun, attempt: Attempt, ledger: Ledger) -> None:
        stream = attempt.choice.backend.stream(render(ledger))
        async with aclosing(stream) as events:
            async for event in events:
                if live.first_token_at is None and isinstance(event, TextDelta | ReasoningDelta):
                    attempt.shown()
                _take(live, event, reply_tokens=ledger.reply_tokens)

    def _account(self, live: LiveRun, choice: ModelChoice, ledger: Ledger) -> None:
        """Compare what was sent with what the backend says it read; a cut prompt is told, never passed over."""
        if live.usage is None or not live.usage.prompt_is_whole:
            return
        sent = [piece for piece in ledger.pieces if piece.sent and not piece.image]
        texts = [piece.text for piece in sent]
        counted = text_tokens(ledger) if ledger.counted_by == "tokenizer" else None
        read = live.usage.prompt_tokens
        if was_cut(texts, read, counted_tokens=counted):
            live.notice("prompt_cut", read_tokens=read, sent_tokens=ledger.sent_tokens, backend=choice.backend.name)
            self._metrics.prompts_cut.labels(choice.backend.name).inc()
            log.warning(
                "prompt.cut",
                run=str(live.run.run_id),
                backend=choice.backend.name,
                model=choice.description.model,
                sent_tokens=ledger.sent_tokens,
                read_tokens=read,
            )
        elif not any(piece.image for piece in ledger.pieces if piece.sent):
            self._counter.learn(choice.backend.name, choice.description.model, texts, read)

    async def _cite(self, actor: Actor, live: LiveRun, question: str, passages: tuple[Passage, ...]) -> None:
        """Fill in the marks and read each quote again from the stored page."""
        answer = live.whole_text()
        async with self._storage.transaction() as tx:
            cited: CitedAnswer = await cite(answer, question, passages, tx.search.stems)
            checked: list[Citation] = []
            for citation in cited.citations:
                text, described_by = await _source(tx, actor, citation)
                stands_there = normalise_quote(text[citation.start : citation.end]) == citation.quote
                verified = bool(citation.quote) and stands_there
                checked.append(replace(citation, verified=verified, described_by=described_by))
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


async def _find_passages(tx: Transaction, actor: Actor, searched: ReadQuestion) -> tuple[Passage, ...]:
    """Rank what the texts of a question find by words. Shape: at most 6 passages, best first."""
    best: dict[ChunkId, float] = {}
    for text in searched.texts:
        hits = await tx.search.lexical(actor, text.text, scope=searched.scope, limit=_MOST_PASSAGES)
        top = max(hits.scores.values(), default=0.0)
        for chunk, score in hits.scores.items():
            # Scores of different texts cannot be compared; their shares of the best one can.
            if score >= _SHARE_OF_BEST * top:
                best[chunk] = max(best.get(chunk, 0.0), score / top)
    ranked = sorted(best, key=lambda chunk: -best[chunk])[:_MOST_PASSAGES]
    return tuple(
        replace(passage, score=best[passage.chunk.chunk_id]) for passage in await tx.search.passages(actor, ranked)
    )


def _grounds(searched: ReadQuestion | None, passages: Sequence[Passage]) -> Grounds:
    if searched is None:
        return "none_asked"
    return "enough" if passages else "nothing"


def _tell_filters(live: LiveRun, problems: Sequence[FilterProblem]) -> None:
    """Name the filters of the question that could not be used, by reason."""
    typed: dict[str, list[str]] = {}
    for problem in problems:
        typed.setdefault(problem.reason, []).append(problem.typed)
    for reason, filters in typed.items():
        live.notice(f"filter_{reason}", filters=", ".join(dict.fromkeys(filters)))


def _searched_body(searched: ReadQuestion | None) -> Sequence[Mapping[str, str]]:
    return [] if searched is None else [{"text": text.text, "origin": text.origin} for text in searched.texts]


def _needs_sight(question: Message) -> bool:
    return question.task is not None or bool(question.pages)


def _tell_waiting(live: LiveRun, waiting: Waiting) -> None:
    expected_s = None if waiting.expected_s is None else round(waiting.expected_s, 1)
    live.emit("queue", position=waiting.position, expected_s=expected_s)


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


async def _described_by(tx: Transaction, actor: Actor, passages: Sequence[Passage]) -> Mapping[ChunkId, str]:
    """The models that wrote those of the passages that describe pictures."""
    found: dict[ChunkId, str] = {}
    for chunk in (passage.chunk for passage in passages):
        if chunk.figure is not None:
            figure = await tx.figures.access(actor, chunk.document_id, chunk.page, chunk.figure)
            found[chunk.chunk_id] = figure.described_by or ""
    return found


async def _source(tx: Transaction, actor: Actor, citation: Citation) -> tuple[str, str | None]:
    """The stored text that a citation points into, and the model that wrote it when the author did not."""
    if citation.figure is None:
        return (await tx.documents.page(actor, citation.document_id, citation.page)).text, None
    figure = await tx.figures.access(actor, citation.document_id, citation.page, citation.figure)
    return figure.description or "", figure.described_by


def _passage_body(number: int, passage: Passage, described_by: Mapping[ChunkId, str]) -> Mapping[str, object]:
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
    }
