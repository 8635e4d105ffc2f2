"""``samovar search``: what the documents say about some words."""

from dataclasses import replace
from typing import Annotated

import typer

from samovar.app import open_services
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.domain.document import Passage
from samovar.domain.search import SearchScope
from samovar.retrieval.cite import normalise_quote
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["search"]


def search(
    words: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most hits.")] = 10,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Search all documents, in Russian and English, by the stems of words."""
    hits = run_async(_search(load_settings(data_dir), words, limit))
    if as_json:
        print_json(
            {
                "hits": [
                    {
                        "document": hit.document,
                        "page": hit.chunk.page,
                        "text": hit.chunk.text,
                        "score": round(hit.score, 4),
                    }
                    for hit in hits
                ]
            }
        )
        return
    for hit in hits:
        place = f", {hit.chunk.page}" if hit.chunk.page is not None else ""
        print(f"{hit.score:6.2f}  {hit.document}{place}\n        {plain(normalise_quote(hit.chunk.text)[:200])}")
    if not hits:
        print("Nothing found. / Ничего не найдено.")


async def _search(settings: Settings, words: str, limit: int) -> tuple[Passage, ...]:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        async with services.storage.transaction() as tx:
            hits = await tx.search.lexical(actor, words, scope=SearchScope(), limit=limit)
            found = await tx.search.passages(actor, list(hits.scores))
            return tuple(replace(one, score=hits.scores[one.chunk.chunk_id]) for one in found)
