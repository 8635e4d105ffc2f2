"""What embedding models were taught to see before a question and before a passage, by their names.

Source: the model cards of each family, November 2026. A model of another name gets its texts as they are.
"""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Prefixes", "prefixes_of"]


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What is put before a question, and before a passage."""

    question: str = ""
    passage: str = ""


_TASK: Final = "Given a web search query, retrieve relevant passages that answer the query"
#: The first pattern that a name matches decides.
_FAMILIES: Final = (
    (re.compile(r"\be5\b.*\binstruct\b|\be5-mistral\b"), Prefixes(question=f"Instruct: {_TASK}\nQuery: ")),
    (re.compile(r"\be5\b"), Prefixes(question="query: ", passage="passage: ")),
    (re.compile(r"\bnomic-embed-text\b"), Prefixes(question="search_query: ", passage="search_document: ")),
    (
        re.compile(r"\bembedding-?gemma\b"),
        Prefixes(question="task: search result | query: ", passage="title: none | text: "),
    ),
    (re.compile(r"\bqwen3-embedding\b"), Prefixes(question=f"Instruct: {_TASK}\nQuery:")),
)


def prefixes_of(model: str) -> Prefixes:
    """Find the prefixes of a model by its name, whatever its publisher, its file and its quantisation."""
    name = re.sub(r"[\s_]+", "-", model.lower())
    return next((prefixes for pattern, prefixes in _FAMILIES if pattern.search(name)), Prefixes())
