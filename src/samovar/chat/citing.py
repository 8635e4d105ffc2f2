"""The part of a reply that ties its words to their sources, once they are all there."""

from collections.abc import Sequence
from dataclasses import replace

from samovar.chat.live import LiveRun
from samovar.chat.searching import Searched, passage_body
from samovar.domain.actor import Actor
from samovar.domain.citation import Citation, citation_to_json
from samovar.domain.document import Passage
from samovar.domain.errors import NotFound
from samovar.domain.grounding import grounding_to_json
from samovar.ports.storage import Storage, Transaction
from samovar.retrieval.cite import cite, normalise_quote

__all__ = ["cite_answer"]

#: So many of the nearest passages are shown where the answer is not in the documents.
_MOST_NEAREST = 3


async def cite_answer(
    storage: Storage, actor: Actor, live: LiveRun, question: str, passages: Sequence[Passage], searched: Searched
) -> None:
    """Fill in the marks of the answer in ``live``, read each quote again from the stored page, and judge its claims.

    Raises: StorageError.
    """
    answer = live.whole_text()
    async with storage.transaction() as tx:
        cited = await cite(answer, question, passages, tx.search.stems)
        checked: list[Citation] = []
        for citation in cited.citations:
            text, described_by = await _source(tx, actor, citation)
            stands_there = normalise_quote(text[citation.start : citation.end]) == citation.quote
            verified = bool(citation.quote) and stands_there
            checked.append(replace(citation, verified=verified, described_by=described_by))
    live.citations = tuple(checked)
    if cited.text != answer:
        live.rewrite(cited.text)
    live.emit("citations", citations=[citation_to_json(citation) for citation in checked])
    grounding = cited.grounding
    if searched.grounds == "nothing":
        grounding = replace(grounding, evidence="none")
    nearest = searched.findings.nearest if grounding.evidence != "strong" or grounding.says_not_found else ()
    bodies = [passage_body(n, one, searched.described_by) for n, one in enumerate(nearest[:_MOST_NEAREST], start=1)]
    live.grounding = {**grounding_to_json(grounding), "nearest": bodies}
    live.emit("grounding", **live.grounding)


async def _source(tx: Transaction, actor: Actor, citation: Citation) -> tuple[str, str | None]:
    """The stored text that a citation points into, and the model that wrote it when the author did not.

    Nothing of a document that was deleted, or is not the actor's to read any more, since it was found.
    """
    try:
        if citation.figure is None:
            return (await tx.documents.view_page(actor, citation.document_id, citation.page)).text, None
        figure = await tx.figures.view(actor, citation.document_id, citation.page, citation.figure)
    except NotFound:
        return "", None
    return figure.description or "", figure.described_by
