"""What a stand-in does beside answering as it should: its pace, its limits, its lies and its faults."""

from dataclasses import dataclass
from typing import Annotated, Literal

__all__ = ["Behaviour", "CacheCount", "UsageLie"]

#: What the counts of tokens say: the truth, nothing, or something that no reader should believe.
UsageLie = Literal["true", "missing", "zero", "huge", "negative", "words"]

#: How a prompt that was seen before is counted: not at all; with the part named that was not read again, as OpenAI's
#: form does; or without that part, and not at all where nothing is left, as older Ollama did.
CacheCount = Literal["none", "reported", "subtracted"]


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """The knobs of one stand-in. Tests may turn them while it runs; they take effect with the next request.

    The words beside a type are the help of the command line.
    """

    tokens_per_s: Annotated[float, "tokens a second; 0 is as fast as it goes"] = 0.0
    first_token_s: Annotated[float, "seconds before the first token"] = 0.0
    load_s: Annotated[float, "seconds that loading a model takes"] = 0.0
    slots: Annotated[int, "answers written at once; set at the start"] = 4
    queue: Annotated[int, "requests that may wait for a slot; more are told that the server is busy"] = 512
    loaded_at_once: Annotated[
        int | None, "models in memory at once; one more evicts the one used longest ago; without it as the server does"
    ] = None
    context_tokens: Annotated[int | None, "the longest context of every model, instead of its own"] = None

    answer: Annotated[str | None, "what every answer says"] = None
    answer_tokens: Annotated[int | None, "tokens of every answer"] = None
    is_empty: Annotated[bool, "answers have no text"] = False
    refuses: Annotated[bool, "answers are refusals"] = False

    evaluates_at_most: Annotated[int | None, "reads only so many tokens of a prompt and says so in its counts only"] = (
        None
    )
    usage: Annotated[UsageLie, "what the counts of tokens say"] = "true"
    prompt_cache: Annotated[CacheCount, "how a prompt that was seen before is counted"] = "none"

    busy_replies: Annotated[int, "so many requests for an answer are told that the server is busy; -1 is all"] = 0
    retry_after_s: Annotated[int | None, "a Retry-After header in such replies"] = None
    hangs_before_reply: Annotated[bool, "accepts a request and sends nothing, not even a status"] = False
    hangs_after_tokens: Annotated[int | None, "falls silent after so many tokens"] = None
    dies_before_reply: Annotated[bool, "cuts the connection instead of answering"] = False
    dies_after_tokens: Annotated[int | None, "cuts the connection after so many tokens"] = None
    breaks_after_tokens: Annotated[int | None, "sends an error after so many tokens, in the server's own form"] = None
    ends_after_tokens: Annotated[int | None, "ends the reply after so many tokens, without the last event"] = None
    is_endless: Annotated[bool, "never ends an answer, whatever limit was asked for"] = False
    huge_delta_bytes: Annotated[int, "sends one piece of so many bytes after the first token"] = 0
    sends_html: Annotated[bool, "answers everything with a page of HTML under status 200"] = False
    sends_unknown_events: Annotated[bool, "sends events, comments and fields that nobody knows between tokens"] = False
    sends_garbage: Annotated[bool, "sends a line that is not JSON after the first token"] = False

    key: Annotated[str | None, "a key that every request must carry"] = None
