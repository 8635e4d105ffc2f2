"""A statement as it is compared with the passages: its words, its names, and what it leaves to the question."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from samovar.domain.grounding import ClaimFault
from samovar.retrieval.claims import Statement
from samovar.retrieval.lexicon import Lexicon
from samovar.retrieval.reading import Fact, Reading, Word, read_text
from samovar.retrieval.sources import Source, Sources, has_name, same_fact
from samovar.retrieval.vocabulary import QUESTION_WORDS

__all__ = ["Assertion", "Difference", "is_same", "read_assertion"]

#: Fewer words do not say what a number or a name is of: the question does.
_FEWEST_WORDS: Final = 2


class Difference(NamedTuple):
    """What kind of thing a source says otherwise, and which words of the assertion: none where none can be named."""

    fault: ClaimFault
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A statement, and the passages that it may stand on.

    ``words`` are those that mean something, ``names`` those of them that name someone or something, and ``asked`` the
    words of the question where the statement has too few of its own. ``header`` are the cells above a row of a table.
    """

    statement: Statement
    sources: Sources
    words: tuple[Word, ...]
    names: tuple[Word, ...]
    asked: tuple[Word, ...]
    header: tuple[Reading, ...]

    @property
    def reading(self) -> Reading:
        """What the statement says."""
        return self.statement.reading

    @property
    def lexicon(self) -> Lexicon:
        """Which words mean the same."""
        return self.sources.lexicon

    def concepts(self, word: Word) -> frozenset[str]:
        """What a word means, be it of the statement or of a source."""
        return self.sources.lexicon.concepts(word.key)


def is_same(claimed: Fact, stood: Fact, source: Source) -> bool:
    """Tell whether a fact of a source bears out one of a claim, with the units and years that the passage names."""
    return same_fact(claimed, stood, units=source.units_of_measure, years=source.years)


def read_assertion(statement: Statement, sources: Sources, asked: Reading) -> Assertion:
    """Find what of a statement is compared. One of a name or a number alone says what was ``asked``."""
    lexicon = sources.lexicon
    words = tuple(word for word in statement.reading.words if lexicon.concepts(word.key))
    of_question = (
        (word for word in asked.words if word.key not in QUESTION_WORDS and lexicon.concepts(word.key))
        if len(words) < _FEWEST_WORDS
        else ()
    )
    return Assertion(
        statement=statement,
        sources=sources,
        words=words,
        names=tuple(word for word in words if _is_name(word, sources)),
        asked=tuple(of_question),
        header=tuple(read_text(cell) for cell in statement.header),
    )


def _is_name(word: Word, sources: Sources) -> bool:
    if not word.text[0].isupper() or sources.lexicon.is_ordinary(word.key):
        return False
    return word.is_name or (len(word.key) > 2 and has_name(sources.names, word.key))
