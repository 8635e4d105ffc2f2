"""How each kind of server takes the pictures of an image task: its own form, every byte, in order, with the schema."""

import base64
from typing import Any

import pytest
from tests.contract.backend_stage import PICTURE, SPEAKERS, Player, Stage, set_stage

from samovar.domain.generation import ChatRequest, Finished, ImagePart, PromptMessage, TextPart
from samovar.domain.image_tasks import ENTITIES_SCHEMA, instruction
from samovar.domain.parameters import GenerationParameters

#: Adapters carry bytes and do not look at them; the end of a JPEG is as good as the whole.
PHOTOGRAPH = ImagePart(media_type="image/jpeg", content=b"\xff\xd8\xff\xe0 a photograph \xff\xd9", name="page, 2")
TASK = instruction("entities", russian=True)


def image_task(stage: Stage, *pictures: ImagePart) -> ChatRequest:
    question = PromptMessage(role="user", parts=(*pictures, TextPart(text=TASK)))
    parameters = GenerationParameters(max_tokens=64, json_schema=ENTITIES_SCHEMA)
    return ChatRequest(model=stage.model, messages=(question,), parameters=parameters)


def pictures_in(message: dict[str, Any], kind: str) -> list[bytes]:
    """The pictures of a message in the form of a kind, and nothing in any other form."""
    if kind == "ollama":
        assert isinstance(message["content"], str)
        return [base64.b64decode(picture, validate=True) for picture in message["images"]]
    assert "images" not in message
    found = []
    for part in message["content"]:
        if part["type"] == "image_url":
            assert set(part) == {"type", "image_url"}
            media_type, _, packed = part["image_url"]["url"].partition(";base64,")
            found.append(base64.b64decode(packed, validate=True))
            assert media_type == ("data:image/jpeg" if found[-1] == PHOTOGRAPH.content else "data:image/png")
    return found


def words_in(message: dict[str, Any], kind: str) -> str:
    if kind == "ollama":
        return str(message["content"])
    return "".join(part["text"] for part in message["content"] if part["type"] == "text")


@pytest.mark.parametrize("player", SPEAKERS, ids=str)
async def test_an_image_task_arrives_whole_in_the_form_of_its_server(player: Player) -> None:
    async with set_stage(player, "image") as stage:
        events = [event async for event in stage.backend.stream(image_task(stage, PICTURE))]
        assert isinstance(events[-1], Finished), events
        [message] = stage.asked[-1]["messages"]
        assert message["role"] == "user"
        assert pictures_in(message, player.kind) == [PICTURE.content]
        assert words_in(message, player.kind) == TASK
        if player.kind != "ollama":
            kinds = [part["type"] for part in message["content"]]
            assert kinds == ["image_url", "text"], "the picture stands before what is asked of it"


@pytest.mark.parametrize("player", [player for player in SPEAKERS if player.source == "recording"], ids=str)
async def test_several_pictures_keep_their_order_and_their_types(player: Player) -> None:
    async with set_stage(player, "image") as stage:
        events = [event async for event in stage.backend.stream(image_task(stage, PHOTOGRAPH, PICTURE, PHOTOGRAPH))]
        assert isinstance(events[-1], Finished), events
        [message] = stage.asked[-1]["messages"]
        assert pictures_in(message, player.kind) == [PHOTOGRAPH.content, PICTURE.content, PHOTOGRAPH.content]


@pytest.mark.parametrize("player", [player for player in SPEAKERS if player.source == "recording"], ids=str)
async def test_the_schema_travels_with_the_picture_or_the_model_says_that_it_takes_none(player: Player) -> None:
    async with set_stage(player, "image") as stage:
        [event async for event in stage.backend.stream(image_task(stage, PICTURE))]
        sent = stage.asked[-1]
        found = sent.get("format") or sent.get("response_format", {}).get("json_schema", {}).get("schema")
        if found is None:
            unsupported = [model.capabilities.unsupported_parameters for model in await stage.backend.models()]
            assert all("json_schema" in names for names in unsupported)
        else:
            assert found == ENTITIES_SCHEMA
