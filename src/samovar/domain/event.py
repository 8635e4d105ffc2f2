"""The numbered events of a run, as they are stored and streamed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["FINAL_EVENT", "UNNUMBERED", "EventKind", "RunEvent"]

EventKind = Literal[
    "status",
    "queue",
    "restart",
    "progress",
    "notice",
    "passages",
    "ledger",
    "reasoning",
    "delta",
    "replace",
    "citations",
    "grounding",
    "usage",
    "end",
]
FINAL_EVENT: EventKind = "end"
#: Of an event that is told again as part of a summary, and is no place to resume from.
UNNUMBERED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One event: ``seq`` starts at 1 and has no gaps; ``body`` is plain JSON.

    Bodies by kind: status {status, model once it is chosen}; queue {position, expected_s} while others
    are served first; restart {} when another attempt begins and the notices and passages so far are void;
    progress {processed, total} in tokens; notice {code, values}; passages {passages: [...]}; ledger
    (of a temporary chat alone, whose ledger is not stored); reasoning {text}; delta {text}; citations
    {citations: [...]}; grounding {evidence, says_not_found, claims, nearest} (``domain.grounding``); usage
    {prompt_tokens, completion_tokens, cached_tokens, first_token_ms, total_ms}; replace {text, reasoning} (the
    whole of both so far); end
    {status, error: null | {code, title, detail, values}}.
    """

    seq: int
    kind: EventKind
    body: Mapping[str, object]
