"""The embedding model of a backend, whose replies may be anything."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

import pytest

from samovar.domain.errors import (
    BackendFailed,
    BackendUnreachable,
    ContextExceeded,
    EmbedderUnavailable,
    SamovarError,
)
from samovar.embedders import backend
from samovar.embedders._prefixes import prefixes_of
from samovar.ports.embedder import Embedder


class Wire:
    """What stands at the other end: it keeps what was asked, and answers as it is told."""

    def __init__(self, answer: Callable[[Sequence[str]], object | SamovarError]) -> None:
        self.asked: list[list[str]] = []
        self._answer = answer

    async def ask(self, payload: Mapping[str, object], purpose: Literal["question", "passages"]) -> bytes:
        texts = cast(list[str], payload["input"])
        self.asked.append(texts)
        answer = self._answer(texts)
        if isinstance(answer, SamovarError):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def good(texts: Sequence[str]) -> object:
    return {"data": [{"index": index, "embedding": [3.0, float(len(text))]} for index, text in enumerate(texts)]}


def embedder(
    answer: Callable[[Sequence[str]], object | SamovarError], name: str = "house/words"
) -> tuple[Embedder, Wire]:
    wire = Wire(answer)
    return backend.build(name, wire.ask), wire


async def test_vectors_come_back_in_the_order_of_the_texts_and_at_length_one() -> None:
    made, _ = embedder(lambda texts: {"data": cast(dict[str, list[object]], good(texts))["data"][::-1]})
    one, other = await made.embed_passages(["abcd", ""])
    assert list(one) == pytest.approx([0.6, 0.8])
    assert math.hypot(*other) == pytest.approx(1.0)
    assert made.dimensions == 2


async def test_many_passages_are_asked_in_batches() -> None:
    made, wire = embedder(good)
    assert len(await made.embed_passages(["tea"] * 40)) == 40
    assert [len(texts) for texts in wire.asked] == [16, 16, 8]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "no list of vectors"),
        (b"<html>", "no list of vectors"),
        (b"[" * 5_000, "no list of vectors"),
        ([], "no list of vectors"),
        ({}, "no list of vectors"),
        ({"data": {"0": 1}}, "one vector for each"),
        ({"data": []}, "one vector for each"),
        ({"data": [{"embedding": [1.0]}] * 3}, "one vector for each"),
        ({"data": [{"index": 0, "embedding": [1.0]}] * 2}, "one vector for each"),
        ({"data": [{"index": 2, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}, "one vector for each"),
        ({"data": [{"index": -1, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}, "one vector for each"),
        ({"data": [{"index": True, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]}, "one vector for each"),
        ({"data": [1, 2]}, "no list of vectors"),
        ({"data": [{"embedding": "AAAA"}] * 2}, "no list of numbers"),
        ({"data": [{"embedding": [1.0, "2"]}] * 2}, "no list of numbers"),
        ({"data": [{"embedding": [1.0, None]}] * 2}, "no list of numbers"),
        ({"data": [{"embedding": [True]}] * 2}, "no list of numbers"),
        (b'{"data": [{"embedding": [NaN]}, {"embedding": [1]}]}', "no list of vectors"),
        (b'{"data": [{"embedding": [1e200]}, {"embedding": [1e200]}]}', "none"),
        ({"data": [{"embedding": [0.0, 0.0]}] * 2}, "none"),
        ({"data": [{"embedding": []}] * 2}, "0 numbers"),
        ({"data": [{"embedding": [0.1] * 4_001}] * 2}, "4001 numbers"),
        ({"data": [{"embedding": [1.0]}, {"embedding": [1.0, 1.0]}]}, "now have 2"),
    ],
)
async def test_a_hostile_reply_is_named_and_goes_no_further(reply: object, words: str) -> None:
    made, _ = embedder(lambda _: reply)
    with pytest.raises(EmbedderUnavailable) as caught:
        await made.embed_passages(["one", "two"])
    assert words in caught.value.message


async def test_vectors_that_change_their_length_are_refused() -> None:
    replies = iter([[1.0, 2.0], [1.0, 2.0, 3.0]])
    made, _ = embedder(lambda _: {"data": [{"embedding": next(replies)}]})
    await made.embed_passages(["one"])
    with pytest.raises(EmbedderUnavailable):
        await made.embed_passages(["two"])
    assert made.dimensions == 2


@pytest.mark.parametrize(
    "error",
    [
        ContextExceeded(needed_tokens=600, context_tokens=512, model="words"),
        # So llama.cpp says it.
        BackendFailed(backend="house", reason="input is too large to process"),
    ],
)
async def test_a_text_too_long_for_the_model_gets_the_mean_of_its_parts(error: SamovarError) -> None:
    made, wire = embedder(lambda texts: error if any(len(text) > 30 for text in texts) else good(texts))
    short, long = await made.embed_passages(["tea", "tea with milk " * 6])
    assert len(short) == len(long) == 2
    parts = [texts[0] for texts in wire.asked if len(texts) == 1 and len(texts[0]) <= 30 and texts[0] != "tea"]
    assert "".join(parts) == ("tea with milk " * 6).strip()


async def test_a_model_that_refuses_everything_is_not_asked_for_ever() -> None:
    made, wire = embedder(lambda _: BackendFailed(backend="house", reason="out of memory"))
    with pytest.raises(EmbedderUnavailable) as caught:
        await made.embed_passages(["tea with milk and sugar"] * 16)
    assert "out of memory" in caught.value.message
    assert len(wire.asked) < 8


async def test_after_a_failure_the_next_question_does_not_wait_for_another() -> None:
    made, wire = embedder(lambda _: BackendUnreachable(backend="house"))
    for _ in range(3):
        with pytest.raises(EmbedderUnavailable) as caught:
            await made.embed_question("tea?")
        assert "does not answer" in caught.value.message
    assert len(wire.asked) == 1


@pytest.mark.parametrize("text", ["", " \n", "\0", "\ud83d"])
async def test_no_text_is_sent_empty_or_broken(text: str) -> None:
    made, wire = embedder(good)
    await made.embed_passages([text])
    await made.embed_question(text)
    for (sent,) in wire.asked:
        assert sent.strip()
        assert sent.encode()


@pytest.mark.parametrize(
    ("name", "question", "passage"),
    [
        ("house/multilingual-e5-small", "query: tea", "passage: tea"),
        ("house/intfloat_multilingual_e5_base.Q8_0.gguf", "query: tea", "passage: tea"),
        ("house/nomic-embed-text:latest", "search_query: tea", "search_document: tea"),
        ("house/bge-m3", "tea", "tea"),
        ("house/text-embedding-3-small", "tea", "tea"),
        ("e5/words", "tea", "tea"),
        ("house/model5", "tea", "tea"),
    ],
)
async def test_prefixes_are_written_where_the_model_was_taught_them(name: str, question: str, passage: str) -> None:
    made, wire = embedder(good, name)
    await made.embed_question("tea")
    await made.embed_passages(["tea"])
    assert wire.asked == [[question], [passage]]


def test_an_instructed_model_is_told_its_task_before_questions_alone() -> None:
    prefixes = prefixes_of("multilingual-e5-large-instruct")
    assert prefixes.question.startswith("Instruct: ")
    assert prefixes.passage == ""
