"""Count the pieces of a prompt with the tokenizer of the model that will read them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from samovar.domain.ledger import CountedBy, Ledger, Piece
from samovar.gateway.tokens import IMAGE_TOKENS, MESSAGE_OVERHEAD_TOKENS, CountsTokens, TokenCounter

__all__ = ["PieceCounting", "sent_tokens", "text_tokens"]

#: Kinds that stand in the message of another piece, which bears what a chat template adds.
_WITHIN_A_MESSAGE: Final = ("facts", "summary", "recalled", "rules", "passage", "image")


class PieceCounting:
    """Counts pieces for one model; ``counted_by`` is the least exact of the ways used."""

    def __init__(self, source: CountsTokens, model: str, counter: TokenCounter) -> None:
        """Ask ``source`` for the tokens of ``model``, and remember them in ``counter``."""
        self._source = source
        self._model = model
        self._counter = counter
        self.counted_by: CountedBy = "tokenizer"

    async def count(self, pieces: Sequence[Piece]) -> list[Piece]:
        """The same pieces with their tokens. Raises: BackendError."""
        counts, counted_by = await self._counter.count(self._source, self._model, [piece.text for piece in pieces])
        if pieces and counted_by != "tokenizer":
            self.counted_by = counted_by
        return [
            replace(piece, tokens=IMAGE_TOKENS if piece.image else count + _overhead(piece))
            for piece, count in zip(pieces, counts, strict=True)
        ]


def sent_tokens(pieces: Iterable[Piece]) -> int:
    """The tokens of those pieces that are sent."""
    return sum(piece.tokens for piece in pieces if piece.sent)


def text_tokens(ledger: Ledger) -> int:
    """The tokens of the words that were sent, without pictures and without what a chat template adds."""
    return sum(piece.tokens - _overhead(piece) for piece in ledger.pieces if piece.sent and not piece.image)


def _overhead(piece: Piece) -> int:
    return 0 if piece.kind in _WITHIN_A_MESSAGE else MESSAGE_OVERHEAD_TOKENS
