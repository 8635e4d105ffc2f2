"""A reader of documents whose files say what shall be found in them, and that can be held at any page.

The sandbox with its real parsers has tests of its own; here the steps around it are under test.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from samovar.domain.errors import FileDamaged, FileTypeUnknown
from samovar.domain.layout import Block, Rectangle, Word
from samovar.domain.page import (
    Attachment,
    DocumentHead,
    DocumentKind,
    Figure,
    Page,
    ParsedPage,
    ParsedPart,
    Picture,
)

__all__ = ["PlayedReader", "archive", "paper"]


def paper(*pages: str, waiting: Sequence[int] = (), damaged_after: int | None = None, figures: int = 0) -> bytes:
    """A file of these pages; those in ``waiting`` need OCR, which finds their text. A "# " makes a heading."""
    return json.dumps(
        {"pages": pages, "waiting": list(waiting), "damaged_after": damaged_after, "figures": figures}
    ).encode()


def archive(members: Mapping[str, bytes]) -> bytes:
    """A file with these files inside."""
    return json.dumps({"members": {name: content.decode("latin-1") for name, content in members.items()}}).encode()


class PlayedReader:
    """Implements the port ``DocumentReader``. Each page takes a ticket: give ``tickets`` to let them through."""

    confinement = "limits"

    def __init__(self, *, recognises_text: bool = True, is_held: bool = False) -> None:
        self.recognises_text = recognises_text
        self.tickets = asyncio.Semaphore(0 if is_held else 1_000_000)
        #: What was read, in order: ("page" or "ocr", page number).
        self.log: list[tuple[str, int]] = []
        self.reading = 0

    async def read(self, content: bytes, *, name: str, first_page: int = 1) -> AsyncIterator[ParsedPart]:
        self.reading += 1
        try:
            script = _script(content, name)
            pages = script.get("pages", [])
            kind: DocumentKind = "archive" if "members" in script else "pdf"
            yield DocumentHead(kind=kind, media_type=f"application/{kind}", page_count=len(pages), title=name)
            for member, inside in script.get("members", {}).items():
                yield Attachment(name=member, content=inside.encode("latin-1"))
            for number, text in enumerate(pages, start=1):
                if script.get("damaged_after") == number - 1:
                    raise FileDamaged(name=name)
                if number < first_page:
                    continue
                await self.tickets.acquire()
                self.log.append(("page", number))
                yield ParsedPage(
                    page=_page(number, "" if number in script["waiting"] else text, number in script["waiting"]),
                    figures=tuple(_figure(index + 1) for index in range(script["figures"])),
                )
        finally:
            self.reading -= 1

    async def recognise(self, content: bytes, *, kind: DocumentKind, page: int, name: str) -> ParsedPage:
        del kind
        if not self.recognises_text:
            return ParsedPage(page=Page(number=page, text="", status="skipped", reason="ocr_unavailable"))
        await self.tickets.acquire()
        self.log.append(("ocr", page))
        text = _script(content, name)["pages"][page - 1]
        if text == "unreadable":
            raise FileDamaged(name=name)
        found = _page(page, text, is_waiting=False)
        return ParsedPage(page=Page(number=page, text=text, status="ocr", confidence=0.9, blocks=found.blocks))

    async def render_page(self, content: bytes, *, kind: DocumentKind, page: int, width_px: int) -> Picture:
        raise NotImplementedError

    async def words(self, content: bytes, *, kind: DocumentKind, page: int) -> tuple[Word, ...]:
        raise NotImplementedError

    async def locate(
        self, content: bytes, *, kind: DocumentKind, page: int, start: int, end: int
    ) -> tuple[Rectangle, ...]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


def _script(content: bytes, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except ValueError as error:
        raise FileTypeUnknown(name=name) from error


def _page(number: int, text: str, is_waiting: bool) -> Page:
    if is_waiting:
        return Page(number=number, text="", status="waiting", reason="no_text_layer", width=100, height=200)
    blocks: list[Block] = []
    place = 0
    for line in text.split("\n"):
        is_heading = line.startswith("# ")
        kind = "heading" if is_heading else "paragraph"
        blocks.append(Block(kind=kind, start=place, end=place + len(line), level=1 if is_heading else None))  # type: ignore[arg-type]  # both are kinds
        place += len(line) + 1
    return Page(number=number, text=text, status="text", width=100, height=200, blocks=tuple(blocks))


def _figure(number: int) -> Figure:
    content = b"figure %d" % number
    return Figure(number=number, picture=Picture(media_type="image/png", content=content, width=9, height=9))
