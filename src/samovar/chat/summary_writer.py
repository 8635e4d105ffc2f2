"""Have a model write a summary while nobody else wants it, and take nothing from it unchecked."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, assert_never

from samovar.chat.summary_check import Refusal, SummaryDraft, check_summary, tidy_summary
from samovar.chat.summary_plan import SummaryPlan
from samovar.chat.summary_prompt import write_request
from samovar.domain.actor import Actor
from samovar.domain.errors import BackendTimeout
from samovar.domain.generation import (
    ChatRequest,
    Failed,
    Finished,
    PromptProgress,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from samovar.domain.ids import KeyId
from samovar.gateway.directory import ModelChoice
from samovar.gateway.queue import FairQueue
from samovar.gateway.routing import Gateway, Needs
from samovar.gateway.tokens import ASSUMED_CONTEXT_TOKENS, TokenCounter
from samovar.ports.storage import Storage
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["ModelBusyError", "SummaryWriter", "WrittenSummary"]

log = get_log(__name__)

_ATTEMPTS: Final = 2
#: How often it is looked whether somebody waits: so much later, at the most, an answer begins.
_WATCH_S: Final = 0.05
#: So many looks a summary waits in one go for its model to be free: half a minute.
_WAITS: Final = 600
_LONGEST_S: Final = 600.0
#: Of more words than any budget allows for, the rest is not read. Units: characters a token.
_MOST_CHARACTERS_A_TOKEN: Final = 16
#: A turn longer than this part of the context is shown in part.
_LONGEST_TURN_SHARE: Final = 2
#: What the lines of the backends know the summaries by: they are nobody's in particular.
_WHO: Final = "summaries"


class ModelBusyError(Exception):
    """Somebody else wants the model: the summary waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSummary:
    """A summary that was taken, and the id of the model that wrote it."""

    text: str
    model_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    choice: ModelChoice
    text: str
    was_cut: bool
    usage: Usage | None


class SummaryWriter:
    """Asks models for summaries, and gives way to everybody else who asks them."""

    def __init__(
        self,
        storage: Storage,
        gateway: Gateway,
        counter: TokenCounter,
        metrics: Metrics,
        *,
        is_busy: Callable[[], bool],
        on_spent: Callable[[KeyId, int], None],
    ) -> None:
        """Take the stems of words from storage; ``is_busy``: answers are written in this process."""
        self._storage = storage
        self._gateway = gateway
        self._counter = counter
        self._metrics = metrics
        self._is_busy = is_busy
        self._on_spent = on_spent

    async def wait_for(self, choice: ModelChoice) -> None:
        """Return when a model has nothing else to do. Raises: ModelBusyError when that takes long."""
        for _ in range(_WAITS):
            if self._is_free(choice.member.queue):
                return
            await asyncio.sleep(_WATCH_S)
        raise ModelBusyError

    async def write(self, actor: Actor, plan: SummaryPlan, model_id: str | None) -> WrittenSummary | Refusal:
        """Have a summary written, and once more when the first is no good; a refusal when neither is.

        Raises: ModelBusyError, BackendError, StorageError.
        """
        refusal: Refusal | None = None
        for _ in range(_ATTEMPTS):
            reply = await self._ask(actor, plan, model_id, refusal)
            text = tidy_summary(reply.text)
            [tokens], _ = await self._counter.count(reply.choice.backend, reply.choice.description.model, [text])
            refusal = await check_summary(
                SummaryDraft(text=text, tokens=tokens, was_cut=reply.was_cut),
                plan.source,
                source_tokens=plan.source_tokens,
                most_tokens=plan.most_tokens,
                stems=self._stems,
            )
            self._metrics.summaries.labels(refusal.fault if refusal else "taken").inc()
            if refusal is None:
                return WrittenSummary(text=text, model_id=reply.choice.model_id)
            chat = str(plan.through.chat_id)
            log.info("summary.refused", chat=chat, fault=refusal.fault, model=reply.choice.description.model)
        assert refusal is not None, "there is at least one attempt"
        return refusal

    async def _stems(self, texts: Sequence[str]) -> tuple[frozenset[str], ...]:
        async with self._storage.reading() as tx:
            return await tx.search.stems(texts)

    async def _ask(self, actor: Actor, plan: SummaryPlan, model_id: str | None, refusal: Refusal | None) -> _Reply:
        """Ask while nobody else does. Raises: ModelBusyError, BackendError."""
        # A model that is being loaded is asked another time.
        attempts = self._gateway.attempts(model_id, _WHO, needs=Needs(loading_wait_s=0.0))
        async with aclosing(attempts):
            async for attempt in attempts:
                if not self._is_free(attempt.choice.member.queue):
                    break
                async with attempt as choice:
                    context = choice.description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
                    request = write_request(
                        plan,
                        choice.description,
                        # Nobody who is quoted in the chat knows it.
                        secret=plan.through.message_id.bytes,
                        longest_turn=context // _LONGEST_TURN_SHARE,
                        refusal=refusal,
                    )
                    reply = await self._stream(choice, request, most_tokens=plan.most_tokens)
                    if reply.usage is not None and actor.key is not None:
                        self._on_spent(actor.key.key_id, reply.usage.prompt_tokens + reply.usage.completion_tokens)
                    return reply
        raise ModelBusyError

    async def _stream(self, choice: ModelChoice, request: ChatRequest, *, most_tokens: int) -> _Reply:
        """Read the reply, and hang up as soon as somebody else wants the model.

        Raises: ModelBusyError, BackendError.
        """
        writing = asyncio.create_task(_collect(choice, request, most_tokens=most_tokens), name="write a summary")
        try:
            async with asyncio.timeout(_LONGEST_S):
                while not writing.done():
                    await asyncio.wait((writing,), timeout=_WATCH_S)
                    if not writing.done() and not self._is_free(choice.member.queue, own=1):
                        raise ModelBusyError
        except TimeoutError as error:
            raise BackendTimeout(backend=choice.backend.name, seconds=round(_LONGEST_S)) from error
        finally:
            writing.cancel()
            await asyncio.wait((writing,))
            failure = None if writing.cancelled() else writing.exception()
        if failure is not None:
            raise failure
        return writing.result()

    def _is_free(self, queue: FairQueue, *, own: int = 0) -> bool:
        """Whether a summary takes nothing from anybody; ``own`` is how many of the answers are summaries.

        A server that writes several at once is free while half of its places are; any other, while nothing is
        answered, looked up or waited for in this process.
        """
        if queue.waiting:
            return False
        others = queue.running - own
        if queue.places is not None and queue.places > 1:
            return others * 2 < queue.places
        return others == 0 and not self._is_busy()


async def _collect(choice: ModelChoice, request: ChatRequest, *, most_tokens: int) -> _Reply:
    """Read a reply to its end. Raises: BackendError."""
    pieces: list[str] = []
    length = 0
    reply = _Reply(choice=choice, text="", was_cut=True, usage=None)
    async with aclosing(choice.backend.stream(request)) as events:
        async for event in events:
            match event:
                case TextDelta():
                    pieces.append(event.text)
                    length += len(event.text)
                    if length > most_tokens * _MOST_CHARACTERS_A_TOKEN:
                        break
                case Finished():
                    pieces = [] if event.reason == "refused" else pieces
                    reply = replace(reply, was_cut=event.reason == "length", usage=event.usage)
                case Failed():
                    raise event.error
                case ReasoningDelta() | PromptProgress():
                    pass
                case _:
                    assert_never(event)
    return replace(reply, text="".join(pieces))
