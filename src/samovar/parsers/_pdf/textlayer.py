"""The characters of a page and the lines that they make, in the order in which the file draws them."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise, repeat
from math import atan2, hypot, pi
from operator import eq
from typing import Any, Final

from samovar.parsers._pdf import library
from samovar.parsers._pdf.frame import Frame
from samovar.parsers._pdf.library import Argument, Box, Handle
from samovar.parsers._pdf.line import PLAIN, SMALLEST_TYPE, Face, Line
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
_MONOSPACED_NAME: Final = re.compile(r"mono|courier|consol|menlo|typewriter|cmtt|cmsltt|lmtt", re.IGNORECASE)
_BOLD_WEIGHT: Final = 600
#: A gap between two pieces of a line that is wider than this, in sizes of type, may divide columns.
_WIDE_GAP: Final = 0.8
#: It does if it is so many times as wide as the narrowest gap of its line, or very wide, in sizes of type.
_STRETCHED: Final = 2.0
_VERY_WIDE_GAP: Final = 1.2
#: Letters of running text are narrower than this on the mean, in sizes of type: a wider line has a gap inside.
_WIDE_LETTER: Final = 0.62
#: So many gaps at the start of a line show how wide its usual ones are.
_SPACES_SAMPLED: Final = 3
_PLACES_CHECKED: Final = 4
#: A raised mark is smaller than its word by this share at least.
_RAISED_SIZE: Final = 0.85
_FEW: Final = 12


class TextLayer:
    """The text of one page as PDFium gives it; handles are valid while its page is open.

    ``raw`` has every character at PDFium's own index. ``is_plain`` text is written as it is, but for hyphens.
    """

    def __init__(self, textpage: Any, bounds: Box) -> None:
        self.handle: Argument = library.argument(textpage.raw)
        self.bounds = bounds
        self.count: int = library.count_chars(self.handle)
        self.is_plain = True
        self.raw = self._read()
        # Where lines may have to be cut: the left edges of what follows a wide gap, by the start of the line.
        self._gaps: dict[int, list[float]] = {}
        # The starts of what PDFium takes for one line although it goes back to the left, below itself.
        self._returning: set[int] = set()
        self.frame = Frame(bounds, 0)
        self._faces: dict[Handle | None, Face] = {}

    def _read(self) -> str:
        """Every character, each at PDFium's own index."""
        if self.count <= 0:
            return ""
        text = library.text_of(self.handle, 0, self.count)
        if len(text) != self.count or not self._has_own_places():
            text = "".join(self._characters(0, self.count)).replace("\x02", HYPHEN)
        # A quick look first: nearly every page has printable characters only.
        if text.replace("\r\n", "").replace(HYPHEN, "").isprintable():
            self.is_plain = not any(map(text.__contains__, _COMPOSED))
            return text
        self.is_plain = False
        return HYPHEN.join(clean_characters(part) for part in text.split(HYPHEN)).translate(_BLANKS)

    def _characters(self, start: int, end: int) -> Iterator[str]:
        """A stretch of characters where PDFium's text leaves some out: it is halved until a part is whole or short."""
        handle, count = self.handle, end - start
        if count > _FEW:
            text = library.text_of(handle, start, count)
            ends = library.text_index(handle, start), library.text_index(handle, end - 1)
            if len(text) == count and ends[0] >= 0 and ends[1] - ends[0] == count - 1:
                yield text
            else:
                middle = start + count // 2
                yield from self._characters(start, middle)
                yield from self._characters(middle, end)
            return
        for index in range(start, end):
            code = library.unicode_of(handle, index)
            yield chr(code) if code <= 0x10FFFF else "\ufffd"

    def _has_own_places(self) -> bool:
        step = max(1, self.count // _PLACES_CHECKED)
        return all(
            library.text_index(self.handle, index) == index for index in (*range(0, self.count, step), self.count - 1)
        )

    def lines(self) -> list[Line]:
        """Read the lines in the order of the file, and find out how the page runs. Places are those of ``frame``."""
        spans = self._spans()
        found = self._lines(spans)
        if self._returning:
            spans = [part for span in spans for part in (self._rows(span) if span[0] in self._returning else [span])]
            self._gaps.clear()
            found = self._lines(spans)
        if self.frame.turns or any(line.turned for line in found):
            found = self._upright(found)
        if self._gaps:
            found = [piece for line in found for piece in self._pieces(line)]
        return found

    def _spans(self) -> list[tuple[int, int]]:
        """Where lines begin and end, without blanks around them."""
        raw = self.raw
        texts = raw.split("\r\n")
        if not raw.count("\r") == raw.count("\n") == len(texts) - 1:
            return [self._stripped(*match.span()) for match in _LINE.finditer(raw)]
        has_hyphens = HYPHEN in raw
        spans: list[tuple[int, int]] = []
        place = 0
        for text in texts:
            if has_hyphens and HYPHEN in text:
                matches = _LINE.finditer(raw, place, place + len(text))
                spans.extend([self._stripped(*match.span()) for match in matches])
            elif stripped := text.rstrip():
                span = place, place + len(stripped)
                spans.append(self._stripped(*span) if stripped[0] == " " else span)
            place += len(text) + 2
        return spans

    def _stripped(self, start: int, end: int) -> tuple[int, int]:
        while self.raw[start] == " ":
            start += 1
        return start, end

    def _rows(self, span: tuple[int, int]) -> list[tuple[int, int]]:
        """Cut a stretch of characters where it goes back to the left, below what stands before."""
        cuts = [span[0]]
        last: Box | None = None
        for index in range(*span):
            if self.raw[index] == " ":
                continue
            box = library.char_box(self.handle, index)
            if last is not None and box[3] <= last[1] and box[2] <= last[0]:
                cuts.append(index)
            last = box
        ends = [*cuts[1:], span[1]]
        parts = [(start, start + len(self.raw[start:end].rstrip())) for start, end in zip(cuts, ends, strict=True)]
        return [part for part in parts if part[0] < part[1]]

    def _boxes(self, spans: list[tuple[int, int]], texts: list[Handle | None]) -> list[list[Box]]:
        """The boxes of each line; ``texts`` are the objects that the lines begin with."""
        raw, handle = self.raw, self.handle
        lengths = [end - start for start, end in spans]
        # Where nothing but line ends stands between lines, all boxes are found in one go.
        if sum(lengths) + raw.count("\r") + raw.count("\n") == len(raw):
            ends = map(library.text_object, repeat(handle), [end - 1 for _, end in spans])
            if not any(map(eq, texts, texts[1:])) and all(map(eq, texts, ends)):
                counts = [1] * len(spans)
            else:
                counts = library.count_rects(handle, [start for start, _ in spans], lengths)
            boxes = library.rects_of(handle, len(raw), counts)
            if boxes is not None:
                return boxes
        return [library.rects(handle, start, end - start) for start, end in spans]

    def _lines(self, spans: list[tuple[int, int]]) -> list[Line]:
        handle, faces = self.handle, self._faces
        x, _, _, y = self.bounds
        starts = [start for start, _ in spans]
        texts = library.text_objects(handle, starts)
        matrices, sizes = library.text_matrices(handle, starts), library.font_sizes(handle, starts)
        found: list[Line] = []
        for (start, end), boxes, matrix, set_size, font in zip(
            spans, self._boxes(spans, texts), matrices, sizes, library.fonts(texts), strict=True
        ):
            a, b, c, d, _, base = matrix
            scale = 1.0 if a == d == 1.0 else hypot(c, d)
            size = set_size * scale
            if len(boxes) == 1:
                left, bottom, right, top = boxes[0]
            elif not boxes:
                continue
            else:
                # A line may begin or end with a small raised mark.
                size = max(size, self._size(end - 1, scale))
                left, bottom, right, top = self._around(start, boxes, size)
                if b == 0.0 < a and any(box[3] <= before[1] and box[2] <= before[0] for before, box in pairwise(boxes)):
                    self._returning.add(start)
            # Fonts whose letters are drawn by the file itself (Type 3) are used at any size. Letters of a size below
            # zero are misplaced by PDFium: such lines stay too small to be read, and OCR reads them.
            if 0.0 <= size < SMALLEST_TYPE <= top - bottom:
                size = top - bottom
            if right - left > _WIDE_LETTER * size * (end - start):
                self._gaps[start] = []
            face = faces.get(font) or self._face(font)
            if face.is_bold or face.is_monospaced:
                face = self._common_face(face, font, start, end)
            line = Line(start, end, (left - x, y - top, right - x, y - bottom), size, face, y - base)
            if b != 0.0 or a < 0.0:
                line.turned = True
            found.append(line)
        return found

    def _around(self, start: int, boxes: list[Box], size: float) -> Box:
        """The box around the boxes of a line; wide gaps between them are kept in mind."""
        wide = _WIDE_GAP * size
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        edges = [left for left, last in zip(lefts[1:], rights, strict=False) if left - last > wide]
        if edges:
            self._gaps[start] = edges
        return min(lefts), min(bottoms), max(rights), max(tops)

    def _size(self, index: int, scale: float) -> float:
        """The size of type of one character as it is seen; ``scale`` is that of another one on its line."""
        if scale != 1.0:
            _, _, c, d, _, _ = library.text_matrix(self.handle, index)
            scale = hypot(c, d)
        size: float = library.font_size(self.handle, index) * scale
        return size

    def _common_face(self, face: Face, font: Handle | None, start: int, end: int) -> Face:
        """The look of a line that begins with a font of its own, or a plain one where that is a few words only."""
        for index in (end - 1, (start + end) // 2):
            other = library.font_at(self.handle, index)
            if other is None or other == font:
                continue
            look = self._faces.get(other) or self._face(other)
            if (look.is_bold, look.is_monospaced) != (face.is_bold, face.is_monospaced):
                return PLAIN
        return face

    def _face(self, font: Handle | None) -> Face:
        if font is None:
            return PLAIN
        name = library.face_name(font)
        is_bold = _BOLD_NAME.search(name) is not None or library.face_weight(font) >= _BOLD_WEIGHT
        flags = library.face_flags(font)
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
        edges = self._gaps.get(line.start)
        if edges is None:
            return [line]
        inner = self.raw[line.start + 1 : line.end - 1]
        spaces = [place for place, letter in enumerate(inner, line.start + 1) if letter == " "]
        if "  " in inner:
            spaces = [place for place in spaces if self.raw[place + 1] != " "]
        if edges and self.frame.turns == 0:
            known = [bisect_left(spaces, edge - 0.5, key=self._left_after) for edge in edges]
            spaces = [spaces[place] for place in sorted({*range(_SPACES_SAMPLED), *known}) if place < len(spaces)]
        gaps = [
            (self.char_place(space + 1)[0] - self.char_place(self._before(space))[2], space + 1) for space in spaces
        ]
        if not gaps:
            return [line]
        # Justified lines have wide gaps too, but then all are.
        usual = min(gap for gap, _ in gaps)
        least = max(_WIDE_GAP * line.size, min(_STRETCHED * usual, _VERY_WIDE_GAP * line.size))
        cuts = [place for gap, place in gaps if gap > least]
        if not cuts:
            return [line]
        ends = [*cuts, line.end]
        return [self.cut(line, start, end) for start, end in zip([line.start, *cuts], ends, strict=True)]

    def _left_after(self, space: int) -> float:
        return library.char_box(self.handle, space + 1)[0]

    def _before(self, space: int) -> int:
        """The last character before a blank that is none itself."""
        while space > 0 and self.raw[space] == " ":
            space -= 1
        return space

    def cut(self, line: Line, start: int, end: int) -> Line:
        """A stretch of a line as a line of its own, without blanks around it."""
        while start < end and self.raw[start] == " ":
            start += 1
        while end > start and self.raw[end - 1] == " ":
            end -= 1
        boxes = self.places(start, end) or [(line.left, line.top, line.left, line.bottom)]
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        piece = Line(start, end, (min(lefts), min(tops), max(rights), max(bottoms)), line.size, line.face, line.base)
        if start < end and start != line.start:
            # PDFium takes lines of neighbouring columns for one, though they may stand a little higher or lower.
            _, _, c, d, x, y = library.text_matrix(self.handle, start)
            piece.base = self.frame.origin(x, y)[1]
            size = library.font_size(self.handle, start) * hypot(c, d)
            piece.size = size if size >= SMALLEST_TYPE else line.size
            font = library.font_at(self.handle, start)
            piece.face = self._faces.get(font) or self._face(font)
        piece.turned = line.turned
        return piece

    def is_raised(self, index: int) -> bool:
        """Tell whether a character is smaller than the one before it, and ends above its foot."""
        if library.font_size(self.handle, index) > _RAISED_SIZE * library.font_size(self.handle, index - 1):
            return False
        return self.char_place(index)[3] < self.char_place(index - 1)[3]

    def places(self, start: int, end: int) -> list[Box]:
        """The boxes of a stretch of characters, one for each run of a font, in the page's frame."""
        return [self.frame.place(box) for box in library.rects(self.handle, start, end - start)]

    def char_place(self, index: int) -> Box:
        """The ink of one character in the page's frame."""
        return self.frame.place(library.char_box(self.handle, index))
