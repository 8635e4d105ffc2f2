"""Hugging Face's text-embeddings-inference: ``/rerank``, a bare list of scores from 0 to 1.

Tier: supported. Source: text-embeddings-inference, OpenAPI description, "rerank", November 2026.
"""

from collections.abc import Mapping, Sequence

from samovar.egress import EgressClient
from samovar.ports.reranker import Reranker, RerankerConfig
from samovar.rerankers._shared import Dialect, ServerReranker

__all__ = ["build"]


def build(config: RerankerConfig, client: EgressClient) -> Reranker:
    """Make the adapter for one server; connects to nothing yet."""
    dialect = Dialect(paths=("/rerank",), write=_write, read=lambda reply: reply, score="score")
    return ServerReranker(config, client, dialect)


def _write(_model: str | None, question: str, passages: Sequence[str]) -> Mapping[str, object]:
    # The server has one model. What is too long it cuts itself.
    return {"query": question, "texts": list(passages), "raw_scores": False, "return_text": False, "truncate": True}
