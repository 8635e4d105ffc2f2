"""``samovar eval retrieval``: how well the search engine finds the passages that questions are about."""

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import platformdirs
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from samovar.cli.eval_models import open_search_models
from samovar.cli.eval_words import say_eval
from samovar.cli.output import DataDir, Json, load_settings, print_json, run_async
from samovar.domain.search import FusionMethod
from samovar.retrieval.evaluation.dataset import RetrievalTask, UnitKind, make_task, read_dataset
from samovar.retrieval.evaluation.metrics import CUTS
from samovar.retrieval.evaluation.run import RetrievalReport, Stage, measure_retrieval
from samovar.retrieval.evaluation.vectors import VectorCache
from samovar.settings import Settings
from samovar.storage import open_storage

__all__ = ["retrieval"]

_TERMINATED: Final = 128 + signal.SIGTERM
_ENDS_WITHIN_S: Final = 10.0
_POLL_S: Final = 0.05


def retrieval(
    dataset: Annotated[Path, typer.Option("--dataset", help="Questions with known answers: JSON in SQuAD's form.")],
    questions: Annotated[
        Path | None,
        typer.Option("--questions", help="Ask the questions of this file, of the same ids, of the texts of --dataset."),
    ] = None,
    unit: Annotated[UnitKind, typer.Option("--unit", help="What is to be found.")] = "paragraph",
    fusion: Annotated[
        FusionMethod | None,
        typer.Option("--fusion", help="How both searches become one (retrieval.fusion).", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Ask so many questions, evenly spread.", show_default=False)
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Measure search by words, by vectors, by both, and re-ranked, on questions whose answers are known.

    The texts are indexed in a PostgreSQL of their own, which is gone afterwards; your documents are not touched.
    Latency is that of one question from its text to the ten best passages. To embed the question is part of it.
    """
    settings = load_settings(data_dir)
    wording = None if questions is None else read_dataset(questions)
    found = read_dataset(dataset)
    task = make_task(found, unit, asked_as=wording)
    notes = _notes(task, moved=found.moved if unit == "sentence" else 0)
    if limit is not None and limit < len(task.questions):
        notes.append(say_eval("limited", count=limit, all=len(task.questions)))
        task = _limited(task, limit)
    cache = VectorCache(Path(platformdirs.user_cache_dir("samovar", appauthor=False)) / "vectors")
    report = run_async(_until_terminated(settings, task, cache, fusion or settings.retrieval.fusion))
    notes += _notes_of(report, cache)
    for note in notes:
        print(note, file=sys.stderr)
    if as_json:
        print_json(report.body())
    else:
        _print_table(report, unit)


def _limited(task: RetrievalTask, count: int) -> RetrievalTask:
    """Take so many of the questions, evenly spread over the file."""
    total = len(task.questions)
    return replace(task, questions=tuple(task.questions[number * total // count] for number in range(count)))


async def _until_terminated(
    settings: Settings, task: RetrievalTask, cache: VectorCache, fusion: FusionMethod
) -> RetrievalReport:
    """Measure, and clean up also when the process is asked to end."""
    work = asyncio.create_task(_measure(settings, task, cache, fusion), name="measure search")
    is_terminated = False

    def terminate() -> None:
        nonlocal is_terminated
        is_terminated = True
        work.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work
    except asyncio.CancelledError:
        if is_terminated:
            raise typer.Exit(_TERMINATED) from None
        raise


async def _measure(
    settings: Settings, task: RetrievalTask, cache: VectorCache, fusion: FusionMethod
) -> RetrievalReport:
    with _own_folder() as folder, _progress() as on_progress:
        async with open_search_models(settings) as (embedder, reranker):
            storage = await open_storage(data_dir=folder, database_url=None)
            try:
                return await measure_retrieval(
                    storage,
                    task,
                    embedder=embedder,
                    cache=cache,
                    reranker=reranker,
                    fusion=fusion,
                    on_progress=on_progress,
                )
            finally:
                await storage.close()
                cache.trim()


@contextmanager
def _own_folder() -> Iterator[Path]:
    """A data folder that is gone afterwards; a server that ends just now may still write to it for a moment."""
    folder = Path(tempfile.mkdtemp(prefix="samovar-eval-"))
    try:
        yield folder
    finally:
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            if time.monotonic() > deadline:
                print(say_eval("folder_stays", folder=folder), file=sys.stderr)
                break
            time.sleep(_POLL_S)


class _Bar:
    """A line for each stage on stderr, with the time left; results go to stdout."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[Stage, TaskID] = {}

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(say_eval(stage), total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def _progress() -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(say_eval("left")),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bar(progress)


def _notes(task: RetrievalTask, *, moved: int) -> list[str]:
    notes = [say_eval("left_out", count=task.left_out)] if task.left_out else []
    if moved:
        notes.append(say_eval("moved", count=moved))
    return notes


def _notes_of(report: RetrievalReport, cache: VectorCache) -> list[str]:
    notes = [say_eval("no_embedder")] if report.arms["dense"] is None else []
    if cache.damaged:
        notes.append(say_eval("cache_damaged", count=cache.damaged))
    if cache.is_unwritable:
        notes.append(say_eval("cache_unwritable", folder=cache.folder))
    return notes


def _print_table(report: RetrievalReport, unit: UnitKind) -> None:
    title = say_eval("title", questions=report.questions, units=report.units, kind=say_eval(unit))
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(say_eval("arm"), no_wrap=True)
    # R stands for recall: with eight columns there is room for no more.
    for name in (*(f"R@{cut}" for cut in CUTS), "MRR@10", "nDCG@10", say_eval("p50"), say_eval("p95")):
        table.add_column(name, justify="right", no_wrap=True)
    for arm, found in report.arms.items():
        if found is not None:
            figures = (*found.recall, found.mrr, found.ndcg)
            table.add_row(
                say_eval(arm),
                *(f"{figure:.3f}" for figure in figures),
                f"{found.p50_ms:.1f}",
                f"{found.p95_ms:.1f}",
            )
    Console().print(table)
