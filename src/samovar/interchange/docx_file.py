"""A chat as a Word document."""

import re
from io import BytesIO
from typing import Final

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.dml import MSO_THEME_COLOR
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run as WordRun

from samovar.interchange.blocks import Block, Run, blocks_of, verbatim
from samovar.interchange.transcript import Transcript, Turn

__all__ = ["write_docx"]

#: What XML 1.0 cannot spell. Source: Extensible Markup Language 1.0, fifth edition (2008), section 2.2.
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MONOSPACE: Final = "Courier New"
_CODE_SIZE: Final = Pt(9)
#: List styles of the template are numbered to this depth.
_LIST_STYLES: Final = ("", " 2", " 3")
#: Addresses behind words; each makes the next slower, so later ones stand beside their words.
_MOST_LINKS: Final = 2_000
#: Word holds no more columns.
_MOST_COLUMNS: Final = 63
_TOP_HEADINGS: Final = 2


def write_docx(transcript: Transcript) -> bytes:
    """Write the shown branch: headings, paragraphs, lists, tables and code, with the links of web addresses."""
    document = Document()
    document.core_properties.title = _spelt(transcript.title)[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.core_properties.created = transcript.begun_at.replace(tzinfo=None)
    writer = _Writer(document)
    writer.line(transcript.title, "Title")
    if transcript.system_prompt:
        writer.label(transcript.words["prompt"])
        writer.blocks(verbatim(transcript.system_prompt), style="Quote")
    for turn in transcript.turns:
        _write_turn(writer, turn, transcript)
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def _write_turn(writer: "_Writer", turn: Turn, transcript: Transcript) -> None:
    writer.line(turn.speaker, "Heading 1")
    writer.line(f"{turn.said_at:%Y-%m-%d %H:%M}", "Caption")
    if turn.reasoning.strip():
        writer.label(transcript.words["reasoning"])
        writer.blocks(verbatim(turn.reasoning), style="Quote")
    writer.blocks(verbatim(turn.text) if turn.is_verbatim else blocks_of(turn.text))
    for heading, entries in ((transcript.words["files"], turn.files), (transcript.words["sources"], turn.sources)):
        if entries:
            writer.label(heading)
            for entry in entries:
                writer.line(entry, "List Bullet")


class _Writer:
    """Puts blocks into a document.

    Paragraphs are put before the end by hand: the library looks through the whole document for each.
    """

    def __init__(self, document: DocumentObject) -> None:
        self._document = document
        self._body = document._body
        end = self._body._element.sectPr
        assert end is not None, "the template has a section"
        self._end = end
        self._style_ids: dict[str, str] = {style.name: style.style_id for style in document.styles}
        self._links: dict[str, str] = {}

    def paragraph(self, style: str | None = None) -> Paragraph:
        """Begin a paragraph at the end of the document."""
        element = OxmlElement("w:p")
        self._end.addprevious(element)
        if style is not None:
            element.style = self._style_ids[style]
        return Paragraph(element, self._body)

    def line(self, text: str, style: str) -> None:
        """Write a paragraph of plain words."""
        self.paragraph(style).add_run(_spelt(text))

    def label(self, text: str) -> None:
        """Write a small heading that is no chapter."""
        self.paragraph().add_run(text).bold = True

    def blocks(self, blocks: list[Block], *, style: str | None = None, depth: int = 0) -> None:
        """Write blocks one below the other."""
        for block in blocks:
            self._block(block, style, depth)

    def _block(self, block: Block, style: str | None, depth: int) -> None:
        if block.kind == "heading":
            # The first two levels are those of the chat and of its messages.
            self._runs(self.paragraph(f"Heading {min(block.level + _TOP_HEADINGS - 1, 9)}"), block.runs)
        elif block.kind == "code":
            self._code(block)
        elif block.kind == "quote":
            self.blocks(block.blocks, style="Quote", depth=depth)
        elif block.kind in ("bullets", "numbers"):
            self._list(block, depth)
        elif block.kind == "table":
            self._table(block)
        elif block.kind == "rule":
            self.paragraph().add_run("* * *")
        else:
            self._runs(self.paragraph(style), block.runs)
            self.blocks(block.blocks, style=style, depth=depth)

    def _list(self, block: Block, depth: int) -> None:
        level = _LIST_STYLES[min(depth, len(_LIST_STYLES) - 1)]
        for place, item in enumerate(block.blocks):
            # Numbers are written out: Word would go on counting from the list before.
            mark = f"{block.level + place}. " if block.kind == "numbers" else ""
            style = f"List Bullet{level}" if block.kind == "bullets" else f"List{level}"
            first, rest = (item.blocks[0], item.blocks[1:]) if item.blocks else (None, [])
            paragraph = self.paragraph(style)
            if mark:
                paragraph.add_run(mark)
            if first is not None and first.kind == "paragraph":
                self._runs(paragraph, first.runs)
            elif first is not None:
                rest = item.blocks
            self.blocks(rest, style="List Continue", depth=depth + 1)

    def _code(self, block: Block) -> None:
        paragraph = self.paragraph("No Spacing")
        for run in block.runs:
            _monospace(paragraph.add_run(_spelt(run.text)))
        self.paragraph("No Spacing")

    def _table(self, block: Block) -> None:
        rows = [row.blocks[:_MOST_COLUMNS] for row in block.blocks if row.blocks]
        if not rows:
            return
        table = self._document.add_table(rows=len(rows), cols=max(map(len, rows)), style="Table Grid")
        # The rows are asked for once: each look at a cell of a table reads the whole table.
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, words in zip(row.cells, cells, strict=False):
                runs = [_bold(run) for run in words.runs] if words.is_header else words.runs
                self._runs(cell.paragraphs[0], runs)
        self.paragraph()

    def _runs(self, paragraph: Paragraph, runs: list[Run]) -> None:
        for run in runs:
            written = paragraph.add_run(_spelt(run.text))
            written.bold = run.bold or None
            written.italic = run.italic or None
            written.font.strike = run.struck or None
            if run.code:
                _monospace(written)
            if run.link and (run.link in self._links or len(self._links) < _MOST_LINKS):
                self._link(paragraph, written, run.link)
            elif run.link:
                paragraph.add_run(f" ({run.link})")

    def _link(self, paragraph: Paragraph, run: WordRun, address: str) -> None:
        """Put a run inside of a link; nobody opens the address before a reader clicks."""
        link = OxmlElement("w:hyperlink")
        if address not in self._links:
            self._links[address] = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link.set(qn("r:id"), self._links[address])
        run.font.underline = True
        run.font.color.theme_color = MSO_THEME_COLOR.HYPERLINK
        paragraph._p.append(link)
        link.append(run._r)


def _bold(run: Run) -> Run:
    return Run(text=run.text, bold=True, italic=run.italic, struck=run.struck, code=run.code, link=run.link)


def _monospace(run: WordRun) -> None:
    run.font.name = _MONOSPACE
    run.font.size = _CODE_SIZE


def _spelt(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
