"""What all sheets of a workbook share: their list, the strings, the formats, and the language they are shown in."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samovar.domain.errors import DocumentError, FileTooComplex
from samovar.parsers._office.elements import Element, count_of, name, rows_of
from samovar.parsers._office.package import Package
from samovar.parsers._office.sheets.number_format import BUILT_IN, Language

__all__ = ["CellFormat", "SheetEntry", "Workbook", "rich_text"]

_MOST_STRINGS: Final = 2_000_000
_MOST_CHARACTERS: Final = 60_000_000
_LANGUAGE_SAMPLE: Final = 50_000
_CYRILLIC: Final = re.compile("[А-Яа-яЁё]")
_LATIN: Final = re.compile("[A-Za-z]")
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetEntry:
    """A sheet as the workbook lists it; ``part`` is None where the file does not hold it."""

    name: str
    part: str | None
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFormat:
    """How the cells of one style look."""

    code: str
    is_bold: bool


class Workbook:
    """Reads what is shared. Raises: DocumentError."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._main = package.main_part
        tree = package.tree(self._main)
        self.sheets = tuple(self._listed(tree))
        settings = tree.find(name("s:workbookPr"))
        self.epoch_1904 = settings is not None and settings.get("date1904") in ("1", "true")
        #: Whether the strings are damaged: cells that name one have a sign.
        self.has_lost_strings = False
        self.strings = self._strings()
        self.formats = tuple(self._formats())
        self.language = self._language()

    def _listed(self, tree: Element) -> Iterator[SheetEntry]:
        relationships = self.package.relationships(self._main)
        for sheet in tree.iter(name("s:sheet")):
            found = relationships.get(sheet.get(name("r:id"), ""))
            yield SheetEntry(
                name=sheet.get("name", ""),
                part=found.target if found is not None and not found.is_external else None,
                is_hidden=sheet.get("state", "visible") != "visible",
            )

    def _strings(self) -> list[str]:
        part = self.package.first_related(self._main, "sharedStrings")
        strings: list[str] = []
        if part is None or not self.package.has(part):
            return strings
        characters = 0
        try:
            stream = self.package.stream(part)
            for item in rows_of(stream, frozenset({name("s:si")}), file_name=self.package.file_name):
                text = rich_text(item)
                characters += len(text)
                if len(strings) >= _MOST_STRINGS or characters > _MOST_CHARACTERS:
                    raise FileTooComplex(name=self.package.file_name, reason="memory")
                strings.append(text)
        except FileTooComplex:
            raise
        except DocumentError:
            self.has_lost_strings = True
        return strings

    def _formats(self) -> Iterator[CellFormat]:
        tree = self.package.tree_or_none(self.package.first_related(self._main, "styles"))
        if tree is None:
            return
        codes = {found.get("numFmtId", ""): found.get("formatCode", "General") for found in tree.iter(name("s:numFmt"))}
        fonts = tree.find(name("s:fonts"))
        bold = [] if fonts is None else [_is_bold(font) for font in fonts.iterfind(name("s:font"))]
        looks = tree.find(name("s:cellXfs"))
        for look in () if looks is None else looks.iterfind(name("s:xf")):
            number, place = look.get("numFmtId", "0"), count_of(look.get("fontId")) or 0
            usual = BUILT_IN.get(count_of(number) or 0, "General")
            yield CellFormat(code=codes.get(number, usual), is_bold=place < len(bold) and bold[place])

    def _language(self) -> Language:
        """Russian where more Russian letters than Latin ones are written."""
        sample = " ".join(sheet.name for sheet in self.sheets)
        for text in self.strings:
            if len(sample) > _LANGUAGE_SAMPLE:
                break
            sample += text
        if not self.strings and self.sheets and self.sheets[0].part and self.package.has(self.sheets[0].part):
            # Programs that are no spreadsheets write the strings inside the cells.
            stream = self.package.stream(self.sheets[0].part)
            start = b"".join([stream.read(_LANGUAGE_SAMPLE), stream.read(_LANGUAGE_SAMPLE)]).decode("utf-8", "ignore")
            sample += html.unescape(re.sub("<[^>]*>", "", start))
        return "ru" if len(_CYRILLIC.findall(sample)) > len(_LATIN.findall(sample)) else "en"


def rich_text(item: Element) -> str:
    """The text of a string: plain, or in runs; how it is read aloud (``rPh``) is left out."""
    pieces = []
    for child in item:
        if child.tag == name("s:t"):
            pieces.append(child.text or "")
        elif child.tag == name("s:r"):
            pieces.extend(found.text or "" for found in child.iterfind(name("s:t")))
    text = "".join(pieces)
    return _ESCAPED.sub(lambda hit: chr(int(hit[1], 16)), text) if "_x" in text else text


def _is_bold(font: Element) -> bool:
    bold = font.find(name("s:b"))
    return bold is not None and bold.get("val", "1") not in ("0", "false")
