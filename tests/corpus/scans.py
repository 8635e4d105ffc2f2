"""Reads the scanned papers as a user's file is read, in the sandbox, and tells how far off the text is.

``PYTHONPATH=src:. .venv/bin/python -m tests.corpus.scans`` prints the figures of every page.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.corpus.measures import character_error
from tests.corpus.paper import Paper, Sheet, Way
from tests.corpus.scan_papers import PAPERS

from samovar.domain.page import DocumentHead, Page, ParsedPage
from samovar.ocr.data import LANGUAGES, find
from samovar.sandbox.launch import Recognition
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

__all__ = ["MOST_ERROR", "ScannedPage", "ocr_reader", "read_scans"]

#: Share of characters that may be wrong.
MOST_ERROR: Final[dict[Way, float]] = {"scan": 0.01, "poor_scan": 0.02, "scanned_table": 0.03}
_NOWHERE: Final = Path("/nonexistent")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPage:
    """A page as it was read, beside what stands on it; ``seconds`` with drawing it and starting the engine."""

    paper: Paper
    sheet: Sheet
    page: Page
    seconds: float

    @property
    def error(self) -> float:
        """Share of characters that are wrong; of a page without words, those that were made up."""
        return character_error(self.page.text, self.sheet.text)


@asynccontextmanager
async def ocr_reader() -> AsyncIterator[SandboxedReader]:
    """A reader that can read scans."""
    tessdata = find(_NOWHERE, None)
    assert tessdata is not None, "language data for OCR is missing: `make test` fetches it, or `samovar ocr install`"
    reader = SandboxedReader(LimitsSettings(), Recognition(tessdata=tessdata, languages=LANGUAGES))
    await reader.start()
    try:
        yield reader
    finally:
        await reader.close()


async def read_scans(reader: SandboxedReader, paper: Paper) -> Sequence[ScannedPage]:
    """Read every page of a paper."""
    content = paper.make()
    head, *pages = [part async for part in reader.read(content, name=paper.file_name)]
    assert isinstance(head, DocumentHead)
    assert head.kind == paper.kind
    assert len(pages) == len(paper.sheets)
    found = []
    for number, (sheet, waiting) in enumerate(zip(paper.sheets, pages, strict=True), start=1):
        assert isinstance(waiting, ParsedPage)
        assert waiting.page.status == "waiting", waiting.page
        started = time.perf_counter()
        parsed = await reader.recognise(content, kind=head.kind, page=number, name=paper.file_name)
        seconds = time.perf_counter() - started
        found.append(ScannedPage(paper=paper, sheet=sheet, page=parsed.page, seconds=seconds))
    return found


async def _print_figures(wanted: Sequence[str]) -> None:
    print(f"{'page':32} {'error':>8} {'allowed':>8} {'sure':>6} {'s':>6}")
    async with ocr_reader() as reader:
        for paper in PAPERS:
            if wanted and not any(name in paper.name for name in wanted):
                continue
            for number, found in enumerate(await read_scans(reader, paper), start=1):
                name = paper.name if len(paper.sheets) == 1 else f"{paper.name}, p. {number}"
                allowed = MOST_ERROR[found.sheet.way]
                print(
                    f"{name:32} {found.error:8.2%} {allowed:8.2%} {found.page.confidence or 0:6.2f} "
                    f"{found.seconds:6.2f} {found.page.status}",
                    flush=True,
                )


if __name__ == "__main__":
    asyncio.run(_print_figures(sys.argv[1:]))
