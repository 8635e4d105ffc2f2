"""llama.cpp's server, started with ``--reranking``: ``/v1/rerank``, whose scores are logits for most models.

Tier: supported. Source: llama.cpp, tools/server/README.md, "POST /reranking", build 11549, November 2026.
"""

from collections.abc import Mapping, Sequence

from samovar.egress import EgressClient
from samovar.ports.reranker import Reranker, RerankerConfig
from samovar.rerankers._shared import Dialect, ServerReranker, results_of

__all__ = ["build"]


def build(config: RerankerConfig, client: EgressClient) -> Reranker:
    """Make the adapter for one server; connects to nothing yet."""
    dialect = Dialect(paths=("/v1/rerank", "/rerank"), write=_write, read=results_of, score="relevance_score")
    return ServerReranker(config, client, dialect)


def _write(model: str | None, question: str, passages: Sequence[str]) -> Mapping[str, object]:
    # The server has one model, and needs no name unless it is a router of several.
    named = {"model": model} if model else {}
    return {**named, "query": question, "documents": list(passages), "top_n": len(passages)}
