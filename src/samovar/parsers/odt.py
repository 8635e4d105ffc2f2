"""ODT and OTT: one page without a number, with all that a reader of the paper sees.

Source: OpenDocument 1.3 (OASIS, 2021), as LibreOffice and Word write it.
"""

import re
from collections.abc import Iterator
from typing import Final

from samovar.domain.layout import BlockKind
from samovar.domain.page import DocumentHead, DocumentKind, ParsedPart
from samovar.parsers._office.container import container_kind
from samovar.parsers._office.elements import Element, children_of
from samovar.parsers._office.elements import name as tag
from samovar.parsers._office.odf.package import OdfPackage
from samovar.parsers._office.odf.story import OdfStory
from samovar.parsers._office.odf.styles import StyleBook
from samovar.parsers._office.writing import PageWriter
from samovar.ports.parser import ParserLimits

__all__ = ["KIND", "MEDIA_TYPES", "SUFFIXES", "read", "recognises"]

KIND: Final[DocumentKind] = "odt"
SUFFIXES: Final = (".odt", ".ott")
MEDIA_TYPES: Final = (
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.text-template",
)

_PARENTS: Final = frozenset({tag("office:automatic-styles"), tag("office:text")})
_RUNNING: Final[dict[BlockKind, tuple[str, ...]]] = {
    "header": ("style:header-first", "style:header", "style:header-left"),
    "footer": ("style:footer-first", "style:footer", "style:footer-left"),
}
_HAS_WORDS: Final = re.compile(r"[^\W\d_]")
#: The master page of a text that names none.
_USUAL_MASTER: Final = "Standard"


def recognises(content: bytes, name: str) -> bool:
    """Tell by the type named inside whether this is a text of OpenDocument."""
    del name  # names lie
    return container_kind(content) == KIND


def read(content: bytes, name: str, limits: ParserLimits, *, first_page: int = 1) -> Iterator[ParsedPart]:
    """Read the paper as one page without a number. Raises: FileDamaged, FileEncrypted, FileTooComplex."""
    del first_page  # there is one
    package = OdfPackage(content, name, limits)
    styles = StyleBook()
    common = package.styles()
    styles.learn_all(common)
    story = OdfStory(PageWriter(), package, styles)
    story.read(_body(package, styles))
    story.write_notes()
    page = PageWriter()
    _write_running(page, "header", common, package, styles)
    page.append(story.writer)
    _write_running(page, "footer", common, package, styles)
    title, author = package.title_and_author()
    yield DocumentHead(
        kind=KIND, media_type=MEDIA_TYPES[0], page_count=1, title=title, author=author, outline=tuple(story.outline)
    )
    yield page.finish(number=None)


def _body(package: OdfPackage, styles: StyleBook) -> Iterator[Element]:
    """The pieces of the body; the automatic styles, which come before, are learnt on the way."""
    for element in children_of(package.content(), _PARENTS, file_name=package.file_name):
        if element.getparent().tag == tag("office:automatic-styles"):
            styles.learn(element)
        else:
            yield element


def _write_running(
    page: PageWriter, kind: BlockKind, common: Element | None, package: OdfPackage, styles: StyleBook
) -> None:
    """Write each different header or footer of the master pages that are in use, once; bare page numbers are none."""
    seen: set[str] = set()
    for master in _masters_in_use(common, styles):
        for which in _RUNNING[kind]:
            for element in master.iterfind(tag(which)):
                if element.get(tag("style:display")) == "false":
                    continue
                apart = PageWriter()
                OdfStory(apart, package, styles, kind=kind).read(element)
                if apart.text not in seen and (_HAS_WORDS.search(apart.text) or apart.figure_count):
                    seen.add(apart.text)
                    page.append(apart)


def _masters_in_use(common: Element | None, styles: StyleBook) -> list[Element]:
    masters = {} if common is None else {found.get(tag("style:name"), ""): found for found in common.iter(_MASTER)}
    wanted = [*styles.master_pages, _USUAL_MASTER]
    for wanted_name in wanted:
        following = masters[wanted_name].get(tag("style:next-style-name")) if wanted_name in masters else None
        if following and following not in wanted:
            wanted.append(following)
    return [masters[wanted_name] for wanted_name in dict.fromkeys(wanted) if wanted_name in masters]


_MASTER: Final = tag("style:master-page")
