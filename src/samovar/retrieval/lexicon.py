"""What words are compared by: the stems of the index, and groups of words that mean the same."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from samovar.retrieval.vocabulary import ANTONYMS, LIGHT, SYNONYMS, fold

__all__ = ["Lexicon", "Stemmer", "load_lexicon"]

Stemmer = Callable[[Sequence[str]], Awaitable[tuple[frozenset[str], ...]]]

#: No word of a language is longer; what is longer is compared by its beginning.
_LONGEST_WORD: Final = 60


class Lexicon:
    """Knows the concepts of words: their stems and the groups that those belong to."""

    def __init__(self, stems: dict[str, frozenset[str]]) -> None:
        """Take the stems of every word that will be asked for."""
        self._groups: dict[str, set[str]] = {}
        for group in SYNONYMS:
            for word in group:
                for stem in stems.get(fold(word), ()):
                    self._groups.setdefault(stem, set()).add(f"={group[0]}")
        self._concepts = {
            key: frozenset(found).union(*(self._groups.get(stem, ()) for stem in found)) for key, found in stems.items()
        }
        self._opposites: dict[str, set[str]] = {}
        for one, other in ANTONYMS:
            for mine, theirs in ((one, other), (other, one)):
                for stem in stems.get(mine, ()):
                    self._opposites.setdefault(stem, set()).update(stems.get(theirs, ()))
        self._stems = stems

    def concepts(self, key: str) -> frozenset[str]:
        """What a folded word is known by; nothing for a word that says nothing."""
        return frozenset() if key in LIGHT else self._concepts.get(key[:_LONGEST_WORD], frozenset())

    def is_ordinary(self, key: str) -> bool:
        """Tell whether a word is known for no name, however it is written."""
        return any(stem in self._groups or stem in self._opposites for stem in self._stems.get(key, ()))

    def opposites(self, key: str) -> frozenset[str]:
        """The stems of the words that mean the opposite."""
        return frozenset().union(*(self._opposites.get(stem, ()) for stem in self._stems.get(key, ())))


async def load_lexicon(keys: Iterable[str], stems: Stemmer) -> Lexicon:
    """Ask for the stems of folded words, all at once."""
    known = {fold(word) for group in (*SYNONYMS, *ANTONYMS) for word in group}
    words = sorted(known.union(key[:_LONGEST_WORD] for key in keys))
    return Lexicon(dict(zip(words, await stems(words), strict=True)))
