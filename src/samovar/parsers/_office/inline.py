"""A line of text with its links, as it is put together from runs."""

import re
from typing import Final
from unicodedata import normalize

from samovar.parsers._shared import clean_characters

__all__ = ["Inline"]

_LONGEST_TARGET: Final = 2000
_ALLOWED_TARGETS: Final = re.compile(r"(?i)(https?://|mailto:|tel:)\S")

#: Characters that are written for the eye alone.
_FOR_THE_EYE: Final = {
    **dict.fromkeys((0xA0, 0x2007, 0x202F, 0x2028, 0x2029, 0x85), " "),
    **dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF, 0x200E, 0x200F), None),
    0x0D: "\n",
    0x2011: "-",
}
_PLAIN: Final = re.compile(r"[ -~\nЀ-ӿ–—«»№]*")
_BLANKS: Final = re.compile(r"[ \t]*\n[ \t\n]*")
_RUNS: Final = re.compile(r" {2,}")


class Inline:
    """A line of text as it is put together from runs, with its links; white space is put right at the end."""

    def __init__(self, text: str = "") -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._links: list[tuple[int, int, str]] = []
        if text:
            self.write(text)

    def __len__(self) -> int:
        return self._length

    def write(self, text: str) -> None:
        """Add a stretch of text."""
        if not _PLAIN.fullmatch(text):
            # Letters that are put together from two characters (as macOS writes й) become one.
            text = normalize("NFC", clean_characters(text).translate(_FOR_THE_EYE))
        self._pieces.append(text)
        self._length += len(text)

    def link(self, start: int, target: str) -> None:
        """Let what was written since ``start`` lead to an address of the web, of mail or of a telephone."""
        target = target.strip()
        if self._length > start and len(target) <= _LONGEST_TARGET and _ALLOWED_TARGETS.match(target):
            self._links.append((start, self._length, clean_characters(target)))

    def add(self, other: "Inline", *, between: str = "") -> None:
        """Add another line with its links."""
        if between and self._length and other._length:
            self.write(between)
        self._links.extend((start + self._length, end + self._length, target) for start, end, target in other._links)
        self._pieces.extend(other._pieces)
        self._length += other._length

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing but white space was written."""
        return not any(piece.strip() for piece in self._pieces)

    def finished(self, *, flat: bool = False) -> tuple[str, list[tuple[int, int, str]]]:
        """The text with single blanks and no blanks at its ends, and its links; ``flat`` has no tabs and line ends."""
        text = "".join(self._pieces)
        if not self._links:
            return _tidy(text, flat=flat), []
        # Each stretch is put right by itself, so that the places of links stay true.
        marks = sorted({place for start, end, _ in self._links for place in (start, end)})
        places: dict[int, int] = {}
        tidy = ""
        for start, end in zip([0, *marks], [*marks, len(text)], strict=True):
            places[start] = len(tidy)
            piece = _tidy_inside(text[start:end], flat=flat)
            if (not tidy or tidy[-1].isspace()) and piece[:1] == " ":
                piece = piece[1:]
            tidy += piece
        places[len(text)] = len(tidy)
        lead = len(tidy) - len(tidy.lstrip())
        tidy = tidy.strip()
        links = []
        for start, end, target in self._links:
            first, last = (min(max(0, places[place] - lead), len(tidy)) for place in (start, end))
            first += len(tidy[first:last]) - len(tidy[first:last].lstrip())
            last -= len(tidy[first:last]) - len(tidy[first:last].rstrip())
            if first < last:
                links.append((first, last, target))
        return tidy, links

    @property
    def raw(self) -> str:
        """The text with all its white space."""
        return "".join(self._pieces)

    @property
    def text(self) -> str:
        """The text alone, put right."""
        return _tidy("".join(self._pieces), flat=False)


def _tidy(text: str, *, flat: bool) -> str:
    return _tidy_inside(text, flat=flat).strip()


def _tidy_inside(text: str, *, flat: bool) -> str:
    if flat:
        blank_before, blank_after = text[:1].isspace(), text[-1:].isspace()
        words = " ".join(text.split())
        if not words:
            return " " if text else ""
        return (" " if blank_before else "") + words + (" " if blank_after else "")
    if "\n" in text:
        text = _BLANKS.sub("\n", text)
    return _RUNS.sub(" ", text) if "  " in text else text
