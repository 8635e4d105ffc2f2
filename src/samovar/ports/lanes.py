"""How several readers share the pages of one long file: by stripes, so that all of them are near the same place.

What a page says is a function of the page alone, so the result is the same however many read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["STRIPE_PAGES", "Lane", "lanes_for"]

#: So many pages in a row are one reader's. What is read too early has to wait, in memory: a stripe is short.
STRIPE_PAGES: Final = 8
#: To open a file once more costs about as much as ten of its pages.
_LEAST_PAGES_OF_A_LANE: Final = 32


@dataclass(frozen=True, slots=True)
class Lane:
    """The share of one reader: of all stripes each ``of``-th, from the one with the number ``number`` (from 0) on."""

    number: int
    of: int

    def pages(self, first: int, last: int) -> Iterator[int]:
        """The numbers of its pages from ``first`` to ``last``, in order."""
        return (page for page in range(first, last + 1) if self.of_page(page) == self.number)

    def of_page(self, page: int) -> int:
        """The number of the lane that a page, counted from 1, belongs to."""
        return (page - 1) // STRIPE_PAGES % self.of


def lanes_for(pages: int, most: int) -> int:
    """How many lanes, at most ``most``, are worth while for so many pages: 1 for few."""
    return max(1, min(most, pages // _LEAST_PAGES_OF_A_LANE))
