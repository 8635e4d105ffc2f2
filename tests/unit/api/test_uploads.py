"""The room for files on their way in: one is bounded, and all of them together."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.requests import Request
from starlette.types import Message

from samovar.api.uploads import UploadRoom
from samovar.domain.errors import FileTooLarge, TooMany


def request_of(parts: Sequence[bytes], *, announced: int | None = None, taken: list[int] | None = None) -> Request:
    waiting = list(parts)

    async def receive() -> Message:
        await asyncio.sleep(0)
        body = waiting.pop(0) if waiting else b""
        if taken is not None:
            taken.append(len(body))
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


async def upload(room: UploadRoom, parts: Sequence[bytes], *, announced: int | None = None, most: int = 100) -> bytes:
    async with room.receive(request_of(parts, announced=announced), "tea.txt", most_bytes=most) as content:
        return content


async def test_a_file_comes_in_whole_and_gives_its_room_back() -> None:
    room = UploadRoom(most_bytes=100)
    async with room.receive(request_of([b"ab", b"cd"]), "tea.txt", most_bytes=10) as content:
        assert content == b"abcd"
        assert room.taken_bytes == 4
    assert room.taken_bytes == 0


@pytest.mark.parametrize("announced", [None, 60])
async def test_files_that_do_not_fit_beside_each_other_are_refused_until_there_is_room(announced: int | None) -> None:
    room = UploadRoom(most_bytes=100)
    async with room.receive(request_of([b"x" * 60], announced=announced), "one.txt", most_bytes=100):
        with pytest.raises(TooMany) as caught:
            await upload(room, [b"y" * 30, b"y" * 30], announced=announced)
        assert caught.value.values["retry_after_s"] == 5
        assert await upload(room, [b"z" * 40]) == b"z" * 40
        assert room.taken_bytes == 60
    assert await upload(room, [b"y" * 60], announced=announced) == b"y" * 60


async def test_an_announced_length_is_held_before_the_first_byte() -> None:
    room = UploadRoom(most_bytes=100)
    gone_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 10
        await gone_on.wait()
        yield b"x" * 70

    parts = slow()

    async def receive() -> Message:
        body = await anext(parts, b"")
        return {"type": "http.request", "body": body, "more_body": bool(body)}

    headers = [(b"content-length", b"80")]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)

    async def first() -> bytes:
        async with room.receive(request, "slow.txt", most_bytes=100) as content:
            return content

    waiting = asyncio.create_task(first())
    while room.taken_bytes == 0:
        await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await upload(room, [b"y" * 30], announced=30)
    gone_on.set()
    assert len(await waiting) == 80


async def test_one_file_larger_than_the_room_still_comes_in_alone() -> None:
    assert len(await upload(UploadRoom(most_bytes=10), [b"x" * 50, b"x" * 50])) == 100


@pytest.mark.parametrize("announced", [None, 120, 20])
async def test_a_file_above_its_own_limit_is_read_to_its_end_and_refused(announced: int | None) -> None:
    room = UploadRoom(most_bytes=1000)
    with pytest.raises(FileTooLarge):
        await upload(room, [b"x" * 60, b"x" * 60], announced=announced)
    assert room.taken_bytes == 0


async def test_a_flood_is_not_read_for_ever() -> None:
    taken: list[int] = []
    room = UploadRoom(most_bytes=1000)
    with pytest.raises(FileTooLarge):
        async with room.receive(request_of([b"x" * 100] * 1000, taken=taken), "flood.txt", most_bytes=100):
            pytest.fail("a flood came in")
    assert sum(taken) <= 100 * 22


async def test_a_client_that_leaves_gives_its_room_back() -> None:
    room = UploadRoom(most_bytes=100)
    waiting = asyncio.Event()

    async def receive() -> Message:
        await waiting.wait()
        raise AssertionError

    headers = [(b"content-length", b"80")]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)

    async def take() -> None:
        async with room.receive(request, "gone.txt", most_bytes=100):
            pass

    task = asyncio.create_task(take())
    while room.taken_bytes == 0:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert room.taken_bytes == 0
