"""The reader of documents: confinement, limits, restarts, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.support import papers

from samovar.domain.errors import FileTooComplex, FileTooLarge
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

pytest_plugins = ["tests.support.sandbox"]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


async def _wait_until_childless(process_id: int) -> None:
    async with asyncio.timeout(5):
        while psutil.Process(process_id).children():
            await asyncio.sleep(0.02)


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
        document = await reader.parse(content, name="paper.pdf")
        assert (document.kind, len(document.pages)) == ("pdf", 3)
        start = document.pages[1].text.index(fact)
        boxes = await reader.locate(content, page=2, start=start, end=start + len(fact))
        assert len(boxes) == 1
        picture = await reader.render_page(content, kind="pdf", page=2, width_px=600)
        assert (picture.media_type, picture.width) == ("image/png", 600)


async def test_pictures_and_texts_are_read(reader: SandboxedReader) -> None:
    document = await reader.parse(papers.red_circle_png(), name="circle.txt")
    assert document.kind == "image"
    assert document.picture is not None
    shown = await reader.render_page(papers.red_circle_png(), kind="image", page=1, width_px=64)
    assert shown.width == 64
    text = await reader.parse("Порт 7431".encode("cp1251"), name="a.txt")
    assert [(page.number, page.text) for page in text.pages] == [(None, "Порт 7431")]
    notes = await reader.parse(b"# Title", name="NOTES.MD")
    assert notes.media_type == "text/markdown"


async def test_a_long_text_comes_back_whole(reader: SandboxedReader) -> None:
    text = "Служба отвечает на порту 7431.\n" * 200_000
    document = await reader.parse(text.encode(), name="long.txt")
    assert document.pages[0].text == text


async def test_a_file_above_the_limit_is_refused_unread() -> None:
    reader = SandboxedReader(LimitsSettings(upload_mb=1))
    with pytest.raises(FileTooLarge) as caught:
        await reader.parse(b"x" * 1_000_001, name="big.txt")
    assert caught.value.values == {"name": "big.txt", "limit_mb": 1}
    assert reader.process_id is None


async def test_a_file_that_takes_too_long_is_ended_and_leaves_no_process() -> None:
    reader = SandboxedReader(LimitsSettings(parser_s=0.3))
    await reader.start()
    try:
        started = time.monotonic()
        with pytest.raises(FileTooComplex) as caught:
            await reader.parse(papers.flate_bomb_pdf(), name="slow.pdf")
        assert caught.value.values["reason"] == "time"
        assert time.monotonic() - started < 3
        await _wait_until_childless(_zygote(reader))
        assert (await reader.parse(b"still here", name="a.txt")).pages[0].text == "still here"
    finally:
        await reader.close()


async def test_a_caller_who_goes_away_takes_the_child_along(reader: SandboxedReader) -> None:
    task = asyncio.ensure_future(reader.parse(papers.flate_bomb_pdf(), name="slow.pdf"))
    async with asyncio.timeout(5):
        while not psutil.Process(_zygote(reader)).children():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _wait_until_childless(_zygote(reader))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core reads one file at a time")
async def test_files_are_read_at_once_but_no_more_than_there_are_cores(reader: SandboxedReader) -> None:
    cores = os.cpu_count() or 1
    tasks = [asyncio.ensure_future(reader.parse(papers.flate_bomb_pdf(3), name="slow.pdf")) for _ in range(cores + 1)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(psutil.Process(_zygote(reader)).children()))
        await asyncio.sleep(0.02)
    assert 2 <= most <= cores
    assert [(await task).pages[0].status for task in tasks] == ["text"] * len(tasks)


async def test_two_different_files_at_once_are_not_mixed_up(reader: SandboxedReader) -> None:
    documents = await asyncio.gather(
        *(reader.parse(f"file {number}".encode(), name=f"{number}.txt") for number in range(20))
    )
    assert [document.pages[0].text for document in documents] == [f"file {number}" for number in range(20)]


async def test_a_killed_zygote_is_replaced_even_in_the_middle_of_a_file(reader: SandboxedReader) -> None:
    first = _zygote(reader)
    os.kill(first, signal.SIGKILL)
    assert (await reader.parse(b"one", name="a.txt")).pages[0].text == "one"
    second = _zygote(reader)
    task = asyncio.ensure_future(reader.parse(papers.flate_bomb_pdf(), name="slow.pdf"))
    async with asyncio.timeout(5):
        while not psutil.Process(second).children():
            await asyncio.sleep(0.01)
    os.kill(second, signal.SIGKILL)
    with pytest.raises(FileTooComplex) as caught:
        await task
    assert caught.value.values["reason"] == "memory"
    assert len({first, second, _zygote(reader)}) == 3
    assert (await reader.parse(b"two", name="a.txt")).pages[0].text == "two"


async def test_closing_ends_every_process_and_reading_starts_anew() -> None:
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    process = psutil.Process(_zygote(reader))
    await reader.close()
    assert not process.is_running()
    assert reader.process_id is None
    assert (await reader.parse(b"again", name="a.txt")).pages[0].text == "again"
    await reader.close()
    await reader.close()


_OWNER = """
import asyncio, sys
from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings
from tests.support import papers

pytest_plugins = ["tests.support.sandbox"]

async def main():
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    print(reader.process_id, flush=True)
    await reader.parse(papers.flate_bomb_pdf(), name="slow.pdf")

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
    document = await reader.parse(b"words", name="a.txt")
    refused = await reader.probe()
    print(reader.confinement, document.pages[0].text, refused["two_gibibytes"])
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
