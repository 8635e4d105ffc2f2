"""Build the prompt of a turn within the model's context length, and the ledger of what was sent and what was not.

The budget is the context length without what is kept for the reply. The head (system prompt, pinned facts) and the
question are always sent. Of what is left, each part may take so much that the next one is not starved:

====================  ==========================================================
summary               a quarter of the budget; too long a one is left out
examples              a quarter; the nearest to the question first
pictures asked about  what they need
last turn             an eighth is kept for it before passages are chosen
passages              what is left then
recalled turns        a quarter, whether they need it or not, once not all turns fit
other turns           the rest, the newest first
====================  ==========================================================

In the prompt, what changes seldom comes first: head, examples, summary, turns; what belongs to this question alone
stands in its message. So the backend's prompt cache serves everything up to the last turn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from samovar.chat.counting import PieceCounting, sent_tokens, text_tokens
from samovar.chat.examples_chosen import ExampleTurns, fit_examples
from samovar.chat.head import DEFAULT_SYSTEM_PROMPT, head_pieces
from samovar.chat.history import History, exchanges_of, left_out_pieces, read_history, unread_pieces, window_of
from samovar.chat.material import Beyond, Exchange, TurnMaterial
from samovar.chat.message_pieces import image_pieces, message_pieces
from samovar.chat.question import fit_passages
from samovar.chat.recalled import Recalled, fit_recalled
from samovar.chat.records import set_summary
from samovar.domain.document import Passage
from samovar.domain.errors import ContextExceeded
from samovar.domain.generation import ModelDescription
from samovar.domain.image_tasks import schema_of
from samovar.domain.ledger import Ledger, Piece
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.tokens import ASSUMED_CONTEXT_TOKENS, REPLY_SHARE, CountsTokens, TokenCounter

__all__ = [
    "DEFAULT_SYSTEM_PROMPT",
    "Beyond",
    "Exchange",
    "Prompt",
    "TurnMaterial",
    "build_prompt",
    "exchanges_of",
    "text_tokens",
]

#: The demonstration model soon repeats itself; what it has to say it says at once.
_DEMONSTRATION_REPLY_TOKENS: Final = 320
#: Answers from documents should follow them, not the dice.
_DOCUMENT_TEMPERATURE: Final = 0.2
#: One part of so many of the budget.
_SUMMARY_SHARE: Final = 4
_EXAMPLES_SHARE: Final = 4
_RECALL_SHARE: Final = 4
_LAST_TURN_SHARE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent. ``shown``: the passages as the model sees them, [1] first; neighbours are one passage."""

    ledger: Ledger
    shown: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turns:
    """The turns that are sent, by message, those that came back, and the pieces of the others."""

    window: list[list[Piece]]
    recalled: Recalled
    left_out: list[Piece]


async def build_prompt(
    material: TurnMaterial, description: ModelDescription, source: CountsTokens, counter: TokenCounter
) -> Prompt:
    """Decide what is sent.

    Raises: ContextExceeded when the system prompt, the pinned facts and the question alone are too long; BackendError.
    """
    building = _Building(material, description, PieceCounting(source, description.model, counter))
    return await building.build()


class _Building:
    """One prompt in the making; ``left`` is what is left of the budget."""

    def __init__(self, material: TurnMaterial, description: ModelDescription, counting: PieceCounting) -> None:
        self._material = material
        self._description = description
        self._counting = counting
        self._context_tokens = description.capabilities.context_tokens or ASSUMED_CONTEXT_TOKENS
        self._reply_tokens = _reply_tokens(material.parameters, description, self._context_tokens)
        self._budget = self._context_tokens - self._reply_tokens
        self._left = self._budget

    async def build(self) -> Prompt:
        head = await self._counting.count(head_pieces(self._material, demonstration=self._description.is_demonstration))
        bare, _ = await fit_passages(
            replace(self._material, passages=()), self._description, self._counting, room=self._budget
        )
        self._left -= sent_tokens([*head, *bare])
        if self._left < 0:
            raise ContextExceeded(
                needed_tokens=self._context_tokens - self._left,
                context_tokens=self._context_tokens,
                model=self._description.model,
            )
        summary = await self._fit_summary()
        examples, far = await self._fit_examples()
        pictures = await self._fit_pictures()
        asked, shown = await self._fit_passages(sent_tokens(bare))
        turns = await self._fit_turns(has_summary=bool(summary) and summary[0].sent, has_passages=bool(shown))
        last = [*pictures, *turns.recalled.pieces, *asked]
        return Prompt(ledger=self._ledger(head, examples, far, summary, turns, last), shown=shown)

    async def _fit_summary(self) -> list[Piece]:
        summary = self._material.summary
        if summary is None or not self._material.uses_summary or not summary.text.strip():
            return []
        piece = Piece(
            kind="summary",
            role="user",
            label="summary",
            text=set_summary(summary, demonstration=self._description.is_demonstration),
            tokens=0,
            message=0,
            origin={"summary_id": str(summary.summary_id), "messages": str(summary.turns)},
        )
        return self._take(await self._counting.count([piece]), room=self._budget // _SUMMARY_SHARE)

    async def _fit_examples(self) -> tuple[list[ExampleTurns], list[Piece]]:
        if self._material.examples is None or not self._material.examples.examples:
            return [], []
        chosen, far = await fit_examples(
            self._material.examples,
            self._material.question.text,
            self._counting,
            room=min(self._left, self._budget // _EXAMPLES_SHARE),
        )
        self._left -= sum(sent_tokens(pair) for pair in chosen)
        return chosen, far

    async def _fit_pictures(self) -> list[Piece]:
        pictures = await self._counting.count(image_pieces(self._material.question, self._material, self._description))
        return self._take(pictures, room=self._left)

    async def _fit_passages(self, bare_tokens: int) -> tuple[list[Piece], tuple[Passage, ...]]:
        """The question again, with passages; what it takes without them is taken already."""
        kept = min(self._left, self._budget // _LAST_TURN_SHARE, await self._last_turn_tokens())
        asked, shown = await fit_passages(
            self._material, self._description, self._counting, room=bare_tokens + self._left - kept
        )
        self._left -= sent_tokens(asked) - bare_tokens
        return asked, shown

    async def _last_turn_tokens(self) -> int:
        turns = exchanges_of(self._material.branch[:-1])
        if not turns or not self._material.passages:
            return 0
        pieces = [
            piece
            for message in turns[-1].messages
            for piece in message_pieces(message, self._material, self._description, 0)
            if piece.kind == "turn"
        ]
        return sum(piece.tokens for piece in await self._counting.count(pieces))

    async def _fit_turns(self, *, has_summary: bool, has_passages: bool) -> _Turns:
        history = read_history(self._material, has_summary=has_summary)
        window = await self._window(history, room=self._left)
        recalled = Recalled()
        is_whole = len(window) == len(history.open) and not history.summarised and not self._material.beyond.positions
        if self._material.uses_recall and not is_whole:
            room = min(self._left, self._budget // _RECALL_SHARE)
            window = await self._window(history, room=self._left - room)
            outside = (
                *self._open_beyond(),
                *history.summarised,
                *history.open[: len(history.open) - len(window)],
            )
            recalled = await fit_recalled(
                outside, self._material, self._description, self._counting, room=room, has_passages=has_passages
            )
        self._left -= sum(sent_tokens(pieces) for turn in window for pieces in turn)
        self._left -= sent_tokens(recalled.pieces)
        return _Turns(
            window=[message for turn in window for message in turn],
            recalled=recalled,
            left_out=self._left_out(history, len(window), recalled, has_summary=has_summary),
        )

    async def _window(self, history: History, *, room: int) -> list[list[list[Piece]]]:
        return await window_of(history.open, self._material, self._description, self._counting, room=room)

    def _open_beyond(self) -> tuple[Exchange, ...]:
        """The turns that were read from farther back and may be sent."""
        after = self._material.context_after
        return tuple(
            exchange
            for exchange in self._material.beyond.recalled
            if after is None or exchange.messages[0].position > after
        )

    def _left_out(self, history: History, sent: int, recalled: Recalled, *, has_summary: bool) -> list[Piece]:
        back = {exchange.number for exchange in recalled.exchanges}
        reasons = [
            *((exchange, "new_context") for exchange in history.closed),
            *((exchange, "summarised") for exchange in history.summarised),
            *((exchange, "no_room") for exchange in history.open[: len(history.open) - sent]),
        ]
        unread = set(self._material.beyond.positions)
        unread -= {message.position for exchange in recalled.exchanges for message in exchange.messages}
        through = self._material.summary.through_position if has_summary and self._material.summary else None
        after = self._material.context_after
        return [
            *unread_pieces(_why_unread(position, after, through) for position in sorted(unread)),
            *left_out_pieces(
                [(exchange, reason) for exchange, reason in reasons if exchange.number not in back],
                self._material,
                self._description,
            ),
        ]

    def _take(self, pieces: Sequence[Piece], *, room: int) -> list[Piece]:
        """Take each of the pieces that fits into ``room`` and into what is left; the others stay, left out."""
        taken: list[Piece] = []
        room = min(room, self._left)
        for piece in pieces:
            fits = not piece.sent or piece.tokens <= room
            taken.append(piece if fits else replace(piece, sent=False, reason="no_room"))
            room -= sent_tokens(taken[-1:])
        self._left -= sent_tokens(taken)
        return taken

    def _ledger(
        self,
        head: list[Piece],
        examples: Sequence[ExampleTurns],
        far: list[Piece],
        summary: list[Piece],
        turns: _Turns,
        last: list[Piece],
    ) -> Ledger:
        messages = [*turns.window, last]
        if summary and summary[0].sent:
            # Before the first words of the user that are sent: stable while the same turns are, and no message apart.
            first = next(
                place for place, pieces in enumerate(messages) if any(piece.role == "user" for piece in pieces)
            )
            messages[first] = [*summary, *messages[first]]
            summary = []
        return Ledger(
            model=self._description.model,
            backend=self._description.backend,
            context_tokens=self._context_tokens,
            reply_tokens=self._reply_tokens,
            counted_by=self._counting.counted_by,
            parameters=_parameters(self._material, self._reply_tokens),
            pieces=tuple(
                _numbered(
                    [
                        head,
                        *([side] for pair in examples for side in pair),
                        [*far, *summary, *turns.left_out],
                        *messages,
                    ]
                )
            ),
        )


def _numbered(messages: Iterable[Sequence[Piece]]) -> Iterable[Piece]:
    """The pieces of all messages with the number of theirs."""
    for number, pieces in enumerate(filter(None, messages)):
        for piece in pieces:
            yield replace(piece, message=number)


def _why_unread(position: int, after: int | None, through: int | None) -> str:
    if after is not None and position <= after:
        return "new_context"
    return "summarised" if through is not None and position <= through else "no_room"


def _reply_tokens(parameters: GenerationParameters, description: ModelDescription, context_tokens: int) -> int:
    if parameters.max_tokens is not None:
        return min(parameters.max_tokens, context_tokens - 1)
    share = context_tokens // REPLY_SHARE
    return min(share, _DEMONSTRATION_REPLY_TOKENS) if description.is_demonstration else share


def _parameters(material: TurnMaterial, reply_tokens: int) -> GenerationParameters:
    parameters = replace(material.parameters, max_tokens=reply_tokens)
    task = material.question.task
    if task is not None and (schema := schema_of(task)) is not None:
        parameters = replace(parameters, json_schema=schema)
    if (material.passages or task) and parameters.temperature is None:
        parameters = replace(parameters, temperature=_DOCUMENT_TEMPERATURE)
    return parameters
