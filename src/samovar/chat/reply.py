"""Write one reply: gather what the model may see, ask it, and tie its words to their sources."""

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import assert_never

from samovar.chat.citing import cite_answer
from samovar.chat.context import Prompt, TurnMaterial, build_prompt, text_tokens
from samovar.chat.continuing import asking_for_the_rest
from samovar.chat.conversation import ConversationReader
from samovar.chat.live import LiveRun
from samovar.chat.pictures import PictureLoader
from samovar.chat.searching import QuestionSearch, Searched, passage_body, search_body, tell_filters
from samovar.chat.temporary import TemporaryChat
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.document import Passage
from samovar.domain.errors import BackendError, ModelWithoutVision
from samovar.domain.generation import (
    BackendEvent,
    Failed,
    Finished,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
)
from samovar.domain.ledger import Ledger, Piece, render, to_json
from samovar.domain.tripwire import was_cut
from samovar.gateway.directory import ModelChoice
from samovar.gateway.queue import Waiting
from samovar.gateway.routing import Attempt, Gateway, Needs, Try
from samovar.gateway.tokens import TokenCounter
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["ReplyWriter"]

log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    chat: Chat
    question: Message
    turn: TurnMaterial
    searched: Searched


class ReplyWriter:
    """The work of a run."""

    def __init__(
        self,
        storage: Storage,
        search: QuestionSearch,
        pictures: PictureLoader,
        gateway: Gateway,
        counter: TokenCounter,
        metrics: Metrics,
    ) -> None:
        """Read from storage, search, and ask the models behind the gateway."""
        self._storage = storage
        self._conversations = ConversationReader(storage, gateway.directory)
        self._search = search
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

    async def write(self, actor: Actor, live: LiveRun, *, start: str = "") -> None:
        """Write the reply into ``live``, from ``start`` on. Raises: SamovarError when it cannot be finished."""
        if start:
            live.go_on_from(start)
        await self._reply(actor, live, await self._gather(actor, live, start), is_kept=True)

    async def write_unkept(self, actor: Actor, live: LiveRun, asked: TemporaryChat) -> None:
        """Write a reply of a chat that is not stored into ``live``; nothing of it is stored either.

        Raises: SamovarError when it cannot be finished.
        """
        searched = await self._search.search_bases(
            actor, asked.chat, asked.branch, asked.base_ids, model_id=live.run.model
        )
        turn = TurnMaterial(
            system_prompt=asked.chat.system_prompt,
            branch=asked.branch,
            passages=searched.findings.passages,
            grounds=searched.grounds,
            described_by=searched.described_by,
            parameters=asked.chat.parameters,
        )
        material = _Material(chat=asked.chat, question=asked.branch[-1], turn=turn, searched=searched)
        await self._reply(actor, live, material, is_kept=False)

    async def _reply(self, actor: Actor, live: LiveRun, material: _Material, *, is_kept: bool) -> None:
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
                    passages = await self._attempt(live, material, attempt, tried, is_kept=is_kept)
        if material.searched.question is not None:
            await cite_answer(self._storage, actor, live, material.question.text, passages, material.searched)
        self._tell_usage(live)

    async def _attempt(
        self, live: LiveRun, material: _Material, attempt: Attempt, tried: Sequence[Try], *, is_kept: bool
    ) -> tuple[Passage, ...]:
        """Ask one model; return the passages that it was shown."""
        choice = attempt.choice
        if _needs_sight(material.question) and choice.description.capabilities.vision is not True:
            raise ModelWithoutVision(model=choice.model_id)
        prompt = await build_prompt(material.turn, choice.description, choice.backend, self._counter)
        ledger = prompt.ledger
        route = [{"model": one.model, "backend": one.backend, "error": one.error_code} for one in tried]
        body = {
            **to_json(ledger),
            "asked": live.run.model,
            "tried": route,
            **search_body(material.searched),
            "passages": _passage_bodies(material.searched, prompt),
        }
        if is_kept:
            async with self._storage.transaction() as tx:
                await tx.runs.save_choice(
                    live.run.run_id, model=choice.model_id, backend=choice.backend.name, ledger=body
                )
        if tried:
            live.begin_again()
        if not is_kept:
            live.emit("ledger", **body)
        live.emit("status", status="running", model=choice.model_id)
        if tried and tried[0].backend != choice.backend.name:
            first = tried[0]
            live.notice("fallback_used", model=choice.model_id, instead_of=first.backend, reason=first.error_code or "")
        self._announce(live, material, prompt, choice)
        await self._stream(live, attempt, ledger)
        self._account(live, choice, ledger)
        return prompt.shown

    async def _gather(self, actor: Actor, live: LiveRun, start: str) -> _Material:
        """Read the branch, search its documents and load its pictures."""
        read = await self._conversations.read(actor, live.run)
        material, documents = read.material, read.documents
        searched = await self._search.search(
            actor, read.chat, material.branch, documents, model_id=live.run.model, like=material
        )
        pictures = await self._pictures.load(actor, material.branch, {found.document_id: found for found in documents})
        branch = material.branch
        turn = replace(
            material,
            branch=(*branch, *asking_for_the_rest(branch[-1], read.reply, start)) if start else branch,
            passages=searched.findings.passages,
            grounds=searched.grounds,
            pictures=pictures,
            described_by=searched.described_by,
        )
        return _Material(chat=read.chat, question=branch[-1], turn=turn, searched=searched)

    def _announce(self, live: LiveRun, material: _Material, prompt: Prompt, choice: ModelChoice) -> None:
        """Tell what is sent and what is not."""
        ledger = prompt.ledger
        left_out = [piece for piece in ledger.pieces if not piece.sent]
        images = [piece for piece in left_out if piece.kind == "image"]
        if images:
            reason = images[0].reason or "no_vision"
            live.notice("image_not_sent", count=len(images), model=choice.model_id, reason=reason)
        for code, count in _counts(ledger).items():
            if count:
                live.notice(code, count=count)
        asked = {*material.chat.parameters.chosen(), *(("json_schema",) if ledger.parameters.json_schema else ())}
        unsupported = choice.description.capabilities.unsupported_parameters & asked
        if unsupported:
            live.notice("parameters_unsupported", parameters=", ".join(sorted(unsupported)))
        searched = material.searched
        tell_filters(live, searched.problems)
        if searched.question is None:
            return
        for code in searched.findings.notes:
            live.notice(code)
        if not material.turn.passages:
            live.notice("no_passage_found")
        live.emit("passages", passages=_passage_bodies(searched, prompt), **search_body(searched))

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


def _counts(ledger: Ledger) -> dict[str, int]:
    """The notices about what was left out or came back, in order; units: messages, passages, examples."""

    def left_out(kind: str, reason: str, unit: str) -> int:
        pieces = (one for one in ledger.pieces if not one.sent and (one.kind, one.reason) == (kind, reason))
        return sum(_stands_for(piece, unit) for piece in pieces)

    return {
        "turns_left_out": left_out("turn", "no_room", "messages"),
        "turns_summarised": left_out("turn", "summarised", "messages"),
        "turns_recalled": sum(piece.sent and piece.kind == "recalled" for piece in ledger.pieces),
        # A question and its answer are one example.
        "examples_left_out": (left_out("example", "far_from_question", "examples") + 1) // 2,
        "passages_left_out": left_out("passage", "no_room", "passages"),
    }


def _stands_for(piece: Piece, unit: str) -> int:
    """How many a piece stands for: one, unless it says otherwise."""
    return int(piece.origin.get(unit, "1"))


def _passage_bodies(searched: Searched, prompt: Prompt) -> list[Mapping[str, object]]:
    return [passage_body(n, passage, searched.described_by) for n, passage in enumerate(prompt.shown, start=1)]


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
