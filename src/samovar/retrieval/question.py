"""Read a question: what to search for, and where.

The question as it was asked is always searched for. A follow-up is also made whole with the words of the chat, by a
model where one is able and its words can be trusted, by rule otherwise. A comparison is also searched for side by side.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from samovar.domain.chat import Message
from samovar.domain.document import KnowledgeBase
from samovar.domain.search import SearchScope, SearchText
from samovar.retrieval.comparison import sides_of
from samovar.retrieval.filters import FilterProblem, read_filters
from samovar.retrieval.follow_up import is_follow_up, make_whole
from samovar.retrieval.words import NUMBER, fold, terms_of

__all__ = ["ReadQuestion", "Rewriter", "read_question"]

_LONGEST_REWRITTEN: Final = 300
#: Shares of the plain words of the question that a model must keep, and of those it writes that may be its own.
_LEAST_KEPT: Final = 0.6
_MOST_NEW: Final = 0.34
_ROOT: Final = 4
#: Beyond these a model has no business to find what a question leans on.
_MOST_CONTEXT: Final = 8
_LONGEST_CONTEXT: Final = 4_000
#: What models write before the question, asked or not.
_LEAD_IN: Final = re.compile(r"(?i)^(?:(?:rewritten |standalone )?question|вопрос|запрос|query)\s*:\s*")
_QUOTES: Final = "\"'«»“”`"
#: Thoughts, marks of templates, labels and Markdown are no question.
_NO_QUESTION: Final = re.compile(r"[\n<>{}\[\]|*#]")


class Rewriter(Protocol):
    """Makes a follow-up whole with a model."""

    async def rewrite(self, branch: Sequence[Message]) -> str | None:
        """Write the last message of a branch as a question that stands alone; None when no model is able to.

        What comes back is not trusted. Never raises for a model that fails or is late.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuestion:
    """What to search for, the question itself first; where; and what of its filters could not be used."""

    texts: tuple[SearchText, ...]
    scope: SearchScope
    problems: tuple[FilterProblem, ...] = ()


async def read_question(
    branch: Sequence[Message],
    *,
    bases: Sequence[KnowledgeBase] = (),
    scope: SearchScope,
    rewriter: Rewriter | None = None,
) -> ReadQuestion:
    """Read the last message of a branch.

    ``bases`` are those that it may name; ``scope`` is where to search without filters. Raises: nothing of its own.
    """
    *earlier, asked = branch
    filtered = read_filters(asked.text, bases, scope)
    # A message of filters alone asks what was asked before, elsewhere.
    question = filtered.text
    texts = [SearchText(text=question)] if question else []
    told = [_without_filters(message, bases, scope) for message in earlier]
    if any(message.role == "user" for message in earlier) and is_follow_up(question):
        whole = await _rewritten(question, earlier, asked, rewriter) or make_whole(question, told)
        if whole is not None:
            texts.append(SearchText(text=whole, origin="follow_up"))
    texts.extend(SearchText(text=side, origin="side") for side in sides_of(question))
    return ReadQuestion(
        texts=tuple(texts) or (SearchText(text=asked.text),), scope=filtered.scope, problems=filtered.problems
    )


def _without_filters(message: Message, bases: Sequence[KnowledgeBase], scope: SearchScope) -> Message:
    if message.role != "user":
        return message
    return replace(message, text=read_filters(message.text, bases, scope).text)


async def _rewritten(
    question: str, earlier: Sequence[Message], asked: Message, rewriter: Rewriter | None
) -> str | None:
    if rewriter is None or not question:
        return None
    # Earlier messages as they were sent, filters and all: the backend has them in its cache.
    written = await rewriter.rewrite([*earlier, replace(asked, text=question)])
    context = "\n".join(message.text[:_LONGEST_CONTEXT] for message in earlier[-_MOST_CONTEXT:])
    return None if written is None else _checked(written, question, context)


def _checked(written: str, question: str, context: str) -> str | None:
    """What a model made of a question, if it is one line that keeps what was asked and adds only what was said."""
    line = _LEAD_IN.sub("", written.strip()).strip().strip(_QUOTES).strip()
    if (
        not line
        or len(line) > _LONGEST_REWRITTEN
        or _NO_QUESTION.search(line)
        or line.casefold() == question.casefold()
    ):
        return None
    # A model that answers instead writes no question.
    if "?" in question and "?" not in line:
        return None
    return line if _keeps(line, question) and _adds_nothing(line, f"{question}\n{context}") else None


def _keeps(line: str, question: str) -> bool:
    """Whether each name and number of the question is there, and most of its other words."""
    kept = {_short(term.word) for term in terms_of(line)}
    asked = terms_of(question)
    if any((term.is_name or term.is_number) and _short(term.word) not in kept for term in asked):
        return False
    plain = [term for term in asked if not (term.is_name or term.is_number)]
    return sum(_short(term.word) in kept for term in plain) >= _LEAST_KEPT * len(plain)


def _adds_nothing(line: str, said: str) -> bool:
    """Whether every name and number, and most of the other words, stand in what was said."""
    known = {_short(term.word) for term in terms_of(said)}
    terms = terms_of(line)
    new = [term for term in terms if _short(term.word) not in known]
    if any(term.is_name or term.is_number for term in new) or len(new) > _MOST_NEW * len(terms):
        return False
    return set(NUMBER.findall(line)) <= set(NUMBER.findall(said))


def _short(word: str) -> str:
    """Shorter than ``fold``: a model puts words into other cases and tenses. Numbers stay whole."""
    folded = fold(word)
    return folded if any(map(str.isdigit, folded)) else folded[:_ROOT]
