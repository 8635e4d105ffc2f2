"""The stand-in plays the same scene the same way."""

import json
import time

import pytest

from samovar.backends.scripted import SCENES, build
from samovar.domain.generation import (
    BackendEvent,
    ChatRequest,
    Failed,
    Finished,
    PromptMessage,
    TextDelta,
    TextPart,
)
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, Endpoint

BACKEND = build(
    BackendConfig(name="stand-in", endpoint=lambda: Endpoint(url=""), first_token_timeout_s=0.05, idle_timeout_s=0.05),
    EgressClient(EgressGuard()),
)


async def play(model: str, words: str = "Hello", **parameters: int | tuple[str, ...]) -> list[BackendEvent]:
    request = ChatRequest(
        model=model,
        messages=(PromptMessage(role="user", parts=(TextPart(text=words),)),),
        parameters=GenerationParameters(**parameters),  # type: ignore[arg-type]  # each test gives what fits
    )
    return [event async for event in BACKEND.stream(request)]


def text_of(events: list[BackendEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def without_error(events: list[BackendEvent]) -> list[object]:
    return [event.error.code if isinstance(event, Failed) else event for event in events]


@pytest.mark.parametrize("scene", SCENES)
async def test_every_scene_ends_once_and_is_the_same_again(scene: str) -> None:
    words = f"[[{scene} pace=2000 tokens=20 seconds=0.01]]"
    events = await play(scene, words)
    assert [event for event in events if isinstance(event, Finished | Failed)] == events[-1:]
    assert without_error(await play(scene, words)) == without_error(events)


async def test_a_mark_in_the_message_wins_over_the_model() -> None:
    assert text_of(await play("text", "Please [[russian]]")).startswith("Самовар")
    assert text_of(await play("russian")).startswith("Самовар")


async def test_an_unknown_scene_is_an_unknown_model() -> None:
    (event,) = await play("nonsense")
    assert isinstance(event, Failed)
    assert event.error.code == "model_unknown"


async def test_the_length_and_the_stop_are_obeyed() -> None:
    cut = await play("text", max_tokens=3)
    assert text_of(cut) == "A samovar boils"
    assert isinstance(cut[-1], Finished)
    assert cut[-1].reason == "length"
    assert text_of(await play("text", stop=(" for tea",))) == "A samovar boils water"


async def test_the_pace_is_kept() -> None:
    began = time.monotonic()
    assert len(await play("slow", "[[slow pace=100 tokens=10]]")) == 11
    assert 0.1 <= time.monotonic() - began < 1


async def test_the_echo_is_the_request() -> None:
    sent = json.loads(text_of(await play("echo", "Привет", seed=5)))
    assert sent == {
        "model": "echo",
        "messages": [{"role": "user", "content": "Привет"}],
        "parameters": {"seed": 5},
    }
