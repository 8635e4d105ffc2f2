"""Search of everything that somebody may read, with the reasons for what is found."""

from dataclasses import replace
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.hit_body import hit_body
from samovar.domain.ids import BaseId, DocumentId
from samovar.domain.page import DocumentKind
from samovar.domain.search import Arm, FusionMethod, SearchScope, SearchText
from samovar.retrieval.findings import RerankMethod

__all__ = ["ArmChoice", "chosen_arms", "router"]

router = APIRouter(prefix="/api", tags=["search"])

_LONGEST_QUESTION: Final = 2_000
_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 4_000
_MOST_IDS: Final = 100

#: The arms as people choose them.
ArmChoice = Literal["lexical", "dense", "hybrid"]


def chosen_arms(arm: ArmChoice) -> frozenset[Arm]:
    """The arms that take part."""
    return frozenset({"lexical", "dense"}) if arm == "hybrid" else frozenset({arm})


@router.get("/search")
async def search(
    actor: Asker,
    services: ServicesOf,
    q: Annotated[str, Query(min_length=1, max_length=_LONGEST_QUESTION)],
    base: Annotated[tuple[UUID, ...], Query(max_length=_MOST_IDS)] = (),
    document: Annotated[tuple[UUID, ...], Query(max_length=_MOST_IDS)] = (),
    name: Annotated[str | None, Query(min_length=1, max_length=_LONGEST_NAME)] = None,
    folder: Annotated[str | None, Query(min_length=1, max_length=_LONGEST_PATH)] = None,
    kind: Annotated[tuple[DocumentKind, ...], Query(max_length=_MOST_IDS)] = (),
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    arm: ArmChoice = "hybrid",
    fusion: FusionMethod | None = None,
    rerank: RerankMethod | None = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    explain: bool = False,
) -> Response:
    """Search by words and by meaning."""
    usual = services.retriever.options
    options = replace(
        usual,
        arms=chosen_arms(arm),
        fusion=fusion or usual.fusion,
        rerank=rerank or usual.rerank,
        passages=limit,
    )
    scope = SearchScope(
        base_ids=tuple(BaseId(one) for one in base),
        document_ids=tuple(DocumentId(one) for one in document),
        name=name,
        folder=folder,
        kinds=frozenset(kind),
        since=since,
        until=until,
    )
    # To search a base that is not there would find nothing, which looks like an answer.
    async with services.storage.transaction() as tx:
        for base_id in dict.fromkeys(scope.base_ids):
            await tx.bases.view(actor, base_id)
    found = await services.retriever.find(actor, [SearchText(text=q)], scope, options=options)
    return JSONResponse(
        {
            "hits": [hit_body(passage, explain=explain) for passage in found.passages],
            "dense": found.dense,
            "notes": list(found.notes),
            "took_ms": dict(found.took_ms) if explain else None,
            "stems": {stem: round(rarity, 4) for stem, rarity in found.stems.items()} if explain else None,
        }
    )
