"""Knowledge bases, pages and pictures with something of everything, for what stores them."""

from datetime import UTC, datetime

from samovar.domain.actor import Actor
from samovar.domain.document import DocumentFigure, KnowledgeBase
from samovar.domain.ids import DocumentId, new_base_id
from samovar.domain.layout import Block, Cell, Link, Rectangle, Word
from samovar.domain.page import Page

__all__ = ["made_figure", "made_page", "make_base"]


def make_base(actor: Actor) -> KnowledgeBase:
    """A knowledge base of somebody's own."""
    return KnowledgeBase(base_id=new_base_id(), owner_id=actor.user_id, name="Архив", created_at=datetime.now(UTC))


def made_page(number: int) -> Page:
    """A page with something of everything."""
    text = f"page {number}\x00"
    box = Rectangle(x=1.5, y=2, width=30, height=4.25)
    cells = (Cell(row=0, column=0, start=0, end=4, is_header=True), Cell(row=0, column=1, start=5, end=6, row_span=2))
    return Page(
        number=number,
        text=text,
        status="waiting" if number == 3 else "text",
        label=f"sheet {number}",
        width=595.3,
        height=842.0,
        confidence=0.5,
        blocks=(Block(kind="table", start=0, end=6, box=box, cells=cells),),
        words=(Word(start=0, end=4, box=box, confidence=0.25),),
        links=(Link(start=0, end=4, target="https://example.org"), Link(start=0, end=4, page=2)),
    )


def made_figure(document_id: DocumentId, *, page: int | None, number: int) -> DocumentFigure:
    """A picture that nobody has described yet."""
    return DocumentFigure(
        document_id=document_id,
        page=page,
        number=number,
        sha256="2" * 64,
        media_type="image/jpeg",
        width=20,
        height=10,
        box=Rectangle(x=1, y=2, width=3, height=4),
        alt="A samovar",
    )
