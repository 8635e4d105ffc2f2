"""The reader of documents: confinement, limits, restarts, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import psutil
import pytest
from tests.support import hostile_papers, papers
from tests.support.read_files import read_whole

from samovar.domain.errors import FileTooComplex, FileTooLarge
from samovar.domain.page import DocumentHead, Page, ParsedPage
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

pytest_plugins = ["tests.support.sandbox"]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


async def _wait_until_childless(process_id: int) -> None:
    async with asyncio.timeout(5):
        while psutil.Process(process_id).children():
            await asyncio.sleep(0.02)


async def _wait_for_child(process_id: int) -> None:
    async with asyncio.timeout(5):
        while not psutil.Process(process_id).children():
            await asyncio.sleep(0.01)


def _zygote(reader: SandboxedReader) -> int:
    assert reader.process_id is not None
    return reader.process_id


@linux_only
async def test_a_confined_child_can_do_nothing_that_a_parser_does_not_need(reader: SandboxedReader) -> None:
    refused = await reader.probe()
    assert reader.confinement == "full"
    assert set(refused) >= {"socket", "exec", "fork", "read_password_file", "write_file", "signal_parent"}
    assert [name for name, was_refused in refused.items() if not was_refused] == []


@linux_only
async def test_the_zygote_has_one_thread_and_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-secret")
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    try:
        place = Path("/proc") / str(_zygote(reader))
        assert len(list((place / "task").iterdir())) == 1
        assert b"planted-secret" not in (place / "environ").read_bytes()
        assert psutil.Process(_zygote(reader)).memory_info().rss < 80 * 1024 * 1024
    finally:
        await reader.close()


async def test_papers_are_read_drawn_and_searched_in_both_languages(reader: SandboxedReader) -> None:
    for content, fact in ((papers.english_pdf(), papers.ENGLISH_FACT), (papers.russian_pdf(), papers.RUSSIAN_FACT)):
        file = await read_whole(reader, content, "paper.pdf")
        assert (file.head.kind, [page.number for page in file.pages]) == ("pdf", [1, 2, 3])
        start = file.pages[1].text.index(fact)
        boxes = await reader.locate(content, kind="pdf", page=2, start=start, end=start + len(fact))
        assert len(boxes) == 1
        words = await reader.words(content, kind="pdf", page=2)
        assert file.pages[1].text[words[0].start : words[0].end] == file.pages[1].text.split()[0]
        picture = await reader.render_page(content, kind="pdf", page=2, width_px=600)
        assert (picture.media_type, picture.width) == ("image/png", 600)


async def test_pictures_and_texts_are_read(reader: SandboxedReader) -> None:
    file = await read_whole(reader, papers.red_circle_png(), "circle.txt")
    assert file.head.kind == "image"
    assert len(file.parsed[0].figures) == 1
    shown = await reader.render_page(papers.red_circle_png(), kind="image", page=1, width_px=64)
    assert shown.width == 64
    text = await read_whole(reader, "Порт 7431".encode("cp1251"), "a.txt")
    assert [(page.number, page.text) for page in text.pages] == [(None, "Порт 7431")]
    notes = await read_whole(reader, b"# Title", "NOTES.MD")
    assert notes.head.media_type == "text/markdown"


async def test_a_long_text_comes_back_whole(reader: SandboxedReader) -> None:
    text = "Служба отвечает на порту 7431.\n" * 100_000
    file = await read_whole(reader, text.encode(), "long.txt")
    assert file.text.split() == text.split()


async def test_reading_begins_at_the_page_that_is_asked_for(reader: SandboxedReader) -> None:
    whole = await read_whole(reader, papers.english_pdf(), "paper.pdf")
    rest = await read_whole(reader, papers.english_pdf(), "paper.pdf", first_page=2)
    assert (rest.head, rest.pages) == (whole.head, whole.pages[1:])
    assert (await read_whole(reader, papers.english_pdf(), "paper.pdf", first_page=4)).pages == ()
    assert (await read_whole(reader, b"words", "a.txt", first_page=2)).pages == ()


async def test_a_file_above_the_limit_is_refused_unread() -> None:
    reader = SandboxedReader(LimitsSettings(upload_mb=1))
    with pytest.raises(FileTooLarge) as caught:
        await read_whole(reader, b"x" * 1_000_001, "big.txt")
    assert caught.value.values == {"name": "big.txt", "limit_mb": 1}
    assert reader.process_id is None


async def test_a_page_that_kills_its_parser_is_failed_and_the_others_are_read(reader: SandboxedReader) -> None:
    file = await read_whole(reader, hostile_papers.bombs_among_pages_pdf(5, (2, 5)), "bombs.pdf")
    assert [(page.number, page.status, page.reason) for page in file.pages] == [
        (1, "text", None),
        (2, "failed", "memory"),
        (3, "text", None),
        (4, "text", None),
        (5, "failed", "memory"),
    ]


async def test_a_first_page_that_kills_its_parser_is_failed_when_another_can_be_read(reader: SandboxedReader) -> None:
    file = await read_whole(reader, hostile_papers.bombs_among_pages_pdf(2, (1,)), "bombs.pdf")
    assert [page.status for page in file.pages] == ["failed", "text"]
    with pytest.raises(FileTooComplex) as caught:
        await read_whole(reader, hostile_papers.bombs_among_pages_pdf(2, (1, 2)), "bombs.pdf")
    assert caught.value.values["reason"] == "memory"


@pytest.mark.parametrize("cores", [2, 4])
async def test_a_page_that_takes_too_long_is_failed_and_its_child_is_ended(cores: int) -> None:
    reader = SandboxedReader(LimitsSettings(parser_s=5), cores=cores)
    await reader.start()
    try:
        pages: list[Page] = []
        async for part in reader.read(hostile_papers.long_pdf(2000), name="long.pdf"):
            if isinstance(part, ParsedPage):
                pages.append(part.page)
                if part.page.number == 1:
                    child = min(psutil.Process(_zygote(reader)).children(), key=lambda one: one.pid)
                    child.suspend()
        assert [page.number for page in pages] == list(range(1, 2001))
        assert [page.reason for page in pages if page.status == "failed"] == ["time"]
        assert not child.is_running()
    finally:
        await reader.close()


async def test_a_file_that_takes_too_long_is_an_error_and_leaves_no_process() -> None:
    reader = SandboxedReader(LimitsSettings(parser_s=1))
    await reader.start()
    try:
        task = asyncio.ensure_future(read_whole(reader, papers.flate_bomb_pdf(), "slow.pdf"))
        await _wait_for_child(_zygote(reader))
        for child in psutil.Process(_zygote(reader)).children():
            child.suspend()
        with pytest.raises(FileTooComplex) as caught:
            await task
        assert caught.value.values == {"name": "slow.pdf", "reason": "time"}
        await _wait_until_childless(_zygote(reader))
    finally:
        await reader.close()


async def test_a_file_of_bombs_gets_its_verdict_when_its_time_is_spent() -> None:
    reader = SandboxedReader(LimitsSettings(parser_s=2))
    await reader.start()
    try:
        content = hostile_papers.bombs_among_pages_pdf(60, tuple(range(2, 61)))
        async with asyncio.timeout(20):
            file = await read_whole(reader, content, "bombs.pdf")
        assert [page.number for page in file.pages] == list(range(1, 61))
        assert [page.status for page in file.pages] == ["text"] + ["failed"] * 59
        assert file.pages[-1].reason == "time"
    finally:
        await reader.close()


@pytest.mark.parametrize(("cores", "lanes"), [(2, 1), (4, 3)])
async def test_a_slow_consumer_makes_the_children_wait_and_loses_nothing(cores: int, lanes: int) -> None:
    reader = SandboxedReader(LimitsSettings(parser_s=4), cores=cores)
    await reader.start()
    try:
        numbers: list[int | None] = []
        async with aclosing(reader.read(hostile_papers.long_pdf(2000), name="long.pdf")) as parts:
            async for part in parts:
                if not isinstance(part, ParsedPage):
                    continue
                numbers.append(part.page.number)
                if part.page.number == 1:
                    await asyncio.sleep(5)
                    # Each child fills its socket and waits for room, it is neither done nor ended.
                    children = psutil.Process(_zygote(reader)).children()
                    assert len(children) == lanes
                    used_s = [child.cpu_times().user for child in children]
                    await asyncio.sleep(0.3)
                    for child, before_s in zip(children, used_s, strict=True):
                        assert child.cpu_times().user - before_s < 0.1
        assert numbers == list(range(1, 2001))
    finally:
        await reader.close()


async def test_a_caller_who_goes_away_takes_the_child_along(reader: SandboxedReader) -> None:
    task = asyncio.ensure_future(read_whole(reader, papers.flate_bomb_pdf(), "slow.pdf"))
    await _wait_for_child(_zygote(reader))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _wait_until_childless(_zygote(reader))


async def test_a_file_that_nobody_reads_on_ends_its_child_and_frees_its_place(reader: SandboxedReader) -> None:
    for _ in range(2 * (os.cpu_count() or 1)):
        async for part in reader.read(hostile_papers.long_pdf(2000), name="long.pdf"):
            assert isinstance(part, DocumentHead)
            break
    await _wait_until_childless(_zygote(reader))
    assert (await read_whole(reader, b"still here", "a.txt")).text == "still here"


async def test_pages_are_shown_while_every_place_for_files_is_taken(reader: SandboxedReader) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            parts = await stack.enter_async_context(aclosing(reader.read(hostile_papers.long_pdf(2000), name="a.pdf")))
            assert isinstance(await anext(parts), DocumentHead)
        picture = await reader.render_page(papers.english_pdf(), kind="pdf", page=1, width_px=200)
        assert picture.width == 200


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core reads one file at a time")
async def test_files_are_read_at_once_but_no_more_than_there_are_cores(reader: SandboxedReader) -> None:
    cores = os.cpu_count() or 1
    tasks = [asyncio.ensure_future(read_whole(reader, papers.flate_bomb_pdf(3), "slow.pdf")) for _ in range(cores + 1)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(psutil.Process(_zygote(reader)).children()))
        await asyncio.sleep(0.02)
    assert 2 <= most <= cores
    assert [(await task).pages[0].status for task in tasks] == ["text"] * len(tasks)


async def test_two_different_files_at_once_are_not_mixed_up(reader: SandboxedReader) -> None:
    documents = await asyncio.gather(
        *(read_whole(reader, f"file {number}".encode(), f"{number}.txt") for number in range(20))
    )
    assert [document.pages[0].text for document in documents] == [f"file {number}" for number in range(20)]


async def test_a_killed_zygote_is_replaced_even_in_the_middle_of_a_file(reader: SandboxedReader) -> None:
    first = _zygote(reader)
    os.kill(first, signal.SIGKILL)
    assert (await read_whole(reader, b"one", "a.txt")).text == "one"
    second = _zygote(reader)
    numbers: list[int | None] = []
    async with aclosing(reader.read(hostile_papers.long_pdf(2000), name="long.pdf")) as parts:
        async for part in parts:
            if isinstance(part, ParsedPage):
                assert part.page.status == "text"
                numbers.append(part.page.number)
                if part.page.number == 2:
                    os.kill(second, signal.SIGKILL)
    assert numbers == list(range(1, 2001))
    assert len({first, second, _zygote(reader)}) == 3
    assert (await read_whole(reader, b"two", "a.txt")).text == "two"


async def test_closing_ends_every_process_and_reading_starts_anew() -> None:
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    process = psutil.Process(_zygote(reader))
    await reader.close()
    assert not process.is_running()
    assert reader.process_id is None
    assert (await read_whole(reader, b"again", "a.txt")).text == "again"
    await reader.close()
    await reader.close()


_OWNER = """
import asyncio, sys
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings
from tests.support import papers
from tests.support.read_files import read_whole

async def main():
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    print(reader.process_id, flush=True)
    await read_whole(reader, papers.flate_bomb_pdf(), "slow.pdf")

asyncio.run(main())
"""


def _run(code: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


def test_a_killed_server_leaves_no_parser_behind() -> None:
    with _run(_OWNER) as owner:
        assert owner.stdout is not None
        zygote = psutil.Process(int(owner.stdout.readline()))
        deadline = time.monotonic() + 5
        while not (children := zygote.children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        owner.kill()
    _, alive = psutil.wait_procs([zygote, *children], timeout=3)
    assert children
    assert alive == []


#: Runs a reader on a system that lacks something: a filter of system calls plays the older kernel.
_OLDER_SYSTEM = """
import asyncio, ctypes, struct, sys
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings
from tests.support.read_files import read_whole

def take_away(lines):
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
    program = Program(len(lines), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0
    assert libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(program), ctypes.c_ulong(0), ctypes.c_ulong(0)) == 0

PRCTL = {"x86_64": 157, "aarch64": 167}[__import__("os").uname().machine]
NO_LANDLOCK = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]
NO_SECCOMP = [
    (0x20, 0, 0, 0), (0x15, 0, 3, PRCTL), (0x20, 0, 0, 16), (0x15, 0, 1, 22),
    (0x06, 0, 0, 0x00050000 | 22), (0x06, 0, 0, 0x7FFF0000),
]

async def main():
    reader = SandboxedReader(LimitsSettings())
    file = await read_whole(reader, b"words", "a.txt")
    refused = await reader.probe()
    print(reader.confinement, file.text, refused["two_gibibytes"])
    await reader.close()

if LACKS in ("landlock", "both"):
    take_away(NO_LANDLOCK)
if LACKS in ("seccomp", "both"):
    take_away(NO_SECCOMP)
asyncio.run(main())
"""


@linux_only
@pytest.mark.parametrize(("lacks", "level"), [("landlock", "partial"), ("seccomp", "partial"), ("both", "limits")])
def test_a_system_that_lacks_a_lock_still_reads_and_tells_the_level(lacks: str, level: str) -> None:
    with _run(_OLDER_SYSTEM.replace("LACKS", repr(lacks))) as process:
        output, _ = process.communicate(timeout=60)
    assert output.split() == [level, "words", "True"]
    assert process.returncode == 0
