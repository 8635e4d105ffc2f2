"""Pages of several lanes are put in order, and none is read far ahead of its turn."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from samovar.domain.errors import FileDamaged
from samovar.domain.page import Figure, Page, ParsedPage, ParsedPart, Picture
from samovar.ports.lanes import STRIPE_PAGES, Lane
from samovar.sandbox.child import ChildLostError
from samovar.sandbox.lanes import in_order


class _Lanes:
    """Two lanes of 64 pages; ``read`` holds the numbers of all pages that were read so far."""

    def __init__(self, *, picture_bytes: int = 0, ends_before: int = 65) -> None:
        self.read: list[int] = []
        self.open = 0
        self._picture_bytes = picture_bytes
        self._ends_before = ends_before

    async def parts(self, lane: Lane) -> AsyncGenerator[ParsedPart, None]:
        self.open += 1
        try:
            for number in lane.pages(1, 64):
                if lane.number == 1 and number >= self._ends_before:
                    return
                self.read.append(number)
                yield _page(number, self._picture_bytes)
                await asyncio.sleep(0)
        finally:
            self.open -= 1

    def in_order(self) -> AsyncGenerator[ParsedPart, None]:
        return in_order(self.parts(Lane(0, 2)), self.parts, first_page=1, last_page=64, lanes=2)


def _page(number: int, picture_bytes: int) -> ParsedPage:
    picture = Picture(media_type="image/png", content=bytes(picture_bytes), width=1, height=1)
    figures = (Figure(number=1, picture=picture),) if picture_bytes else ()
    return ParsedPage(page=Page(number=number, text="x", status="text"), figures=figures)


def _number(part: ParsedPart) -> int | None:
    assert isinstance(part, ParsedPage)
    return part.page.number


async def test_pages_come_in_order_and_every_lane_is_closed_at_the_end() -> None:
    lanes = _Lanes()
    assert [_number(part) async for part in lanes.in_order()] == list(range(1, 65))
    assert lanes.open == 0


@pytest.mark.parametrize(("picture_bytes", "most_ahead"), [(0, 2 * STRIPE_PAGES + 1), (2_000_000, 1)])
async def test_a_lane_waits_when_it_is_far_ahead_or_holds_large_pictures(picture_bytes: int, most_ahead: int) -> None:
    lanes = _Lanes(picture_bytes=picture_bytes)
    parts = lanes.in_order()
    assert _number(await anext(parts)) == 1
    for _ in range(200):
        await asyncio.sleep(0)
    assert len([number for number in lanes.read if Lane(0, 2).of_page(number) == 1]) == most_ahead
    await parts.aclose()
    assert lanes.open == 0


async def test_a_lane_that_ends_too_early_is_a_loss_when_its_turn_comes() -> None:
    parts = _Lanes(ends_before=28).in_order()
    assert [_number(await anext(parts)) for _ in range(27)] == list(range(1, 28))
    with pytest.raises(ChildLostError) as caught:
        await anext(parts)
    assert isinstance(caught.value.error, FileDamaged)
