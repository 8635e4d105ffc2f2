"""The estimate of ``samovar fit`` against what the engine's process really holds."""

import asyncio
from pathlib import Path

import psutil
import pytest

from samovar import registry
from samovar.domain.generation import ChatRequest, Finished, PromptMessage, TextPart
from samovar.domain.parameters import GenerationParameters
from samovar.egress import EgressClient, EgressGuard
from samovar.engine.models import find_default_model
from samovar.engine.supervisor import Engine
from samovar.settings import EngineSettings
from samovar.weights.fit import Budget, estimate_fit
from samovar.weights.gguf import read_gguf, size_gguf

pytestmark = pytest.mark.engine

SHORT = "Say hello."
#: More than the 512 tokens that are read at once.
LONG = "The samovar stands on the table and boils. " * 60


async def resident_bytes(data_dir: Path, context_tokens: int, question: str) -> int:
    """Load the default model, ask one question, and look at the process."""
    engine = Engine(EngineSettings(threads=1, context_tokens=context_tokens), data_dir)
    guard = EgressGuard()
    guard.allow(engine.url)
    client = EgressClient(guard)
    await engine.start()
    try:
        assert await engine.wait_ready(120), engine.detail
        config = engine.backend_config(first_token_timeout_s=120, idle_timeout_s=60)
        backend = registry.backend("llamacpp").build(config, client)
        request = ChatRequest(
            model="any",
            messages=(PromptMessage(role="user", parts=(TextPart(text=question),)),),
            parameters=GenerationParameters(temperature=0, max_tokens=16, seed=1),
        )
        events = [event async for event in backend.stream(request)]
        assert isinstance(events[-1], Finished), events[-1]
        assert engine.pid is not None
        return await asyncio.to_thread(lambda: psutil.Process(engine.pid).memory_info().rss)
    finally:
        await engine.stop()
        await client.close()


@pytest.mark.parametrize("question", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("context_tokens", [2048, 8192])
async def test_the_estimate_is_within_5_percent_of_what_is_resident(
    tmp_path: Path, context_tokens: int, question: str
) -> None:
    path = find_default_model()
    assert path is not None
    model = size_gguf(read_gguf(path), str(path))
    estimated = estimate_fit(model, Budget(memory_bytes=0, gpu_bytes=0), context_tokens=context_tokens).total_bytes
    resident = await resident_bytes(tmp_path, context_tokens, question)
    print(f"{context_tokens} tokens: estimated {estimated}, resident {resident}, {estimated / resident - 1:+.2%}")
    assert estimated == pytest.approx(resident, rel=0.05)
