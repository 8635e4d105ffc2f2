"""``/v1/rerank`` as Jina and Cohere have made it known, and as vLLM, LiteLLM and Infinity speak it.

Tier: supported. Source: Jina AI, Reranker API; Cohere API reference, v1 rerank; vLLM, "Re-rank API"; November 2026.
"""

from collections.abc import Mapping, Sequence

from samovar.egress import EgressClient
from samovar.ports.reranker import Reranker, RerankerConfig
from samovar.rerankers._shared import Dialect, ServerReranker, results_of

__all__ = ["build"]


def build(config: RerankerConfig, client: EgressClient) -> Reranker:
    """Make the adapter for one server; connects to nothing yet."""
    # Infinity has the second path only.
    dialect = Dialect(paths=("/v1/rerank", "/rerank"), write=_write, read=results_of, score="relevance_score")
    return ServerReranker(config, client, dialect)


def _write(model: str | None, question: str, passages: Sequence[str]) -> Mapping[str, object]:
    # All scores are wanted, and no text back: the passages are known here.
    named = {"model": model} if model else {}
    count = len(passages)
    return {**named, "query": question, "documents": list(passages), "top_n": count, "return_documents": False}
