"""Words in quotation marks, and whether a source has them, letter for letter."""

import re
from dataclasses import dataclass
from typing import Final

from samovar.retrieval.vocabulary import fold

__all__ = ["Quote", "find_quotes", "normalised", "stands_in", "words_not_in"]

_CLOSERS: Final = {"«": "»", "“": "”", "„": "“”", '"': '"', "'": "'", "‘": "’"}
#: Names are quoted too; what is shorter is none of the author's sentences.
_FEWEST_WORDS: Final = 3
_LONGEST: Final = 4_000
_ELLIPSIS: Final = re.compile(r"\s*(?:\[?(?:…|\.{3})\]?|\(…\)|<\.\.\.>)\s*")
_WORDS: Final = re.compile(r"\w+(?:['’.,/:-]\w+)*")
_DASHES: Final = re.compile("[‐‑‒–—―−-]")
_MARKS: Final = re.compile("[«»“”„‟\"'’‘`*]")
_DIVIDED: Final = re.compile(r"(?<=[^\W\d_])-\s*\n\s*(?=[^\W\d_])")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]\\s*\\n?")


@dataclass(frozen=True, slots=True)
class Quote:
    """``text[start:end]`` without its marks."""

    start: int
    end: int
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Its stretches between marks of omission."""
        return tuple(part for part in _ELLIPSIS.split(self.text) if _WORDS.search(part))


def find_quotes(text: str) -> list[Quote]:
    """Find quotes of at least three words; a quote inside a quote is a part of the outer one.

    Costs no more than the length of the text, whatever it holds.
    """
    quotes: list[Quote] = []
    closing = _Closing(text)
    place = 0
    while place < len(text):
        end = closing.after(place) if text[place] in _CLOSERS and _may_open(text, place) else None
        if end is None or end - place > _LONGEST:
            place += 1
            continue
        inside = text[place + 1 : end]
        if len(_WORDS.findall(inside)) >= _FEWEST_WORDS:
            quotes.append(Quote(place + 1, end, inside))
        place = end + 1
    return quotes


class _Closing:
    """Where each opening mark is closed; computed once for the text."""

    def __init__(self, text: str) -> None:
        self._ends: dict[int, int] = {}
        open_angles: list[int] = []
        last: dict[str, int] = {}
        for place in range(len(text) - 1, -1, -1):
            character = text[place]
            if character == "»":
                open_angles.append(place)
            elif character == "«" and open_angles:
                self._ends[place] = open_angles.pop()
            elif character in _CLOSERS:
                ends = [last[closer] for closer in _CLOSERS[character] if closer in last]
                if ends:
                    self._ends[place] = min(ends)
            if character in '”“"' or (character in "'’" and _may_close(text, place)):
                last[character] = place

    def after(self, place: int) -> int | None:
        return self._ends.get(place)


def _may_open(text: str, place: int) -> bool:
    """An apostrophe inside a word opens nothing, nor does a mark behind one."""
    return text[place] in "«„“" or place == 0 or not text[place - 1].isalnum()


def _may_close(text: str, place: int) -> bool:
    return place + 1 >= len(text) or not text[place + 1].isalnum()


def normalised(text: str) -> str:
    """A text in the one form in which quotes are compared.

    White space, divided words, the shape of dashes and quotation marks, emphasis, capitals and ё are the printer's;
    words, numbers and stops are the author's.
    """
    text = _DIVIDED.sub("", _UNSEEN.sub("", text))
    return " ".join(_MARKS.sub("", _DASHES.sub(" - ", fold(text))).split())


def stands_in(quote: str, source: str) -> bool:
    """Tell whether a source, ``normalised``, has these words at whole words; stops at their ends may differ."""
    words = normalised(quote).strip(" .,;:!?-")
    place = source.find(words)
    while place >= 0:
        end = place + len(words)
        begins = place == 0 or not (source[place - 1].isalnum() and words[:1].isalnum())
        # "5" does not stand in "5,5".
        cut = source[end : end + 2]
        ends = not cut or not (cut[0].isalnum() or (cut[0] in ".,:" and cut[1:].isdigit() and words[-1:].isdigit()))
        if words and begins and ends:
            return True
        place = source.find(words, place + 1)
    return False


def words_not_in(quote: str, source: str) -> tuple[str, ...]:
    """The words of a quote, as written there, that the source, ``normalised``, does not have."""
    known = set(_WORDS.findall(source))
    return tuple(word for word in _WORDS.findall(quote) if normalised(word) not in known)
