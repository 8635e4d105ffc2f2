"""Check what an assertion has in quotation marks: it stands in the passage, word for word."""

from collections.abc import Iterator
from typing import Final

from samovar.retrieval.assertion import Assertion, Difference
from samovar.retrieval.quotes import Quote, normalised, stands_in, words_not_in
from samovar.retrieval.windows import Window

__all__ = ["check_quotes", "standing_quotes"]

#: So much is shown of a quote whose words all stand there, in another order.
_LONGEST_SHOWN: Final = 80


def standing_quotes(assertion: Assertion, window: Window) -> list[Quote]:
    """The quotes of an assertion that stand in the passage."""
    text = window.source.normalised
    return [quote for quote in assertion.statement.quotes if all(stands_in(part, text) for part in quote.parts)]


def check_quotes(assertion: Assertion, window: Window) -> Iterator[Difference]:
    """Find the quotes that the passage does not have, and their words that it lacks."""
    text = window.source.normalised
    for quote in assertion.statement.quotes:
        if _is_title(quote, window):
            continue
        missing = [part for part in quote.parts if not stands_in(part, text)]
        if missing:
            words = [word for part in missing for word in words_not_in(part, text)]
            yield Difference("quote", tuple(words or [missing[0][:_LONGEST_SHOWN]]))


def _is_title(quote: Quote, window: Window) -> bool:
    """Tell whether the words in quotes are the name of the document or of a section."""
    return stands_in(quote.text, normalised(window.source.context.text))
