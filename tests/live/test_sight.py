"""A real vLLM whose model sees: pictures arrive, are read, and are counted."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO

import openai
import pytest
from tests.live.stage import LiveServer, ask, finish_of, live_settings, text_of
from tests.support.application import Running, run_application
from tests.support.database import fresh_database
from tests.support.eye import CAPTION_TOKENS, draw_scene

from samovar.domain.errors import BackendRefused
from samovar.domain.generation import Failed, ImagePart
from samovar.ports.backend import ChatBackend
from samovar.storage.embedded import EmbeddedServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Two coloured shapes, and the words that name them."""

    content: bytes
    words: tuple[str, str]

    @property
    def part(self) -> ImagePart:
        return ImagePart(media_type="image/png", content=self.content)


def draw(seed: int) -> Picture:
    scene, caption = draw_scene(random.Random(seed), "two")
    drawn = BytesIO()
    scene.save(drawn, "PNG")
    first, second = "".join(caption).strip(" .\n").split(" and ")
    return Picture(content=drawn.getvalue(), words=(first.removeprefix("a "), second.removeprefix("a ")))


#: One whose shapes the model names when it is asked to describe them; a model this small does not always.
SHOWN = draw(0)


@pytest.fixture(scope="module")
async def running(
    server: LiveServer, database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    with fresh_database(database_server) as database:
        settings = live_settings(server, tmp_path_factory.mktemp("data"), database)
        async with run_application(settings) as application:
            yield application


async def test_a_picture_shown_once_finds_out_that_the_model_sees(server: LiveServer, backend: ChatBackend) -> None:
    async with asyncio.timeout(60):
        while (await backend.models())[0].capabilities.vision is None:
            await asyncio.sleep(0.2)
    known = (await backend.models())[0].capabilities
    assert (known.vision, known.vision_known_by) == (True, "probe")


async def test_what_is_in_a_picture_is_named(server: LiveServer, backend: ChatBackend) -> None:
    request = ask(server.model, "Describe the picture.", SHOWN.part)
    said = text_of([event async for event in backend.stream(request)]).lower()
    assert all(words in said for words in SHOWN.words), said


async def test_a_picture_is_counted_in_the_prompt(server: LiveServer, backend: ChatBackend) -> None:
    async def read(*parts: str | ImagePart) -> int:
        usage = finish_of([event async for event in backend.stream(ask(server.model, *parts, max_tokens=1))]).usage
        assert usage is not None
        return usage.prompt_tokens

    assert await read("Describe the picture.", SHOWN.part) - await read("Describe the picture.") == CAPTION_TOKENS


async def test_the_same_model_still_answers_without_a_picture(server: LiveServer, backend: ChatBackend) -> None:
    request = ask(server.model, "What is the capital of France?")
    assert "Paris" in text_of([event async for event in backend.stream(request)])


async def test_what_is_no_picture_is_refused_in_the_servers_words(server: LiveServer, backend: ChatBackend) -> None:
    broken = ImagePart(media_type="image/png", content=b"no picture at all")
    (only,) = [event async for event in backend.stream(ask(server.model, "What is it?", broken))]
    assert isinstance(only, Failed)
    assert isinstance(only.error, BackendRefused)


async def test_a_picture_in_a_chat_is_seen(server: LiveServer, running: Running) -> None:
    chat_id = await running.client.new_chat(model=server.model, parameters={"temperature": 0, "max_tokens": 40})
    status, document = await running.client.upload(chat_id, "shapes.png", SHOWN.content)
    assert status == 201, document
    _, events = await running.client.answer(chat_id, "Describe the picture.", document_ids=[document["id"]])
    assert events[-1].body == {"status": "done", "error": None}
    assert not [event for event in events if event.kind == "notice"]
    _, found = await running.client.send("GET", f"/api/chats/{chat_id}")
    said = found["messages"][-1]["text"].lower()
    assert all(words in said for words in SHOWN.words), said


async def test_a_picture_at_the_openai_door_is_seen_and_an_address_is_not_fetched(
    server: LiveServer, running: Running
) -> None:
    async def describe(client: openai.AsyncOpenAI, address: str) -> str:
        done = await client.chat.completions.create(
            model=server.model,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Describe the picture."},
                        {"type": "image_url", "image_url": {"url": address}},
                    ],
                }
            ],
            temperature=0,
            max_tokens=24,
        )
        return str(done.choices[0].message.content).lower()

    key = await running.new_key()
    async with openai.AsyncOpenAI(base_url=f"{running.client.address}/v1", api_key=key, max_retries=0) as client:
        said = await describe(client, f"data:image/png;base64,{base64.b64encode(SHOWN.content).decode()}")
        assert all(words in said for words in SHOWN.words), said
        with pytest.raises(openai.BadRequestError):
            await describe(client, f"{server.url}/picture.png")
