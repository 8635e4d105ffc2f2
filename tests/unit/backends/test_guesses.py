"""Whether a model sees, guessed from its name where the server does not tell."""

import json

import pytest
from tests.support.servers import Exchange, play

from samovar import registry
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
