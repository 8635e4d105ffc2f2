"""The examples that are sent as turns before the conversation, and those that are left out for nearer ones."""

from dataclasses import replace
from typing import Final

from samovar.chat.counting import PieceCounting
from samovar.chat.nearest_examples import choose_examples
from samovar.domain.examples import ExampleSet
from samovar.domain.ledger import Piece
from samovar.retrieval.words import terms_of

__all__ = ["ExampleTurns", "fit_examples"]

#: Both sides of an example, in order.
ExampleTurns = tuple[Piece, Piece]
#: Of a set of any size, so many of the nearest are counted by the tokenizer, and no more are sent.
_MOST_COUNTED: Final = 64
#: Examples that were left out are listed one by one up to here, the others as one piece.
_MOST_LISTED: Final = 32
_FAR: Final = "far_from_question"


async def fit_examples(
    examples: ExampleSet, question: str, counting: PieceCounting, *, room: int
) -> tuple[list[ExampleTurns], list[Piece]]:
    """Choose the examples nearest to a question that fit into ``room`` tokens together.

    Shape: those that are sent, in the order of the set, and the pieces of the others. Raises: BackendError.
    """
    turns = [_turns(examples, place) for place in range(len(examples.examples))]
    stems = [_stems(f"{example.question}\n{example.answer}") for example in examples.examples]
    asked = _stems(question)
    near = choose_examples(asked, examples.examples, stems, [1] * len(turns), _MOST_COUNTED)
    counted = iter(await counting.count([side for place in near for side in turns[place]]))
    exact = {place: (next(counted), next(counted)) for place in near}
    tokens = [sum(side.tokens for side in exact[place]) if place in exact else room + 1 for place in range(len(turns))]
    chosen = choose_examples(asked, examples.examples, stems, tokens, room)
    others = [exact.get(place, pair) for place, pair in enumerate(turns) if place not in set(chosen)]
    left_out = [replace(side, sent=False, reason=_FAR) for pair in others[:_MOST_LISTED] for side in pair]
    if more := len(others) - _MOST_LISTED if len(others) > _MOST_LISTED else 0:
        rest = replace(others[-1][0], text="", tokens=0, sent=False, reason=_FAR)
        left_out.append(replace(rest, origin={"examples_id": str(examples.examples_id), "examples": str(more)}))
    return [exact[place] for place in chosen], left_out


def _turns(examples: ExampleSet, place: int) -> ExampleTurns:
    example = examples.examples[place]
    origin = {"examples_id": str(examples.examples_id), "example": str(place + 1)}
    asked = Piece(
        kind="example", role="user", label=examples.name, text=example.question, tokens=0, message=0, origin=origin
    )
    return asked, replace(asked, role="assistant", text=example.answer)


def _stems(text: str) -> frozenset[str]:
    return frozenset(term.key for term in terms_of(text))
