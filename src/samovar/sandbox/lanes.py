"""The pages of one file from several children that read at the same time, in order."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Final, TypeAlias

from samovar.domain.errors import FileDamaged
from samovar.domain.page import ParsedPage, ParsedPart
from samovar.ports.lanes import STRIPE_PAGES, Lane
from samovar.sandbox.child import ChildLostError

__all__ = ["in_order"]

_Parts: TypeAlias = AsyncGenerator[ParsedPart, None]

#: Nobody reads further ahead than this.
_MOST_WAITING: Final = 2 * STRIPE_PAGES
#: Nor further than one page with so many bytes of pictures.
_MANY_BYTES: Final = 1_000_000


class _Ahead:
    """Takes parts as they come and keeps a few of them until they are asked for."""

    def __init__(self, parts: _Parts, number: int) -> None:
        self._parts = parts
        self._kept: asyncio.Queue[ParsedPart | None] = asyncio.Queue(_MOST_WAITING)
        self._error: Exception | None = None
        self._task = asyncio.create_task(self._take(), name=f"lane {number} of a document")

    async def _take(self) -> None:
        try:
            async for part in self._parts:
                await self._kept.put(part)
                if _size_bytes(part) > _MANY_BYTES:
                    await self._kept.join()
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever asks for the next part
            self._error = error
        await self._kept.put(None)

    async def next(self) -> ParsedPart | None:
        """The next part, None at the end. Raises: what has ended the parts."""
        part = await self._kept.get()
        self._kept.task_done()
        if part is None and self._error is not None:
            raise self._error
        return part

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._parts.aclose()


async def in_order(
    first: _Parts, open_lane: Callable[[Lane], _Parts], *, first_page: int, last_page: int, lanes: int
) -> _Parts:
    """Hand over the pages of a file from ``first_page`` to ``last_page``, each from the lane that it belongs to.

    ``first`` is what is left of lane 0 behind its head. All lanes are closed when this is. Raises: ChildLostError when
    the lane whose turn it is was lost, or has ended before its last page.
    """
    others = [open_lane(Lane(number, lanes)) for number in range(1, lanes)]
    sources = [_Ahead(parts, number) for number, parts in enumerate([first, *others])]
    lane = Lane(0, lanes)
    try:
        for page in range(first_page, last_page + 1):
            part = await sources[lane.of_page(page)].next()
            if part is None:
                raise ChildLostError(FileDamaged(name=f"p. {page}"))
            yield part
        for source in sources:
            # Nothing should come; whoever takes the parts refuses what does.
            while (surplus := await source.next()) is not None:
                yield surplus
    finally:
        for source in sources:
            await source.close()


def _size_bytes(part: ParsedPart) -> int:
    return sum(len(figure.picture.content) for figure in part.figures) if isinstance(part, ParsedPage) else 0
