"""Plain text into blocks: paragraphs by blank lines, lists, drawn tables, and headings only where they are certain."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from samovar.domain.layout import Block
from samovar.parsers._markup.drawn_table import is_drawn_line, read_drawn_table
from samovar.parsers._markup.page_writer import PageWriter

__all__ = ["LONGEST_EXAMINED", "long_text_blocks", "write_plain_text"]

#: A text of more characters is a listing: it is kept as it is and cut into blocks of about equal size.
LONGEST_EXAMINED: Final = 2_000_000
_BLOCK_CHARACTERS: Final = 1000
_LONGEST_BLOCK: Final = 4000

_LONGEST_HEADING: Final = 120
_UNDERLINE: Final = re.compile(r"(={3,}|-{3,}|~{3,})\s*")
#: "1. ВВЕДЕНИЕ", "2.3 РЕЗУЛЬТАТЫ": a number and nothing but capitals, alone between blank lines.
_NUMBERED: Final = re.compile(r"((?:\d{1,3}\.){0,4}\d{1,3})\.?\s+(\S.*)")
#: "Глава 3. О рыбах", "Section II": alone between blank lines.
_NAMED: Final = re.compile(
    r"(?:глава|раздел|часть|приложение|chapter|section|part|appendix)\s+(?:№\s*)?(?:\d{1,3}|[IVXLC]{1,7}|[A-ZА-Я])\b"
    r"[.:]?(?:\s+\S.*)?",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"(\s*)(?:[-–—•*·▪‣◦]|\(?\d{1,3}[.)]|\(?[a-zа-я]\))\s+\S")
_INDENT: Final = 2
#: A drawn table ends with its lower rule.
_LAST_CORNERS: Final = ("└", "╚", "╘", "╙", "┗")
_DEEPEST: Final = 9


def write_plain_text(writer: PageWriter, text: str) -> None:
    """Write the blocks of a text. The text has clean line ends; its characters are cleaned by the writer."""
    for group in _groups(text.split("\n")):
        _write_group(writer, group)


def long_text_blocks(text: str) -> Iterator[Block]:
    """Cut a very long text, kept as it is, at blank lines, else at line ends, else anywhere."""
    start = 0
    while start < len(text):
        most = start + _LONGEST_BLOCK
        end = text.find("\n\n", start + _BLOCK_CHARACTERS, most)
        if end < 0 and most < len(text):
            end = text.rfind("\n", start + 1, most)
            if end < 0:
                end = text.rfind(" ", start + 1, most)
        end = min(most, len(text)) if end < 0 else end
        piece = text[start:end]
        first, last = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
        if first < last:
            yield Block(kind="paragraph", start=first, end=last)
        start = end


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines between blank lines."""
    group: list[str] = []
    for line in lines:
        if line.strip():
            group.append(line.rstrip())
        elif group:
            yield group
            group = []
    if group:
        yield group


def _write_group(writer: PageWriter, lines: list[str]) -> None:
    """Write a group, its drawn tables apart from the lines around them."""
    prose: list[str] = []
    place = 0
    while place < len(lines):
        end = place
        while end < len(lines) and is_drawn_line(lines[end]):
            end += 1
            if lines[end - 1].lstrip().startswith(_LAST_CORNERS):
                break
        cells = read_drawn_table(lines[place:end]) if end - place >= 2 else None
        if cells is None:
            prose.extend(lines[place : max(end, place + 1)])
        else:
            _write_prose(writer, prose)
            prose = []
            writer.write_table(cells)
        place = max(end, place + 1)
    _write_prose(writer, prose)


def _write_prose(writer: PageWriter, lines: list[str]) -> None:
    if not lines:
        return
    if len(lines) >= 2 and _is_underlined(lines[0], lines[1]):
        writer.write("heading", lines[0].strip(), level=1 if lines[1].startswith("=") else 2)
        _write_prose(writer, lines[2:])
        return
    level = _heading_level(lines[0]) if len(lines) == 1 else None
    if level is not None:
        writer.write("heading", lines[0].strip(), level=level)
    elif _BULLET.match(lines[0]) and (len(lines) > 1 or not lines[0].lstrip()[0].isdigit()):
        _write_list(writer, lines)
    else:
        first = next((place for place in range(1, len(lines)) if _begins_list(lines, place)), len(lines))
        writer.write("paragraph", "\n".join(lines[:first]))
        if first < len(lines):
            _write_list(writer, lines[first:])


def _begins_list(lines: Sequence[str], place: int) -> bool:
    """Tell whether a list of at least two items begins behind a line that announces it."""
    return (
        lines[place - 1].endswith(":")
        and _BULLET.match(lines[place]) is not None
        and any(map(_BULLET.match, lines[place + 1 :]))
    )


def _write_list(writer: PageWriter, lines: Sequence[str]) -> None:
    item: list[str] = []
    indents: list[int] = []
    for line in lines:
        found = _BULLET.match(line)
        if found is None:
            item.append(line.strip())
            continue
        if item:
            writer.write("list_item", "\n".join(item), level=len(indents))
        indent = len(found.group(1).expandtabs(4))
        while indents and indent < indents[-1]:
            indents.pop()
        if not indents or (indent >= indents[-1] + _INDENT and len(indents) < _DEEPEST):
            indents.append(indent)
        item = [line.strip()]
    writer.write("list_item", "\n".join(item), level=len(indents))


def _is_underlined(line: str, underline: str) -> bool:
    title = line.strip()
    return (
        _UNDERLINE.fullmatch(underline) is not None
        and 2 <= len(title) <= _LONGEST_HEADING
        and any(map(str.isalpha, title))
        and abs(len(underline.rstrip()) - len(line.rstrip())) <= max(2, len(title) // 4)
    )


def _heading_level(line: str) -> int | None:
    line = line.strip()
    if len(line) > _LONGEST_HEADING or line.endswith((",", ";", ":")):
        return None
    if _NAMED.fullmatch(line) and not line.endswith("."):
        return 1
    numbered = _NUMBERED.fullmatch(line)
    if numbered is None:
        return None
    words = numbered.group(2)
    letters = [character for character in words if character.isalpha()]
    if len(letters) >= 4 and all(map(str.isupper, letters)):
        return min(6, numbered.group(1).count(".") + 1)
    return None
