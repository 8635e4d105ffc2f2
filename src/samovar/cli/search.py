"""``samovar search``: what the documents say about some words, and why it was found."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, get_args

import typer

from samovar.api.hit_body import hit_body
from samovar.api.search import ArmChoice, chosen_arms
from samovar.app import open_services
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.search_words import say_search
from samovar.domain.document import Passage
from samovar.domain.errors import NotFound
from samovar.domain.page import DocumentKind
from samovar.domain.search import ArmHit, FusionMethod, SearchScope, SearchText
from samovar.retrieval.cite import normalise_quote
from samovar.retrieval.findings import Findings, RerankMethod
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["search"]

_SHOWN_CHARACTERS: Final = 200


def search(
    words: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most hits.")] = 10,
    base: Annotated[
        list[str] | None, typer.Option(help="Only in this knowledge base; may be given again.", show_default=False)
    ] = None,
    document: Annotated[str | None, typer.Option(help="Only in documents with this in their name.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only in documents of this kind, such as pdf; may be given again.", show_default=False),
    ] = None,
    folder: Annotated[str | None, typer.Option(help="Only in documents that came from below this folder.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="Only in documents that were taken in on this day or later.", formats=["%Y-%m-%d"]),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="Only in documents that were taken in on this day or earlier.", formats=["%Y-%m-%d"]),
    ] = None,
    arm: Annotated[ArmChoice, typer.Option(help="Search by words, by vectors, or by both.")] = "hybrid",
    fusion: Annotated[
        FusionMethod | None,
        typer.Option(help="How both searches become one (retrieval.fusion).", show_default=False),
    ] = None,
    rerank: Annotated[
        RerankMethod | None,
        typer.Option(help="What ranks the best again (retrieval.reranker).", show_default=False),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell why each hit was found, and how long it took.")] = (
        False
    ),
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Search all documents, in Russian and English, by the stems of words and by meaning.

    Two words or more in "quotes" must stand so in a hit; a -word must not.
    """
    unknown = set(kind or ()) - set(get_args(DocumentKind))
    if unknown:
        raise typer.BadParameter(f"{min(unknown)} is none of {', '.join(get_args(DocumentKind))}", param_hint="--kind")
    scope = SearchScope(
        name=document,
        folder=folder,
        kinds=frozenset(one for one in get_args(DocumentKind) if one in (kind or ())),
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC) + timedelta(days=1),
    )
    found = run_async(
        _search(load_settings(data_dir), words, scope, base or [], arm, fusion=fusion, rerank=rerank, limit=limit)
    )
    for note in _notes(found, arm, explain=explain):
        print(note, file=sys.stderr)
    if as_json:
        print_json(_body(found, explain=explain))
        return
    for hit in found.passages:
        print("\n".join(_lines(hit, explain=explain)))
    if not found.passages:
        print("Nothing found. / Ничего не найдено.")
    if explain:
        print(_timings(found))


async def _search(
    settings: Settings,
    words: str,
    scope: SearchScope,
    bases: list[str],
    arm: ArmChoice,
    *,
    fusion: FusionMethod | None,
    rerank: RerankMethod | None,
    limit: int,
) -> Findings:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        async with services.storage.transaction() as tx:
            known = [await tx.bases.by_name(actor, name) for name in bases]
        if None in known:
            raise NotFound(what="knowledge base")
        usual = services.retriever.options
        options = replace(
            usual,
            arms=chosen_arms(arm),
            fusion=fusion or usual.fusion,
            rerank=rerank or usual.rerank,
            passages=limit,
        )
        scope = replace(scope, base_ids=tuple(one.base_id for one in known if one is not None))
        return await services.retriever.find(actor, [SearchText(text=words)], scope, options=options)


def _body(found: Findings, *, explain: bool) -> dict[str, object]:
    body: dict[str, object] = {"hits": [dict(hit_body(hit, explain=explain)) for hit in found.passages]}
    if explain:
        body |= {
            "dense": found.dense,
            "notes": list(found.notes),
            "took_ms": dict(found.took_ms),
            "stems": {stem: round(rarity, 4) for stem, rarity in found.stems.items()},
        }
    return body


def _lines(hit: Passage, *, explain: bool) -> Iterator[str]:
    place = f", {hit.chunk.page}" if hit.chunk.page is not None else ""
    yield f"{hit.score:6.3f}  {plain(hit.document)}{place}"
    yield f"        {plain(normalise_quote(hit.chunk.text)[:_SHOWN_CHARACTERS])}"
    if explain and hit.evidence is not None:
        evidence = hit.evidence
        arms = [_arm("lexical", evidence.lexical), _arm("dense", evidence.dense)]
        arms.append(say_search("fused", score=f"{evidence.fused:.3f}"))
        if evidence.reranked is not None:
            arms.append(say_search("reranked", score=f"{evidence.reranked:.3f}"))
        yield f"        {' · '.join(arms)}"
        yield f"        {say_search('matched', words=plain(', '.join(evidence.matched)) or '—')}"
        where = say_search("place", start=hit.chunk.start, end=hit.chunk.end)
        yield f"        {' › '.join((*map(plain, hit.chunk.headings), where))}"


def _arm(name: str, hit: ArmHit | None) -> str:
    if hit is None:
        return say_search(f"{name}_not")
    return say_search(name, rank=hit.rank or say_search("beyond"), score=f"{hit.score:.3f}")


def _timings(found: Findings) -> str:
    stages = (f"{stage} {took:.1f}" for stage, took in found.took_ms.items())
    return say_search("took", stages=", ".join(stages), all=f"{sum(found.took_ms.values()):.1f}")


def _notes(found: Findings, arm: ArmChoice, *, explain: bool) -> Iterator[str]:
    """Signs of what did not take part."""
    if arm == "lexical":
        return
    if found.dense in ("filling", "failed") or (found.dense == "off" and (explain or arm == "dense")):
        yield say_search(f"dense_{found.dense}")
    if "reranker_unavailable" in found.notes:
        yield say_search("reranker_failed")
