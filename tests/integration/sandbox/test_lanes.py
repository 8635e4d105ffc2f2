"""Long PDFs are read by several children side by side, and nobody can tell from what comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import psutil
import pytest
from tests.support import hostile_papers
from tests.support.read_files import read_whole

from samovar.domain.page import DocumentHead, ParsedPage, ParsedPart
from samovar.ports.lanes import STRIPE_PAGES, Lane, lanes_for
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

_PAGES = 300
_CORES = 4
_LANES = 3


@pytest.fixture
async def reader() -> AsyncIterator[SandboxedReader]:
    reader = SandboxedReader(LimitsSettings(), cores=_CORES)
    await reader.start()
    yield reader
    await reader.close()


def _children(reader: SandboxedReader) -> list[psutil.Process]:
    assert reader.process_id is not None
    return psutil.Process(reader.process_id).children()


async def _seen(reader: SandboxedReader, count: int) -> list[psutil.Process]:
    """The children once there are ``count``: other lanes than the first are started while its first page is read."""
    async with asyncio.timeout(5):
        while len(children := _children(reader)) != count:
            await asyncio.sleep(0.005)
    return children


async def _all_parts(reader: SandboxedReader, content: bytes, *, first_page: int = 1) -> list[ParsedPart]:
    return [part async for part in reader.read(content, name="long.pdf", first_page=first_page)]


@pytest.mark.parametrize("of", [1, 2, 3, 4])
def test_each_page_belongs_to_exactly_one_lane(of: int) -> None:
    shares = [list(Lane(number, of).pages(5, 100)) for number in range(of)]
    assert sorted(page for share in shares for page in share) == list(range(5, 101))
    assert all(Lane(0, of).of_page(page) == number for number, share in enumerate(shares) for page in share)


def test_a_short_file_is_read_by_one() -> None:
    assert [lanes_for(pages, 4) for pages in (0, 1, 63, 64, 127, 128, 5000)] == [1, 1, 1, 2, 3, 4, 4]


async def test_several_children_hand_over_what_one_does(reader: SandboxedReader) -> None:
    content = hostile_papers.long_pdf(_PAGES)
    alone = SandboxedReader(LimitsSettings(), cores=1)
    try:
        for first_page in (1, STRIPE_PAGES + 3):
            together = await _all_parts(reader, content, first_page=first_page)
            assert together == await _all_parts(alone, content, first_page=first_page)
            assert len(together) == 1 + _PAGES - first_page + 1
    finally:
        await alone.close()


async def test_a_child_that_is_killed_costs_the_page_that_it_was_at(reader: SandboxedReader) -> None:
    pages: list[ParsedPage] = []
    async for part in reader.read(hostile_papers.long_pdf(2000), name="long.pdf"):
        if not isinstance(part, ParsedPage):
            continue
        pages.append(part)
        if part.page.number == 1:
            children = await _seen(reader, _LANES)
            max(children, key=lambda child: child.pid).kill()
    assert [part.page.number for part in pages] == list(range(1, 2001))
    assert [part.page.reason for part in pages if part.page.status == "failed"] == ["memory"]


async def test_who_goes_away_takes_all_children_along(reader: SandboxedReader) -> None:
    async with aclosing(reader.read(hostile_papers.long_pdf(2000), name="long.pdf")) as parts:
        async for part in parts:
            if isinstance(part, ParsedPage):
                break
        await _seen(reader, _LANES)
    await _seen(reader, 0)


async def test_a_file_that_comes_later_does_not_wait_for_the_lanes_of_another(reader: SandboxedReader) -> None:
    async with aclosing(reader.read(hostile_papers.long_pdf(2000), name="long.pdf")) as parts:
        assert isinstance(await anext(parts), DocumentHead)
        await anext(parts)
        assert (await read_whole(reader, b"still here", "a.txt")).text == "still here"
        async with aclosing(reader.read(hostile_papers.long_pdf(_PAGES), name="other.pdf")) as others:
            assert isinstance(await anext(others), DocumentHead)
            await anext(others)
            await _seen(reader, _LANES + 1)
