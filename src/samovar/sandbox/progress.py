"""What has come of one file so far, from however many children, and whether it comes in the order of the port."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.page import Attachment, DocumentHead, Page, PageReason, ParsedPage, ParsedPart
from samovar.sandbox.reply import ReplyError

__all__ = ["FileProgress", "Shares", "keep_figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What all parts of one file may take together; ``size_bytes`` are those of pictures and attachments."""

    figures: int
    attachments: int
    size_bytes: int


class FileProgress:
    """Takes the parts of one file and tells what to hand over.

    Each child begins with the head again; it is handed over once. Pages follow each other without gaps. A page
    that a child died of is handed over as failed, but only when a page of the file is known to be readable: a
    file of which every page is lost is an error.
    """

    def __init__(self, *, name: str, first_page: int, shares: Shares) -> None:
        """Begin a file before its first part, to be read from ``first_page`` on."""
        self._name: Final = name
        self._left = shares
        self._head: DocumentHead | None = None
        self._next_page = first_page
        self._is_resumed: Final = first_page > 1
        self._has_page = False
        self._held: list[ParsedPage] = []
        self._attached: set[bytes] = set()
        self._attached_before: frozenset[bytes] = frozenset()
        self._has_begun = False

    @property
    def next_page(self) -> int:
        """The page from which the next child reads."""
        return self._next_page

    @property
    def has_head(self) -> bool:
        """Tell whether the file has been opened at all."""
        return self._head is not None

    @property
    def has_begun(self) -> bool:
        """Tell whether the child at work has opened the file."""
        return self._has_begun

    @property
    def is_lost(self) -> bool:
        """Tell whether every page was lost."""
        return bool(self._held) and not self.has_pages_left

    @property
    def has_attachments(self) -> bool:
        """Tell whether files inside the file have been handed over."""
        return bool(self._attached)

    @property
    def has_pages_left(self) -> bool:
        """Tell whether pages are still to come."""
        return self._head is None or self._next_page <= self._head.page_count

    def begin(self) -> None:
        """Expect a new child, which begins with the head again."""
        self._has_begun = False
        self._attached_before = frozenset(self._attached)

    def take(self, part: ParsedPart) -> Iterator[ParsedPart]:
        """Check one part and hand over what is new in it. Raises: ReplyError, FileTooComplex."""
        if not self._has_begun:
            yield from self._take_head(part)
            return
        match part:
            case DocumentHead():
                raise ReplyError
            case ParsedPage():
                yield from self._take_page(part)
            case Attachment():
                yield from self._take_attachment(part)

    def lose(self, reason: PageReason) -> Iterator[ParsedPart]:
        """Note that the next page cannot be read."""
        lost = self._failed(reason)
        if self._has_page or self._is_resumed:
            yield lost
        else:
            self._held.append(lost)

    def lose_rest(self, reason: PageReason) -> Iterator[ParsedPart]:
        """Note that no page that is still to come can be read."""
        while self.has_pages_left:
            yield from self.lose(reason)

    def finish(self, error: DocumentError | None) -> Iterator[ParsedPart]:
        """Account for pages that no child has brought; ``error`` is what was lost first. Raises: DocumentError."""
        if self._head is None:
            raise ReplyError
        if self._head.page_count > 1:
            yield from self.lose_rest("damaged")
        if self._held:
            raise error or FileDamaged(name=self._name)

    def _take_head(self, part: ParsedPart) -> Iterator[ParsedPart]:
        if not isinstance(part, DocumentHead):
            raise ReplyError
        if self._head is None:
            self._head = part
            yield part
        elif part.page_count != self._head.page_count:
            raise ReplyError
        self._has_begun = True

    def _take_page(self, part: ParsedPage) -> Iterator[ParsedPart]:
        number = part.page.number
        if not self.has_pages_left or (number != self._next_page and not self._may_lack_number(number)):
            raise ReplyError
        self._next_page += 1
        kept = keep_figures(part, figures=self._left.figures, size_bytes=self._left.size_bytes)
        self._left = replace(
            self._left,
            figures=self._left.figures - len(kept.figures),
            size_bytes=self._left.size_bytes - sum(len(figure.picture.content) for figure in kept.figures),
        )
        self._has_page = True
        yield from self._held
        self._held.clear()
        yield kept

    def _may_lack_number(self, number: int | None) -> bool:
        return number is None and self._head is not None and self._head.page_count == 1

    def _take_attachment(self, part: Attachment) -> Iterator[ParsedPart]:
        digest = sha256(part.name.encode() + b"\0" + part.content).digest()
        if digest in self._attached_before:
            return
        if self._left.attachments < 1 or self._left.size_bytes < len(part.content):
            raise FileTooComplex(name=self._name, reason="unpacked")
        self._attached.add(digest)
        self._left = replace(
            self._left,
            attachments=self._left.attachments - 1,
            size_bytes=self._left.size_bytes - len(part.content),
        )
        yield part

    def _failed(self, reason: PageReason) -> ParsedPage:
        number = self._next_page
        self._next_page += 1
        return ParsedPage(page=Page(number=number, text="", status="failed", reason=reason))


def keep_figures(part: ParsedPage, *, figures: int, size_bytes: int) -> ParsedPage:
    """Keep the first pictures of a page, at most so many in number and in bytes.

    A page that loses some says so: its reason is ``partly_read``, unless it has another.
    """
    kept = 0
    for figure in part.figures[:figures]:
        size_bytes -= len(figure.picture.content)
        if size_bytes < 0:
            break
        kept += 1
    if kept == len(part.figures):
        return part
    numbers = {figure.number for figure in part.figures[:kept]}
    blocks = tuple(
        replace(block, figure=None) if block.figure is not None and block.figure not in numbers else block
        for block in part.page.blocks
    )
    page = replace(part.page, blocks=blocks, reason=part.page.reason or "partly_read")
    return ParsedPage(page=page, figures=part.figures[:kept])
