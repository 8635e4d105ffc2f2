"""``samovar eval grounding``: how surely citations, the check of claims and refusals are right."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from samovar.cli.eval_words import say_eval
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.domain.actor import Actor
from samovar.domain.document import Document, KnowledgeBase, Passage
from samovar.domain.ids import BaseId, new_base_id, new_document_id
from samovar.domain.page import Page
from samovar.domain.search import SearchScope, SearchText
from samovar.ingest.chunk import chunk_pages
from samovar.ports.storage import Storage
from samovar.retrieval.evaluation.grounding import GroundingReport, Share, measure_grounding
from samovar.retrieval.evaluation.grounding_corpus import Corpus, make_corpus
from samovar.retrieval.search import Retriever
from samovar.storage import open_storage

__all__ = ["grounding", "measure_in"]


def grounding(
    seed: Annotated[int, typer.Option("--seed", help="What the invented documents follow from.")] = 1,
    documents: Annotated[int, typer.Option("--documents", min=10, max=480, help="How many are invented.")] = 240,
    show_mistakes: Annotated[bool, typer.Option("--mistakes", help="Print what was judged wrongly.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Measure citations, the check of claims and refusals, on invented documents and a scripted model.

    The model tells what is true, altered, tied to a wrong page, and invented. The documents are indexed in a PostgreSQL
    of their own, which is gone afterwards; your documents are not touched. Search is by words alone.
    """
    load_settings(data_dir)
    report = run_async(_measure(make_corpus(seed, documents=documents)))
    if as_json:
        print_json({"seed": seed, **_body(report)})
    else:
        _print_tables(report)
    if show_mistakes:
        for mistake in report.mistakes:
            print(plain(f"{mistake.kind}: {mistake.question} | {mistake.text} | {mistake.found}"))


async def _measure(corpus: Corpus) -> GroundingReport:
    with tempfile.TemporaryDirectory(prefix="samovar-eval-") as folder:
        storage = await open_storage(data_dir=Path(folder), database_url=None)
        try:
            return await measure_in(storage, corpus, shows_progress=True)
        finally:
            await storage.close()


async def measure_in(storage: Storage, corpus: Corpus, *, shows_progress: bool = False) -> GroundingReport:
    """Index the corpus in a storage, as a base of its own, and measure; the base is gone afterwards."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(say_eval("left")),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, quiet=not shows_progress)
    with Progress(*columns, console=console) as progress:
        async with _indexed(storage, corpus) as (actor, base_id, passages):
            retriever = Retriever(storage, {})
            asking = progress.add_task(say_eval("ask"), total=len(corpus.questions))

            async def find(question: str) -> Sequence[Passage]:
                scope = SearchScope(base_ids=(base_id,))
                return (await retriever.find(actor, [SearchText(text=question)], scope)).passages

            async def open_document(name: str) -> Passage:
                return passages[name]

            async def stems(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
                async with storage.transaction() as tx:
                    return await tx.search.stems(texts)

            return await measure_grounding(
                corpus, find, open_document, stems, progress=lambda done: progress.update(asking, completed=done)
            )


@asynccontextmanager
async def _indexed(storage: Storage, corpus: Corpus) -> AsyncIterator[tuple[Actor, BaseId, dict[str, Passage]]]:
    """Store the documents as the worker does when it has read them."""
    async with storage.transaction() as tx:
        owner = await tx.accounts.first_user()
        actor = Actor(user_id=owner.user_id, entry_point="cookie")
        now = datetime.now(UTC)
        base = KnowledgeBase(
            base_id=new_base_id(), owner_id=owner.user_id, name=f"eval {now.isoformat()}", created_at=now
        )
        await tx.bases.add(actor, base)
    passages: dict[str, Passage] = {}
    try:
        for invented in corpus.documents:
            content = invented.text.encode()
            document = Document(
                document_id=new_document_id(),
                owner_id=owner.user_id,
                base_id=base.base_id,
                name=invented.name,
                kind="text",
                media_type="text/plain",
                size_bytes=len(content),
                sha256=sha256(content).hexdigest(),
                status="ready",
                created_at=now,
            )
            page = Page(number=None, text=invented.text, status="text")
            chunks = chunk_pages([page], document.document_id)
            async with storage.transaction() as tx:
                await tx.documents.add(actor, document, chat_id=None)
                await tx.readings.save_pages(document.document_id, [page], [], chunks)
            passages[invented.name] = Passage(chunk=chunks[0], document=invented.name, score=0.0)
        yield actor, base.base_id, passages
    finally:
        async with storage.transaction() as tx:
            await tx.bases.remove(actor, base.base_id)


def _body(report: GroundingReport) -> dict[str, object]:
    return {
        "documents": report.documents,
        "questions": report.questions,
        "claims": sum(count for name, count in report.seen.items() if "/question/" not in name),
        **{name: _rounded(share) for name, share in _shares(report).items()},
        "source_not_found": report.not_found,
        "by_kind": {
            name: {"right": share.good, "of": share.of, "share": _rounded(share)}
            for name, share in report.by_kind().items()
        },
    }


def _shares(report: GroundingReport) -> dict[str, Share]:
    answered = report.answered
    return {
        "citation_precision": report.precision,
        "citation_recall": report.recall,
        "flagged": report.flagged,
        "verified": report.verified,
        "refused": report.refused,
        "wrongly_refused": Share(answered.of - answered.good, answered.of),
    }


def _rounded(share: Share) -> float:
    return round(share.value, 4)


def _print_tables(report: GroundingReport) -> None:
    console = Console()
    whole = Table(title=say_eval("grounding_title", documents=report.documents, questions=report.questions))
    whole.add_column(say_eval("figure"))
    whole.add_column("%", justify="right")
    whole.add_column(say_eval("of"), justify="right")
    for name, share in _shares(report).items():
        whole.add_row(say_eval(name), f"{100 * share.value:.2f}", f"{share.good} / {share.of}")
    console.print(whole)
    kinds = Table(title=say_eval("by_kind"))
    kinds.add_column(say_eval("kind"))
    kinds.add_column("%", justify="right")
    kinds.add_column(say_eval("of"), justify="right")
    for name, share in report.by_kind().items():
        kinds.add_row(name, f"{100 * share.value:.2f}", f"{share.good} / {share.of}")
    console.print(kinds)
