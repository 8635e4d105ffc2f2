"""A model that knows nothing by itself: it answers from the request that it gets, or says that it does not know.

An answer is the sentence of the request, the question itself left out, that has most of the words of the question. A
summary is made of whole sentences of what is to be summed up, those with names and numbers. Neither sees the chat.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from samovar.retrieval.words import Term, terms_of

# The package lies beside the scripts of tools/, which the type checker knows by that folder.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

from stand_ins.answer import Answer
from stand_ins.behaviour import Behaviour
from stand_ins.llamacpp import LlamaCpp
from stand_ins.prompt import Message, Model, Prompt
from stand_ins.running import listen
from stand_ins.words import split_tokens

__all__ = ["UNKNOWN", "Reader", "answer_from", "listen", "sum_up"]

UNKNOWN: Final = "I do not know: that was not said."
_MODEL: Final = Model(
    name="reader",
    family="llama",
    parameters="1B",
    quantisation="Q4_K_M",
    size_bytes=1,
    context_tokens=4096,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_ASKED: Final = re.compile(r"(?:Question|Вопрос): ")
#: How a request for a summary can be told from a question.
_SUMMARY_ASKED: Final = re.compile(r"(?i)write down briefly|запиши кратко")
_INSIDE: Final = re.compile(r"(?s)<earlier-turns \w+>\n(.*)\n</earlier-turns \w+>")
_LEAST: Final = 0.6
_STEM: Final = 4


class Reader(LlamaCpp):
    """A llama.cpp server with this model, whose context has 4,096 tokens."""

    def usual_models(self) -> tuple[Model, ...]:
        """The one model."""
        return (_MODEL,)

    def compose(self, prompt: Prompt, behaviour: Behaviour) -> Answer:
        """Answer from the request, or sum up what stands in it."""
        if _SUMMARY_ASKED.search(prompt.question):
            inside = _INSIDE.search(prompt.question)
            text = sum_up(
                inside.group(1) if inside else prompt.question, most_tokens=(prompt.max_tokens or 400) * 3 // 4
            )
        else:
            text = answer_from(prompt.messages)
        return Answer(text=tuple(split_tokens(text)[: prompt.max_tokens]))


def answer_from(messages: Sequence[Message]) -> str:
    """The sentence of a request that says most of what its last message asks for; ``UNKNOWN`` when none says enough."""
    *before, last = messages
    parts = _ASKED.split(last.text)
    question = parts[-1].strip().splitlines()[-1]
    given = [message.text for message in before] + [last.text[: last.text.rindex(question)]]
    asked = {_stem(term) for term in terms_of(question)}
    best, most = UNKNOWN, 0.0
    for sentence in _sentences(given):
        if sentence.endswith("?"):
            continue
        share = len(asked & {_stem(term) for term in terms_of(sentence)}) / max(1, len(asked))
        if share > most:
            best, most = sentence, share
    return best if most >= _LEAST else UNKNOWN


def sum_up(text: str, *, most_tokens: int) -> str:
    """Whole sentences of a text with names and numbers, the first ones, as many as there is room for."""
    told = [sentence for sentence in _sentences([text]) if not sentence.startswith("[") and not sentence.endswith("?")]
    telling = [
        place for place, sentence in enumerate(told) if any(one.is_name or one.is_number for one in terms_of(sentence))
    ]
    kept: list[int] = []
    left = most_tokens
    for place in [*telling, *(place for place in range(len(told)) if place not in telling)]:
        tokens = len(split_tokens(told[place])) + 1
        if tokens <= left and told[place] not in {told[other] for other in kept}:
            kept.append(place)
            left -= tokens
        if len(kept) >= len(telling) and kept:
            break
    return " ".join(told[place] for place in sorted(kept))


def _sentences(texts: Iterable[str]) -> list[str]:
    return [sentence.strip() for text in texts for sentence in _SENTENCE.split(text) if sentence.strip()]


def _stem(term: Term) -> str:
    return term.key[:_STEM]
