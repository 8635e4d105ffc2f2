"""``samovar report``: what was read of documents, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.domain.actor import Actor
from samovar.domain.document import Document, DocumentFigure
from samovar.domain.errors import InvalidRequest, NotFound, error_from_code
from samovar.domain.ids import DocumentId
from samovar.domain.page import Page
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["ReadReport", "print_report", "read_report", "report", "report_body"]

#: Documents of a base that are read from the database at once.
_DOCUMENTS_AT_ONCE = 200


def report(
    document: Annotated[str | None, typer.Argument(help="A document, by its id or name.", show_default=False)] = None,
    base: Annotated[str | None, typer.Option(help="All documents of a knowledge base, by its name.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Tell what was read of documents: text, OCR with its confidence, what was skipped or failed, and why."""
    if (document is None) == (base is None):
        raise typer.BadParameter("name a document, or a knowledge base with --base")
    reports = run_async(_report(load_settings(data_dir), document, base))
    if as_json:
        print_json({"documents": [report_body(found) for found in reports]})
        return
    for found in reports:
        print_report(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """A document with what is known of its pages and pictures."""

    document: Document
    pages: Sequence[Page]
    figures: Sequence[DocumentFigure]


async def _report(settings: Settings, document: str | None, base: str | None) -> list[ReadReport]:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        found = await _of_base(services, actor, base) if base is not None else []
        if document is not None:
            found = await _named(services, actor, document)
        return [await read_report(services, actor, one) for one in found]


async def read_report(services: Services, actor: Actor, document: Document) -> ReadReport:
    """Read what is known of a document. Raises: NotFound."""
    async with services.storage.transaction() as tx:
        pages = await tx.documents.view_pages(actor, document.document_id)
        figures = await tx.figures.view_document(actor, document.document_id)
    return ReadReport(document=document, pages=pages, figures=figures)


async def _of_base(services: Services, actor: Actor, name: str) -> list[Document]:
    documents: list[Document] = []
    async with services.storage.transaction() as tx:
        base = await tx.bases.by_name(actor, name)
        if base is None:
            raise NotFound(what="knowledge base")
        before: DocumentId | None = None
        while True:
            some = await tx.documents.view_base(actor, base.base_id, before=before, limit=_DOCUMENTS_AT_ONCE)
            documents.extend(some)
            if len(some) < _DOCUMENTS_AT_ONCE:
                return documents[::-1]
            before = some[-1].document_id


async def _named(services: Services, actor: Actor, wanted: str) -> list[Document]:
    async with services.storage.transaction() as tx:
        try:
            return [await tx.documents.access(actor, DocumentId(UUID(wanted)))]
        except ValueError:
            pass
        found = [
            document
            for base in await tx.bases.list(actor)
            for document in await tx.documents.view_base(actor, base.base_id, name=wanted, limit=_DOCUMENTS_AT_ONCE)
        ]
    exact = [document for document in found if wanted in (document.name, document.path)]
    if not exact and len(found) > 1:
        raise InvalidRequest(reason=f"{len(found)} documents have “{wanted}” in their names")
    if not (exact or found):
        raise NotFound(what="document")
    return exact or found


def report_body(found: ReadReport) -> dict[str, object]:
    """A read report for programs."""
    document = found.document
    return {
        "id": str(document.document_id),
        "name": document.name,
        "path": document.path,
        "kind": document.kind,
        "status": document.status,
        "error": document.error_code,
        "pages": _pages_body(found),
        "figures": [
            {
                "page": figure.page,
                "number": figure.number,
                "width": figure.width,
                "height": figure.height,
                "status": figure.status,
                "reason": figure.reason,
            }
            for figure in found.figures
        ],
    }


def _pages_body(found: ReadReport) -> list[dict[str, object]]:
    if found.document.status == "failed":
        return [{"page": 1, "status": "failed", "reason": _failure(found.document), "confidence": None}]
    return [
        {
            "page": page.number or 1,
            "status": page.status,
            "reason": page.reason,
            "confidence": None if page.confidence is None else round(page.confidence, 3),
        }
        for page in found.pages
    ]


def _failure(document: Document) -> str:
    """Why a document could not be read, and what to do."""
    error = error_from_code(document.error_code or "", name=document.name, reason=document.error_reason or "")
    return f"{error.message} {error.advice}"


def print_report(found: ReadReport) -> None:
    """Print a read report: a line for the document, and one for each page of which less was read than could be."""
    document = found.document
    counts: dict[str, int] = {}
    for page in found.pages:
        counts[page.status] = counts.get(page.status, 0) + 1
    parts = [f"{count} {status}" for status, count in sorted(counts.items())]
    if found.figures:
        described = sum(figure.status == "described" for figure in found.figures)
        parts.append(f"figures: {len(found.figures)}, described: {described}")
    print(f"{document.status:9} {plain(document.path or document.name)}: {len(found.pages)} p. ({', '.join(parts)})")
    if document.status == "failed":
        print(f"          {plain(_failure(document))}")
    for page in found.pages:
        if page.reason is not None or page.status == "waiting":
            confidence = "" if page.confidence is None else f" {page.confidence:.0%}"
            print(f"          {page.number or 1}: {page.status}{confidence}: {page.reason or ''}")
