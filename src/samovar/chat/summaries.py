"""Sum up the oldest turns of long chats behind the answers, before the limit is reached, and check what comes of it.

One summary at a time, and only while the model has nothing else to do: as soon as somebody wants an answer, the writing
is broken off and begun again later. Nothing is stored before it is whole and has passed ``summary_check``; what a model
gets wrong twice is not stored at all, and the chat goes on as it would without summaries.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from samovar.chat.live import LiveRun
from samovar.chat.summary_check import Refusal
from samovar.chat.summary_plan import MOST_READ, SummaryPlan, TurnRoom, plan_summary, read_room, was_undone
from samovar.chat.summary_writer import ModelBusyError, SummaryWriter, WrittenSummary
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, LineNode
from samovar.domain.context import Summary, summary_for
from samovar.domain.errors import Conflict, ModelLoading, NotFound, SamovarError, TooMany
from samovar.domain.generation import ModelDescription
from samovar.domain.ids import ChatId, KeyId, MessageId, RunId, new_summary_id
from samovar.gateway.directory import ModelChoice
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import ASSUMED_CONTEXT_TOKENS, REPLY_SHARE, TokenCounter
from samovar.ports.storage import Storage, Transaction
from samovar.telemetry.log import get_log
from samovar.telemetry.metrics import Metrics

__all__ = ["Summariser", "SummaryProblem", "SummaryState"]

log = get_log(__name__)

#: Chats that wait; of more, the one that has waited longest is dropped, and comes again with its next reply.
_MOST_JOBS: Final = 256
_MOST_PROBLEMS: Final = 1_000
#: A model whose summary was refused is not asked again after each of the next replies: the turns are nearly the same.
_REST_AFTER_REFUSAL: Final = 3
#: A chat brought in from elsewhere is summed up piece by piece; so many in a row before others have their turn.
_MOST_STEPS: Final = 8
_BUSY_PAUSE_S: Final = 0.5
#: Bytes of messages that are read at a time.
_MOST_BYTES: Final = 2_000_000
_STRATEGIES: Final = ("auto", "summary")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryProblem:
    """Why the last summary of a chat was not taken: a fault of ``domain.context``, or the code of an error."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryState:
    """Whether a summary of a chat is being made or was asked for, and what was wrong with the last one."""

    is_making: bool
    problem: SummaryProblem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A chat that may need a summary: after a run, or because a person has asked."""

    actor: Actor
    chat_id: ChatId
    run_id: RunId | None = None
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """What was read of a chat. ``room`` is None where no request has told it; ``nodes`` are those to sum up."""

    chat: Chat
    model_id: str | None
    room: TurnRoom | None
    earlier: Summary | None
    nodes: tuple[LineNode, ...]


class Summariser:
    """Works in the background from ``start`` to ``close``."""

    def __init__(
        self,
        storage: Storage,
        gateway: Gateway,
        counter: TokenCounter,
        metrics: Metrics,
        *,
        is_busy: Callable[[], bool] = lambda: False,
        on_spent: Callable[[KeyId, int], None] = lambda key_id, tokens: None,
    ) -> None:
        """Ask the models behind the gateway; wait while ``is_busy``; ``on_spent`` hears what keys have used."""
        self._storage = storage
        self._gateway = gateway
        self._counter = counter
        self._writer = SummaryWriter(storage, gateway, counter, metrics, is_busy=is_busy, on_spent=on_spent)
        self._jobs: OrderedDict[ChatId, _Job] = OrderedDict()
        self._problems: OrderedDict[ChatId, SummaryProblem] = OrderedDict()
        #: How many replies of a chat are passed over, after a refusal.
        self._rests: dict[ChatId, int] = {}
        self._making: ChatId | None = None
        self._news = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="summaries")

    async def close(self) -> None:
        """Stop; a summary that is being written is gone, and is made again after the next reply."""
        working, self._working = self._working, None
        self._jobs.clear()
        if working is not None:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    def hear(self, live: LiveRun) -> None:
        """A reply has ended: look soon whether its chat nears the limit. It costs the reply nothing."""
        if self._working is None or live.first_token_at is None:
            return
        rest = self._rests.pop(live.run.chat_id, 0)
        if rest > 0:
            self._rests[live.run.chat_id] = rest - 1
        else:
            self._put(_Job(actor=live.actor, chat_id=live.run.chat_id, run_id=live.run.run_id))

    async def ask(self, actor: Actor, chat_id: ChatId) -> None:
        """Have a chat summed up now, however far the limit is.

        Raises: NotFound, Conflict when there is nothing to sum up, TooMany.
        """
        async with self._storage.reading() as tx:
            chat = await tx.chats.access(actor, chat_id)
            if chat.strategy not in _STRATEGIES:
                raise Conflict(reason="this chat is set to go without summaries")
            nodes, _ = await _open_nodes(tx, actor, chat, chat.head_id)
        if sum(node.role == "user" for node in nodes) <= 1:
            raise Conflict(reason="there is nothing to sum up yet")
        if len(self._jobs) >= _MOST_JOBS and chat_id not in self._jobs:
            raise TooMany(what="summaries", retry_after_s=30)
        self._problems.pop(chat_id, None)
        self._put(_Job(actor=actor, chat_id=chat_id, is_forced=True))

    def state(self, chat_id: ChatId) -> SummaryState:
        """How it stands with the summaries of a chat."""
        waiting = self._jobs.get(chat_id)
        return SummaryState(
            is_making=self._making == chat_id or (waiting is not None and waiting.is_forced),
            problem=self._problems.get(chat_id),
        )

    def _put(self, job: _Job) -> None:
        known = self._jobs.pop(job.chat_id, None)
        if known is not None and known.is_forced and not job.is_forced:
            job = known
        self._jobs[job.chat_id] = job
        while len(self._jobs) > _MOST_JOBS:
            self._jobs.popitem(last=False)
        self._news.set()

    async def _work(self) -> None:
        while True:
            while self._jobs:
                _, job = self._jobs.popitem(last=False)
                self._making = job.chat_id if job.is_forced else None
                await self._do(job)
            self._news.clear()
            await self._news.wait()

    async def _do(self, job: _Job) -> None:
        try:
            await self._summarise(job)
        except ModelBusyError:
            # To the end of the line: another chat's model may be free.
            self._jobs.setdefault(job.chat_id, job)
            self._making = None
            await asyncio.sleep(_BUSY_PAUSE_S)
        except NotFound:
            pass  # The chat is gone.
        except SamovarError as error:
            log.info("summary.failed", chat=str(job.chat_id), code=error.code)
            self._tell(job.chat_id, error.code)
        except Exception as error:  # noqa: BLE001 - the worker loop: no other chat would be summed up again
            log.error("summary.crashed", error=error, chat=str(job.chat_id))
            self._tell(job.chat_id, SamovarError.code)
        finally:
            self._making = None

    def _tell(self, chat_id: ChatId, reason: str) -> None:
        self._problems.pop(chat_id, None)
        self._problems[chat_id] = SummaryProblem(reason=reason, at=datetime.now(UTC))
        while len(self._problems) > _MOST_PROBLEMS:
            forgotten, _ = self._problems.popitem(last=False)
            self._rests.pop(forgotten, None)

    async def _summarise(self, job: _Job) -> None:
        """Sum up piece by piece, until what remains is far from the limit. Raises: ModelBusyError, SamovarError."""
        is_forced = job.is_forced
        is_near = False
        for _ in range(_MOST_STEPS):
            branch = await self._read(job, is_forced=is_forced, is_near=is_near)
            if branch is None:
                return
            choice = await self._gateway.directory.choose(branch.model_id)
            if not _can_be_asked(choice, is_forced=is_forced):
                return
            await self._writer.wait_for(choice)
            plan = await self._plan(job, branch, choice, is_forced=is_forced)
            if plan is None:
                return
            self._making = job.chat_id
            written = await self._writer.write(job.actor, plan, branch.model_id)
            if isinstance(written, Refusal):
                self._tell(job.chat_id, written.fault)
                self._rests[job.chat_id] = _REST_AFTER_REFUSAL
                return
            if not await self._store(job, branch, plan, written):
                return
            is_forced, is_near = False, True

    async def _read(self, job: _Job, *, is_forced: bool, is_near: bool) -> _Branch | None:
        """Read what is not summed up yet; None when there is nothing, the limit is far, or no summary is wanted."""
        async with self._storage.reading() as tx:
            chat = await tx.chats.access(job.actor, job.chat_id)
            if chat.strategy not in _STRATEGIES:
                return None
            head_id, model_id, room = chat.head_id, chat.model, None
            run_id = job.run_id
            if run_id is not None:
                run = await tx.runs.access(job.actor, run_id)
                head_id, model_id = run.message_id, run.model
            elif head_id is not None:
                run_id = (await tx.chats.access_message(job.actor, head_id)).run_id
            if run_id is not None:
                room = read_room(await tx.runs.ledger(job.actor, run_id))
            if not (is_forced or is_near or (room is not None and room.is_near)):
                return None
            nodes, earlier = await _open_nodes(tx, job.actor, chat, head_id)
            if not is_forced and await _is_unwanted(tx, job.actor, chat, head_id):
                return None
        return _Branch(chat=chat, model_id=model_id, room=room, earlier=earlier, nodes=nodes) if nodes else None

    async def _plan(self, job: _Job, branch: _Branch, choice: ModelChoice, *, is_forced: bool) -> SummaryPlan | None:
        read = _readable(branch.nodes)
        async with self._storage.reading() as tx:
            messages = await tx.chats.branch(
                job.actor, branch.chat.chat_id, branch.nodes[read - 1].message_id, limit=read
            )
        room = _usual_room(choice.description, branch.chat)
        if branch.room is not None and branch.room.context <= room.context:
            # Told by a request; but not when another model answered it, which could read more than this one.
            room = branch.room
        earlier = branch.earlier.text if branch.earlier else ""
        texts = [*(message.text for message in messages), earlier]
        counts, _ = await self._counter.count(choice.backend, choice.description.model, texts)
        return plan_summary(
            messages,
            {message.message_id: count for message, count in zip(messages, counts, strict=False)},
            room,
            earlier=branch.earlier,
            earlier_tokens=counts[-1],
            unread=len(branch.nodes) - read,
            is_forced=is_forced,
        )

    async def _store(self, job: _Job, branch: _Branch, plan: SummaryPlan, written: WrittenSummary) -> bool:
        """Store a summary, unless the chat has changed under it."""
        async with self._storage.transaction() as tx:
            chat = await tx.chats.access(job.actor, job.chat_id, for_update=True)
            line = await tx.chats.line(job.actor, job.chat_id, plan.through.message_id)
            known = await tx.summaries.of_chat(job.actor, job.chat_id)
            in_force = summary_for(known, [node.message_id for node in line], after=chat.context_after)
            is_same = chat.strategy in _STRATEGIES and chat.context_after == branch.chat.context_after
            if not is_same or in_force != plan.earlier:
                log.info("summary.outdated", chat=str(job.chat_id))
                return False
            summary = Summary(
                summary_id=new_summary_id(),
                chat_id=job.chat_id,
                through_id=plan.through.message_id,
                through_position=plan.through.position,
                turns=plan.turns,
                text=written.text,
                model=written.model_id,
                is_active=True,
                is_edited=False,
                created_at=await tx.now(),
            )
            await tx.summaries.add(job.actor, summary)
        self._problems.pop(job.chat_id, None)
        self._rests.pop(job.chat_id, None)
        log.info("summary.stored", chat=str(job.chat_id), turns=plan.turns, characters=len(written.text))
        return True


async def _open_nodes(
    tx: Transaction, actor: Actor, chat: Chat, head_id: MessageId | None
) -> tuple[tuple[LineNode, ...], Summary | None]:
    """The messages of a branch that no summary stands for and that are still sent; and the summary before them."""
    if head_id is None:
        return (), None
    line = await tx.chats.line(actor, chat.chat_id, head_id)
    known = await tx.summaries.of_chat(actor, chat.chat_id)
    in_force = summary_for(known, [node.message_id for node in line], after=chat.context_after)
    after = max(chat.context_after or 0, in_force.through_position if in_force else 0)
    return tuple(node for node in line if node.position > after), in_force


async def _is_unwanted(tx: Transaction, actor: Actor, chat: Chat, head_id: MessageId | None) -> bool:
    """Whether a person has undone a summary of these turns: then only a person asks for another."""
    if head_id is None:
        return True
    line = await tx.chats.line(actor, chat.chat_id, head_id)
    return was_undone(await tx.summaries.of_chat(actor, chat.chat_id), line, after=chat.context_after)


def _readable(nodes: Sequence[LineNode]) -> int:
    """How many of the oldest messages are read at once; at least one whole turn with the question behind it."""
    size = 0
    for place, node in enumerate(nodes[:MOST_READ]):
        size += node.size_bytes
        if size > _MOST_BYTES and sum(one.role == "user" for one in nodes[:place]) > 1:
            return place
    return min(len(nodes), MOST_READ)


def _usual_room(description: ModelDescription, chat: Chat) -> TurnRoom:
    """The room of a chat that has sent no request yet."""
    context = description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
    reply = min(chat.parameters.max_tokens or context // REPLY_SHARE, context - 1)
    return TurnRoom(context=context, turns=context - reply)


def _can_be_asked(choice: ModelChoice, *, is_forced: bool) -> bool:
    """Whether a model writes summaries: a real one that is there already, unless a person asks for one to be loaded.

    Raises: Conflict, ModelLoading when a person has asked and it does not.
    """
    description = choice.description
    if description.is_demonstration:
        if is_forced:
            raise Conflict(reason="the demonstration model writes no summaries")
        return False
    if description.state != "ready":
        if is_forced:
            raise ModelLoading(model=choice.model_id)
        return False
    return is_forced or description.capabilities.loaded is not False
