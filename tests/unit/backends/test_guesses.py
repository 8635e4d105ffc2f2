"""Whether a model sees, guessed from its name where the server does not tell."""

import json

import pytest
from tests.support.servers import Exchange, play

from samovar import registry
from samovar.backends._shared import add_guesses
from samovar.domain.generation import Capabilities
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, Endpoint


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", True),
        ("llava-hf/llava-1.5-7b-hf", True),
        ("google/gemma-3-4b-it", True),
        ("gpt-4o-mini", True),
        ("mistralai/Pixtral-12B", True),
        ("google/gemma-3-1b-it", None),
        ("meta-llama/Llama-3.1-8B-Instruct", None),
        ("deepseek-r1", None),
        ("evlm", None),
    ],
)
async def test_a_guess_is_marked_as_one_and_no_guess_stays_open(name: str, sees: bool | None) -> None:
    body = json.dumps({"data": [{"id": name, "max_model_len": 4096}]}).encode()
    listing = Exchange(method="GET", path="/v1/models", status=200, content_type="application/json", body=body)
    async with play([listing]) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        config = BackendConfig(name="b", endpoint=lambda: Endpoint(url=server.url))
        (model,) = await registry.backend("openai").build(config, client).models()
        await client.close()
    assert model.capabilities.vision is sees
    assert model.capabilities.vision_known_by == ("name" if sees else None)
    assert model.capabilities.context_tokens == 4096


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("text-embedding-3-small", "embeddings", True),
        ("BAAI/bge-m3", "embeddings", True),
        ("intfloat/multilingual-e5-large", "embeddings", True),
        ("llama-3.1-8b", "embeddings", None),
        ("deepseek-r1:7b", "reasoning", True),
        ("Qwen/QwQ-32B", "reasoning", True),
        ("o3-mini", "reasoning", True),
        ("gpt-4o", "reasoning", None),
        ("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "quantisation", "Q4_K_M"),
        ("Qwen2.5-7B-Instruct-AWQ", "quantisation", "AWQ"),
        ("model-IQ2_XXS", "quantisation", "IQ2_XXS"),
        ("llama-3.1-8b", "quantisation", None),
    ],
)
def test_other_guesses_are_marked_too_and_never_say_no(name: str, field: str, value: object) -> None:
    guessed = add_guesses(Capabilities(), name)
    assert getattr(guessed, field) == value
    assert (field in guessed.guessed) == (value is not None)


def test_what_a_server_tells_is_not_guessed_at() -> None:
    told = Capabilities(vision=False, vision_known_by="api", embeddings=False, reasoning=False, quantisation="F16")
    assert add_guesses(told, "qwq-vl-embedding-Q4_0") == told
