"""The trial with two pictures: what it tells, what it costs, and what it never does unasked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from tests.support.finder import Finder, finder
from tests.support.stand_ins import Behaviour, Model, RunningStandIn, run_stand_in

from samovar.domain.backend import BackendSpec
from samovar.domain.errors import BackendBroke, BackendRefused, BackendTimeout, Conflict, ModelUnknown
from samovar.gateway.pool import Member
from samovar.gateway.vision import plain_picture, try_vision


@dataclass(frozen=True, slots=True)
class Picky:
    url: str


@asynccontextmanager
async def picky(refuses_words: bool) -> AsyncIterator[Picky]:
    """A server that refuses requests with pictures, or all of them, in words that say nothing."""

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "tea", "object": "model"}]})

    async def answer(request: web.Request) -> web.Response:
        if refuses_words or b"image_url" in await request.read():
            return web.json_response({"error": {"message": "code 17"}}, status=400)
        chunk = {"choices": [{"index": 0, "delta": {"content": "Blue."}, "finish_reason": "stop"}]}
        body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
        return web.Response(text=body, content_type="text/event-stream")

    application = web.Application()
    application.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", answer)])
    async with TestServer(application) as server:
        yield Picky(f"http://127.0.0.1:{server.port}")


async def joined(found: Finder, server: RunningStandIn | Picky, kind: str) -> Member:
    member = found.opener.open(BackendSpec(name="mine", kind=kind, url=server.url, source="added"))
    found.pool.add(member)
    await member.ask()
    assert member.error is None
    return member


def sight(member: Member, model: str) -> tuple[bool | None, str | None]:
    can = next(found.capabilities for found in member.models if found.model == model)
    return can.vision, can.vision_known_by


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (225, 25, 25)])
def test_the_picture_is_one_plain_colour_that_a_reader_of_png_agrees_with(colour: tuple[int, int, int]) -> None:
    with Image.open(BytesIO(plain_picture(colour)), formats=("PNG",)) as image:
        image.load()
        assert image.mode == "RGB"
        assert image.getcolors() == [(image.width * image.height, colour)]
        assert min(image.size) >= 28, "some models take nothing smaller"
    assert len(plain_picture(colour)) < 2_000


@pytest.mark.parametrize(
    ("stand_in", "kind"), [("llamacpp-vision", "llamacpp"), ("vllm-vision", "vllm"), ("openai", "openai")]
)
async def test_a_model_that_sees_names_both_colours(stand_in: str, kind: str) -> None:
    async with run_stand_in(stand_in) as server, finder() as found:
        member = await joined(found, server, kind)
        model = next(model.name for model in server.stand_in.models if model.takes_images and not model.is_blind)
        for _ in range(6):
            assert await try_vision(member, model, "tester") == "sees"
        assert sight(member, model) == (True, "probe")
        assert member.is_idle


async def test_a_model_that_takes_pictures_and_does_not_look_is_found_out() -> None:
    async with run_stand_in("openai") as server, finder() as found:
        member = await joined(found, server, "openai")
        assert await try_vision(member, "blind-vision-model", "tester") == "ignores"
        assert sight(member, "blind-vision-model") == (False, "probe")


@pytest.mark.parametrize("colour", ["red", "Blue.", "It is red, green, blue, yellow, black or white.", ""])
async def test_always_saying_the_same_is_not_seeing(colour: str) -> None:
    fixed = Behaviour(answer=colour, is_empty=not colour)
    async with run_stand_in("llamacpp-vision", fixed) as server, finder() as found:
        member = await joined(found, server, "llamacpp")
        for _ in range(4):
            assert await try_vision(member, member.models[0].model, "tester") == "ignores"


@pytest.mark.parametrize("kind", ["llamacpp", "vllm"])
async def test_a_model_of_words_refuses(kind: str) -> None:
    async with run_stand_in(kind) as server, finder() as found:
        member = await joined(found, server, kind)
        model = member.models[0].model
        assert await try_vision(member, model, "tester") == "refuses"
        assert sight(member, model) == (False, "probe")


async def test_a_model_that_is_not_loaded_is_not_tried_unless_that_was_said() -> None:
    async with run_stand_in("ollama") as server, finder() as found:
        member = await joined(found, server, "ollama")
        with pytest.raises(Conflict, match="not loaded"):
            await try_vision(member, "gemma3:4b", "tester")
        assert server.requests_to("/api/chat") == []
        assert sight(member, "gemma3:4b") == (True, "api"), "nothing was learnt"
        assert await try_vision(member, "gemma3:4b", "tester", may_load=True) == "sees"
        await member.ask()
        assert await try_vision(member, "gemma3:4b", "tester") == "sees", "now it is loaded"


async def test_a_trial_that_fails_for_another_reason_says_nothing_about_sight() -> None:
    async with run_stand_in("llamacpp-vision", Behaviour(dies_before_reply=True)) as server, finder() as found:
        member = await joined(found, server, "llamacpp")
        model = member.models[0].model
        before = sight(member, model)
        with pytest.raises(BackendBroke):
            await try_vision(member, model, "tester")
        assert sight(member, model) == before
        assert member.is_idle


@pytest.mark.parametrize("refuses_words", [False, True])
async def test_a_refusal_in_unknown_words_counts_only_where_words_alone_are_taken(refuses_words: bool) -> None:
    async with picky(refuses_words) as server, finder() as found:
        member = await joined(found, server, "openai")
        if refuses_words:
            with pytest.raises(BackendRefused):
                await try_vision(member, "tea", "tester")
            assert sight(member, "tea") == (None, None)
        else:
            assert await try_vision(member, "tea", "tester") == "refuses"
            assert sight(member, "tea") == (False, "probe")


async def test_a_model_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samovar.gateway.vision._PATIENCE_S", 0.3)
    async with run_stand_in("llamacpp-vision", Behaviour(hangs_before_reply=True)) as server, finder() as found:
        member = await joined(found, server, "llamacpp")
        async with asyncio.timeout(10):
            with pytest.raises(BackendTimeout):
                await try_vision(member, member.models[0].model, "tester")
        assert member.is_idle


async def test_the_trial_waits_in_line_like_everybody() -> None:
    async with run_stand_in("llamacpp-vision", Behaviour(slots=1)) as server, finder() as found:
        member = await joined(found, server, "llamacpp")
        lease = await member.queue.enter("somebody")
        trial = asyncio.create_task(try_vision(member, member.models[0].model, "tester"))
        while not member.queue.waiting:
            await asyncio.sleep(0)
        assert server.requests_to("/v1/chat/completions") == []
        lease.leave()
        assert await trial == "sees"


async def test_a_model_that_is_not_offered_is_unknown() -> None:
    only_words = Model(
        name="tea", family="llama", parameters="1B", quantisation="Q4_0", size_bytes=1, context_tokens=2048
    )
    async with run_stand_in("openai", models=[only_words]) as server, finder() as found:
        member = await joined(found, server, "openai")
        with pytest.raises(ModelUnknown):
            await try_vision(member, "coffee", "tester")
