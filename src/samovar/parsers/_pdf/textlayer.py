"""The characters of a page and the lines that they make, in the order in which the file draws them."""

import re
from ctypes import addressof, create_string_buffer
from math import atan2, hypot, pi
from typing import Any, Final

from samovar.parsers._pdf import library
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.library import Box, Handle
from samovar.parsers._pdf.line import PLAIN, Face, Line
from samovar.parsers._shared import clean_characters

__all__ = ["HYPHEN", "TextLayer"]

#: What PDFium writes for a hyphen at the end of a line, leaving out the line end after it.
HYPHEN: Final = "\ufffe"

_LINE: Final = re.compile(r"[^\r\n\ufffe]*\S\ufffe?")
#: Printable characters that become others: ligatures, and accents that are characters of their own.
_COMPOSED: Final = (
    *map(chr, range(0xFB00, 0xFB07)), "\u0300", "\u0301", "\u0302", "\u0303", "\u0306", "\u0307", "\u0308", "\u030a",
    "\u030b", "\u030c", "\u0327", "\u0328",
)  # fmt: skip
_BLANKS: Final = str.maketrans("\t\u00a0\u2007\u202f", "    ")
_BOLD_NAME: Final = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)
_MONOSPACED_NAME: Final = re.compile(r"mono|courier|consol|menlo|typewriter", re.IGNORECASE)
_BOLD_WEIGHT: Final = 600
#: A gap between two pieces of a line that is wider than this, in sizes of type, may divide columns.
_WIDE_GAP: Final = 0.8
#: Letters of running text are narrower than this on the mean, in sizes of type: a wider line has a gap inside.
_WIDE_LETTER: Final = 0.62
_PLACES_CHECKED: Final = 4


class TextLayer:
    """The text of one page as PDFium gives it; handles are valid while its page is open.

    ``raw`` has every character at PDFium's own index. ``is_plain`` text is written as it is, but for hyphens.
    """

    def __init__(self, textpage: Any, bounds: Box) -> None:
        self.handle: Handle = library.address(textpage.raw)
        self.bounds = bounds
        self.count: int = library.count_chars(self.handle)
        self.is_plain = True
        self.raw = self._read()
        self.has_gaps = False
        self.frame = Frame(bounds, 0)
        self._faces: dict[Handle, Face] = {}

    def _read(self) -> str:
        """Every character, each at PDFium's own index."""
        if self.count <= 0:
            return ""
        buffer = create_string_buffer(2 * (self.count + 1))
        written = library.get_text(self.handle, 0, self.count, addressof(buffer))
        text = buffer.raw[: 2 * max(0, written - 1)].decode("utf-16-le", "surrogatepass")
        if len(text) != self.count or not self._has_own_places():
            # The quick way leaves out or splits a character now and then; the slow way never does.
            codes = [library.unicode_of(self.handle, index) for index in range(self.count)]
            text = "".join(chr(code) if code <= 0x10FFFF else "\ufffd" for code in codes)
            text = text.replace("\x02", HYPHEN)
        # A quick look first: nearly every page has printable characters only.
        if text.replace("\r\n", "").replace(HYPHEN, "").isprintable():
            self.is_plain = not any(map(text.__contains__, _COMPOSED))
            return text
        self.is_plain = False
        return HYPHEN.join(clean_characters(part) for part in text.split(HYPHEN)).translate(_BLANKS)

    def _has_own_places(self) -> bool:
        step = max(1, self.count // _PLACES_CHECKED)
        return all(
            library.text_index(self.handle, index) == index for index in (*range(0, self.count, step), self.count - 1)
        )

    def lines(self) -> list[Line]:
        """Read the lines in the order of the file, and find out how the page runs. Places are those of ``frame``."""
        found = [line for match in _LINE.finditer(self.raw) if (line := self._line(*match.span())) is not None]
        if any(line.turned for line in found) or self.frame.turns:
            found = self._upright(found)
        if self.has_gaps:
            found = [piece for line in found for piece in self._pieces(line)]
        return found

    def _line(self, start: int, end: int) -> Line | None:
        handle, raw = self.handle, self.raw
        while raw[start] == " ":
            start += 1
        count = library.count_rects(handle, start, end - start)
        if count <= 0:
            return None
        left, bottom, right, top = last = library.rect(handle, 0)
        a, b, c, d, _, base = library.text_matrix(handle, start)
        scale = 1.0 if a == d == 1.0 else hypot(c, d)
        size = library.font_size(handle, start) * scale
        for place in range(1, count):
            box = library.rect(handle, place)
            if box[0] - last[2] > _WIDE_GAP * size:
                self.has_gaps = True
            last = box
            left = min(left, box[0])
            bottom = min(bottom, box[1])
            right = max(right, box[2])
            top = max(top, box[3])
        if right - left > _WIDE_LETTER * size * (end - start):
            self.has_gaps = True
        font = library.font_of(library.text_object(handle, start))
        face = self._faces.get(font) or self._face(font)
        if face.is_bold:
            last_font = library.font_of(library.text_object(handle, end - 1))
            if last_font != font:
                last_face = self._faces.get(last_font) or self._face(last_font)
                face = face if last_face.is_bold else last_face
        bounds = self.bounds
        line = Line(
            start, end, (left - bounds[0], bounds[3] - top, right - bounds[0], bounds[3] - bottom), size, face, 0.0
        )
        line.base = bounds[3] - base
        line.turned = b != 0.0 or a < 0.0
        return line

    def _face(self, font: Handle | None) -> Face:
        if font is None:
            return PLAIN
        name = library.face_name(font)
        is_bold = _BOLD_NAME.search(name) is not None or library.face_weight(font) >= _BOLD_WEIGHT
        flags = max(0, library.face_flags(font))
        is_monospaced = _MONOSPACED_NAME.search(name) is not None or bool(flags & 1)
        face = Face(is_bold=is_bold, is_monospaced=is_monospaced)
        self._faces[font] = face
        return face

    def _upright(self, lines: list[Line]) -> list[Line]:
        """Choose the frame in which most characters stand upright, and place the lines in it."""
        votes = [0, 0, 0, 0]
        angles: list[int] = []
        for line in lines:
            a, b, _, _, _, _ = library.text_matrix(self.handle, line.start)
            angle = round(atan2(b, a) / (pi / 2)) % 4
            slant = abs(atan2(b, a) / (pi / 2) - round(atan2(b, a) / (pi / 2))) > 0.06
            angles.append(-1 if slant else angle)
            if not slant:
                votes[angle] += line.end - line.start
        turns = votes.index(max(votes))
        before, self.frame = self.frame, Frame(self.bounds, turns)
        for line, angle in zip(lines, angles, strict=True):
            place = self.frame.place(before.back((line.left, line.top, line.right, line.bottom)))
            line.left, line.top, line.right, line.bottom = place
            _, _, _, _, x, y = library.text_matrix(self.handle, line.start)
            line.base = self.frame.origin(x, y)[1]
            line.turned = angle != turns
        return lines

    def _pieces(self, line: Line) -> list[Line]:
        """Cut a line at its wide gaps."""
        if line.turned:
            return [line]
        cuts: list[int] = []
        for place in range(line.start + 1, line.end - 1):
            if self.raw[place] != " " or self.raw[place + 1] == " ":
                continue
            before = place - 1
            while before > line.start and self.raw[before] == " ":
                before -= 1
            gap = self.char_place(place + 1)[0] - self.char_place(before)[2]
            if gap > _WIDE_GAP * line.size:
                cuts.append(place + 1)
        if not cuts:
            return [line]
        ends = [*cuts, line.end]
        return [self.cut(line, start, end) for start, end in zip([line.start, *cuts], ends, strict=True)]

    def cut(self, line: Line, start: int, end: int) -> Line:
        """A stretch of a line as a line of its own, without blanks around it."""
        while start < end and self.raw[start] == " ":
            start += 1
        while end > start and self.raw[end - 1] == " ":
            end -= 1
        boxes = self.places(start, end) or [(line.left, line.top, line.left, line.bottom)]
        box = (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )
        piece = Line(start, end, box, line.size, line.face, line.base)
        if start < end and start != line.start:
            # PDFium takes lines of neighbouring columns for one, though they may stand a little higher or lower.
            _, _, c, d, x, y = library.text_matrix(self.handle, start)
            piece.base = self.frame.origin(x, y)[1]
            piece.size = library.font_size(self.handle, start) * hypot(c, d)
            font = library.font_of(library.text_object(self.handle, start))
            piece.face = self._faces.get(font) or self._face(font)
        piece.turned = line.turned
        return piece

    def places(self, start: int, end: int) -> list[Box]:
        """The boxes of a stretch of characters, one for each run of a font, in the page's frame."""
        count = library.count_rects(self.handle, start, end - start)
        return [self.frame.place(library.rect(self.handle, place)) for place in range(max(0, count))]

    def char_place(self, index: int) -> Box:
        """The ink of one character in the page's frame."""
        return self.frame.place(library.char_box(self.handle, index))
