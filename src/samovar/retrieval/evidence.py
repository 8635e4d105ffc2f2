"""Weigh what was found before the model is asked, so that it can be told when the answer is probably not there."""

from collections.abc import Sequence

from samovar.domain.document import Passage
from samovar.retrieval.cite import Stemmer
from samovar.retrieval.lexicon import load_lexicon
from samovar.retrieval.refuse import EvidenceStrength, read_question, weigh_evidence
from samovar.retrieval.sources import Sources, read_passages

__all__ = ["weigh_passages"]


async def weigh_passages(question: str, passages: Sequence[Passage], stems: Stemmer) -> EvidenceStrength:
    """Tell how surely passages bear on a question, by its words, names and numbers alone."""
    asked = read_question(question)
    read = read_passages(passages)
    lexicon = await load_lexicon([*asked.word_keys(), *(key for source in read for key in source.word_keys)], stems)
    return weigh_evidence(asked, Sources(read, lexicon)).strength
