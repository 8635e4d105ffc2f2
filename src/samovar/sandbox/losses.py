"""What one file has cost in children that died, and whether another one is worth it."""

from collections.abc import Iterator
from typing import Final, cast

from samovar.domain.errors import DocumentError, FileDamaged, FileTooComplex
from samovar.domain.page import PageReason, ParsedPart
from samovar.sandbox.child import ChildLostError
from samovar.sandbox.progress import FileProgress

__all__ = ["REASON_STOPPED", "Losses", "page_reason"]

#: Why a file is not read whose zygote ended, through no fault of the file's that is known.
REASON_STOPPED: Final = "the parser was stopped"
#: Shares of ``limits.parser_s``: what a page may take and a file may lose, and what a page may take after that.
#: Together with the opening of the file they leave room within it, so that it is the time of a verdict.
_BUDGET: Final = 0.8
_LAST_PATIENCE: Final = 0.1
_PAGE_REASONS: Final = frozenset({"memory", "time", "pixels"})


def page_reason(error: DocumentError) -> PageReason | None:
    """Why a page was lost, or None where the error is the verdict on the whole file."""
    if isinstance(error, FileDamaged):
        return "damaged"
    reason = error.values.get("reason") if isinstance(error, FileTooComplex) else None
    return cast("PageReason", reason) if reason in _PAGE_REASONS else None


class Losses:
    """Decides what a loss means: for the page, or for the file.

    Of ``parser_s``, the time in which a verdict on a file is due, four fifths are what one file may lose, and what
    each page may take until they are lost. Afterwards a page may take a tenth, and the next loss is the last.
    """

    def __init__(self, *, parser_s: float) -> None:
        """Begin with nothing lost."""
        self._parser_s: Final = parser_s
        self._spent_s = 0.0
        self._first: DocumentError | None = None
        self._was_stopped = False
        self._are_final = False

    @property
    def first(self) -> DocumentError | None:
        """Why the first page was lost, once one was."""
        return self._first

    @property
    def are_final(self) -> bool:
        """Tell whether no further child is to be started."""
        return self._are_final

    @property
    def patience_s(self) -> float:
        """How long the next part may take."""
        return max(_BUDGET * self._parser_s - self._spent_s, _LAST_PATIENCE * self._parser_s)

    def spend_opening(self, seconds: float) -> None:
        """Count the time in which a file was opened once more."""
        if self._first is not None:
            self._spent_s += seconds

    def note(self, loss: ChildLostError, progress: FileProgress) -> Iterator[ParsedPart]:
        """Decide, and hand over the pages that are lost. Raises: DocumentError, where the file is lost."""
        if loss.error.values.get("reason") == REASON_STOPPED and not self._was_stopped:
            self._was_stopped = True  # the next child goes on at the same page
            return
        reason = page_reason(loss.error)
        if reason is None or not progress.has_head:
            raise loss.error
        if not progress.has_pages_left:
            self._end_after_pages(loss, progress)
            return
        is_last = self._spent_s >= _BUDGET * self._parser_s or not progress.has_begun
        self._first = self._first or loss.error
        self._spent_s += loss.waited_s
        yield from progress.lose(reason)
        if is_last:
            yield from progress.lose_rest("time")
        # What stands behind the last page can only be more files, and only where a page could be read.
        self._are_final = is_last or progress.is_lost

    def _end_after_pages(self, loss: ChildLostError, progress: FileProgress) -> None:
        """A child that dies behind the last page loses files inside the file, unless there are none."""
        if self._first is None or progress.has_attachments:
            raise loss.error
        self._are_final = True
