"""What each backend says of a model comes from the server's own interface, and how a model is loaded goes into it."""

import asyncio

import pytest
from tests.contract.backend_stage import PICTURE, Player, error_of, read_all, set_stage, text_of
from tests.support.servers import RECORDINGS, play, read_recording

from samovar import registry
from samovar.domain.backend import LoadParameters
from samovar.domain.errors import BackendRefused, ContextExceeded, ImageRefused
from samovar.domain.generation import Capabilities, Finished
from samovar.egress import EgressClient, EgressGuard
from samovar.ports.backend import BackendConfig, Endpoint


async def recorded_models(
    kind: str, case: str = "models", load: LoadParameters | None = None
) -> dict[str, Capabilities]:
    async with play(read_recording(RECORDINGS / kind / f"{case}.txt")) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        config = BackendConfig(name="b", endpoint=lambda: Endpoint(url=server.url), load=load or LoadParameters())
        backend = registry.backend(kind).build(config, client)
        models = await backend.models()
        await backend.close()
        await client.close()
    return {model.model: model.capabilities for model in models}


async def test_llamacpp_tells_its_slots_its_template_and_its_file() -> None:
    (can,) = (await recorded_models("llamacpp")).values()
    assert (can.context_tokens, can.trained_context_tokens, can.parallel) == (512, 8192, 1)
    assert (can.quantisation, can.size_bytes) == ("Q4_1", 96_576_768)
    assert (can.vision, can.vision_known_by) == (False, "api")
    assert (can.loaded, can.tokenizer, can.json_schema, can.prompt_cache) == (True, True, True, True)
    assert can.guessed == frozenset()


async def test_llamacpp_is_asked_for_a_vector_to_know_whether_it_makes_them() -> None:
    player = Player("llamacpp", "stand-in", "llamacpp")
    async with set_stage(player, "no_embeddings") as stage:
        (model,) = await stage.backend.models()
        assert model.capabilities.embeddings is False
        await stage.backend.models()
        assert stage.living is not None
        assert len(stage.living.requests_to("/v1/embeddings")) == 1
    async with set_stage(player, "embeddings") as stage:
        (model,) = await stage.backend.models()
        assert model.capabilities.embeddings is True


async def test_vllm_tells_its_context_and_a_picture_tells_that_it_is_blind() -> None:
    (can,) = (await recorded_models("vllm")).values()
    assert (can.context_tokens, can.loaded, can.tokenizer) == (2048, True, True)
    assert (can.vision, can.vision_known_by) == (False, "probe")


@pytest.mark.parametrize(("stand_in", "sees"), [("vllm", False), ("vllm-vision", True)])
async def test_vllm_is_shown_one_picture_for_each_model(stand_in: str, sees: bool) -> None:
    async with set_stage(Player("vllm", "stand-in", stand_in), "models") as stage:
        found = [(await stage.backend.models())[0].capabilities for _ in range(3)]
        assert [(can.vision, can.vision_known_by) for can in found] == [(sees, "probe")] * 3
        assert len(stage.asked) == 1
        assert stage.asked[0]["max_tokens"] == 1


async def test_a_vllm_that_is_busy_is_not_shown_another_picture_within_a_minute() -> None:
    async with set_stage(Player("vllm", "stand-in", "vllm-vision"), "models", busy_replies=-1) as stage:
        for _ in range(4):
            (model,) = await stage.backend.models()
            assert model.capabilities.vision_known_by == "name"
        assert len(stage.asked) == 1


async def test_an_adapter_of_vllm_has_the_eyes_of_its_base() -> None:
    body = read_recording(RECORDINGS / "vllm" / "models.txt")
    listed = body[0]
    extra = listed.body.replace(b'"id":"smollm2"', b'"id":"lora"').replace(b'"parent":null', b'"parent":"smollm2"')
    entry = extra[extra.index(b"[") + 1 : extra.rindex(b"]")]
    both = listed.body[: listed.body.rindex(b"]")] + b"," + entry + b"]}"
    body[0] = type(listed)(method="GET", path="/v1/models", status=200, content_type="application/json", body=both)
    async with play(body) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        backend = registry.backend("vllm").build(
            BackendConfig(name="b", endpoint=lambda: Endpoint(url=server.url)), client
        )
        models = await backend.models()
        assert [(model.model, model.capabilities.vision) for model in models] == [("smollm2", False), ("lora", False)]
        assert len(server.requests_to("/v1/chat/completions")) == 1
        assert await backend.count_tokens("smollm2", "hi") == 32
        await backend.close()
        await client.close()


async def test_a_tool_that_vllm_was_not_started_for_is_refused_with_its_reason() -> None:
    async with play(read_recording(RECORDINGS / "vllm" / "tools_refused.txt")) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        backend = registry.backend("vllm").build(
            BackendConfig(name="b", endpoint=lambda: Endpoint(url=server.url)), client
        )
        with pytest.raises(BackendRefused, match="enable-auto-tool-choice"):
            await backend.relay({"model": "smollm2", "messages": [{"role": "user", "content": "?"}], "tools": []})
        await client.close()


async def test_our_names_of_parameters_are_put_into_vllms_in_a_relay_too() -> None:
    async with set_stage(Player("vllm", "stand-in", "vllm"), "text") as stage:
        await read_all(stage.backend.relay(stage.payload(repeat_penalty=1.3)))
        assert stage.asked[-1]["repetition_penalty"] == 1.3


async def test_lm_studio_tells_what_is_loaded_and_how() -> None:
    models = await recorded_models("lmstudio")
    chat, vectors = models.values()
    assert (chat.loaded, chat.context_tokens, chat.trained_context_tokens, chat.parallel) == (True, 4096, 32_768, 4)
    assert (chat.vision, chat.vision_known_by, chat.tools, chat.reasoning) == (False, "api", True, True)
    assert (chat.quantisation, chat.size_bytes, chat.embeddings) == ("Q4_0", 241_410_208, False)
    assert (vectors.loaded, vectors.context_tokens, vectors.embeddings, vectors.vision) == (False, None, True, False)


async def test_an_older_lm_studio_is_asked_by_its_older_interface() -> None:
    vision, chat, vectors = (await recorded_models("lmstudio", "models_old")).values()
    assert (vision.vision, vision.loaded, vision.context_tokens) == (True, False, None)
    assert (chat.vision, chat.loaded, chat.context_tokens, chat.tools) == (False, True, 8192, True)
    assert (vectors.embeddings, vectors.vision, vectors.quantisation) == (True, False, "Q4_0")


async def test_lm_studio_loads_as_the_settings_say_once_and_only_what_is_not_loaded() -> None:
    load = LoadParameters(context_tokens=2048, batch_tokens=256)
    async with set_stage(Player("lmstudio", "stand-in", "lmstudio"), "text", load=load) as stage:
        assert stage.living is not None
        events = await asyncio.gather(*(stage.hear() for _ in range(4)))
        assert all(isinstance(heard[-1], Finished) for heard in events)
        await read_all(stage.backend.relay(stage.payload()))
        (asked,) = stage.living.requests_to("/api/v1/models/load")
        assert asked.json == {"model": stage.model, "context_length": 2048, "eval_batch_size": 256}
        (model,) = await stage.backend.models()
        assert (model.capabilities.loaded, model.capabilities.context_tokens) == (True, 2048)


async def test_lm_studio_is_left_to_load_by_itself_where_the_settings_say_nothing() -> None:
    async with set_stage(Player("lmstudio", "stand-in", "lmstudio"), "text") as stage:
        await stage.hear()
        assert stage.living is not None
        assert stage.living.requests_to("/api/v1/models/load") == []
        assert "ttl" not in stage.asked[-1]
    async with set_stage(
        Player("lmstudio", "stand-in", "lmstudio"), "text", load=LoadParameters(keep_alive_s=60)
    ) as stage:
        await stage.hear()
        assert stage.asked[-1]["ttl"] == 60


async def test_an_lm_studio_that_cannot_be_told_how_to_load_says_so() -> None:
    player = Player("lmstudio", "stand-in", "lmstudio-0.3")
    async with set_stage(player, "text", load=LoadParameters(context_tokens=2048)) as stage:
        error = error_of(await stage.hear())
    assert isinstance(error, BackendRefused)
    assert "load" in str(error.values["reason"])


async def test_an_answer_of_lm_studio_without_a_word_to_a_prompt_that_fills_the_context_is_an_overflow() -> None:
    player = Player("lmstudio", "stand-in", "lmstudio")
    # Its engine says nothing, and counts the whole prompt.
    async with set_stage(player, "empty") as stage:
        assert stage.living is not None
        await stage.hear()
        (model,) = await stage.backend.models()
        assert model.capabilities.context_tokens == 4096
        stage.living.behaviour.evaluates_at_most = 100_000
        error = error_of(await stage.hear(text="слово " * 6000))
    assert isinstance(error, ContextExceeded)
    assert error.values["context_tokens"] == 4096


async def test_foundry_tells_what_is_loaded_and_little_else() -> None:
    (can,) = (await recorded_models("foundry")).values()
    assert (can.loaded, can.vision, can.context_tokens, can.json_schema) == (True, None, None, False)
    assert can.unsupported_parameters >= {"presence_penalty", "frequency_penalty", "json_schema"}


async def test_the_catalogue_of_the_older_foundry_tells_more() -> None:
    (can,) = (await recorded_models("foundry", "image")).values()
    assert (can.vision, can.vision_known_by, can.tools, can.licence) == (True, "api", True, "MIT")
    assert can.size_bytes == 822 * 2**20
    assert can.tokenizer


async def test_the_older_foundry_counts_a_text_as_a_chat_with_it_less_one_without() -> None:
    async with set_stage(Player("foundry", "stand-in", "foundry-1"), "text") as stage:
        assert await stage.backend.count_tokens(stage.model, "one two three") is None
        await stage.backend.models()
        short = await stage.backend.count_tokens(stage.model, "one two three")
        long = await stage.backend.count_tokens(stage.model, "one two three four five")
        assert (short, long) == (3, 5)


@pytest.mark.parametrize("stand_in", ["foundry", "foundry-1"])
async def test_foundry_loads_the_model_that_was_asked_for_and_no_other(stand_in: str) -> None:
    async with set_stage(Player("foundry", "stand-in", stand_in), "text") as stage:
        assert stage.living is not None
        assert [model.capabilities.loaded for model in await stage.backend.models()] == [False]
        heard = await asyncio.gather(*(stage.hear() for _ in range(3)))
        assert all(text_of(events) for events in heard)
        assert stage.living.stand_in.loads == [stage.model]


async def test_a_foundry_that_cannot_load_a_model_says_so_in_its_own_words() -> None:
    async with play(read_recording(RECORDINGS / "foundry" / "not_loaded.txt")) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        backend = registry.backend("foundry").build(
            BackendConfig(name="b", endpoint=lambda: Endpoint(url=server.url)), client
        )
        with pytest.raises(BackendRefused, match="must be loaded"):
            await backend.relay({"model": "smollm2", "messages": [{"role": "user", "content": "?"}]})
        await client.close()


async def test_foundry_is_not_asked_for_what_it_ignores_in_silence() -> None:
    async with set_stage(Player("foundry", "stand-in", "foundry"), "text") as stage:
        schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
        for field, value in (("response_format", schema), ("logprobs", True)):
            with pytest.raises(BackendRefused, match=field):
                await stage.backend.relay(stage.payload(**{field: value}))
        assert stage.asked == []


async def test_a_picture_goes_to_foundry_only_where_the_model_is_known_to_see() -> None:
    async with set_stage(Player("foundry", "stand-in", "foundry"), "image_refused") as stage:
        assert isinstance(error_of(await stage.hear(PICTURE)), ImageRefused)
    async with set_stage(Player("foundry", "stand-in", "foundry"), "image") as stage:
        (model,) = await stage.backend.models()
        assert (model.capabilities.vision, model.capabilities.vision_known_by) == (True, "name")
        assert text_of(await stage.hear(PICTURE)).startswith("Red")


async def test_an_openai_server_is_guessed_at_by_names_and_every_guess_is_marked() -> None:
    async with set_stage(Player("openai", "stand-in", "openai"), "image") as stage:
        (model,) = await stage.backend.models()
    can = model.capabilities
    assert (can.vision, can.vision_known_by, can.guessed) == (True, "name", frozenset({"vision"}))
    assert can.context_tokens is None


async def test_ollama_tells_abilities_contexts_and_what_is_in_memory() -> None:
    async with set_stage(Player("ollama", "stand-in", "ollama"), "reasoning") as stage:
        (before,) = await stage.backend.models()
        await stage.hear(max_tokens=64)
        (after,) = await stage.backend.models()
    can = before.capabilities
    assert (can.reasoning, can.tools, can.vision, can.embeddings) == (True, True, False, False)
    assert (can.context_tokens, can.trained_context_tokens, can.quantisation) == (8192, 40_960, "Q4_K_M")
    assert (can.loaded, after.capabilities.loaded) == (False, True)
    assert can.unsupported_parameters == frozenset()


async def test_an_old_ollama_is_asked_model_by_model_and_once_for_each() -> None:
    async with play(read_recording(RECORDINGS / "ollama" / "models_old.txt")) as server:
        guard = EgressGuard()
        guard.allow(server.url)
        client = EgressClient(guard)
        config = BackendConfig(name="o", endpoint=lambda: Endpoint(url=server.url))
        backend = registry.backend("ollama").build(config, client)
        for _ in range(2):
            (known,) = await backend.models()
        asked = len(server.requests_to("/api/show"))
        server.exchanges.pop()
        (unknown,) = await registry.backend("ollama").build(config, client).models()
        await client.close()
    assert asked == 1
    assert (known.capabilities.vision, known.capabilities.context_tokens) == (True, 8192)
    # What no address tells is guessed from the name, and marked.
    assert (unknown.capabilities.vision, unknown.capabilities.vision_known_by) == (True, "name")


async def test_ollama_is_asked_for_the_context_that_is_needed_and_never_for_less_than_is_loaded() -> None:
    async with set_stage(Player("ollama", "stand-in", "ollama"), "text") as stage:
        assert stage.living is not None
        await stage.hear(max_tokens=64)
        await stage.hear(max_tokens=5000)
        await stage.hear(max_tokens=64)
        assert [asked["options"]["num_ctx"] for asked in stage.asked] == [2048, 8192, 8192]
        # A context that shrank would have loaded the model a third time.
        assert len(stage.living.stand_in.loads) == 2
        assert all(asked["truncate"] is False and asked["shift"] is False for asked in stage.asked)


async def test_a_context_that_was_estimated_too_small_is_asked_for_again_at_its_longest() -> None:
    async with set_stage(Player("ollama", "stand-in", "ollama"), "text") as stage:
        # A text of signs has far more tokens than its length suggests.
        assert isinstance((await stage.hear(text="?!.," * 1200, max_tokens=16))[-1], Finished)
        await read_all(stage.backend.relay(stage.payload(max_tokens=16)))
        assert [asked["options"]["num_ctx"] for asked in stage.asked] == [2048, 8192, 8192]


async def test_ollama_loads_as_the_settings_say() -> None:
    load = LoadParameters(context_tokens=4096, batch_tokens=128, gpu_layers=20, threads=3, keep_alive_s=-1)
    async with set_stage(Player("ollama", "stand-in", "ollama"), "text", load=load) as stage:
        await stage.hear(max_tokens=100_000)
        sent = stage.asked[-1]
    assert sent["keep_alive"] == -1
    assert {name: sent["options"][name] for name in ("num_ctx", "num_batch", "num_gpu", "num_thread")} == {
        "num_ctx": 4096,
        "num_batch": 128,
        "num_gpu": 20,
        "num_thread": 3,
    }


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("low", "low"), ("high", "high")])
async def test_the_effort_of_thinking_is_told_to_ollama_where_the_model_thinks(effort: str, think: object) -> None:
    async with set_stage(Player("ollama", "stand-in", "ollama"), "reasoning") as stage:
        await stage.hear(reasoning_effort=effort)
        assert stage.asked[-1]["think"] == think
    async with set_stage(Player("ollama", "stand-in", "ollama"), "text") as stage:
        (model,) = await stage.backend.models()
        assert model.capabilities.unsupported_parameters == {"reasoning_effort"}
        assert isinstance((await stage.hear(reasoning_effort=effort))[-1], Finished)
        assert "think" not in stage.asked[-1]


async def test_a_cached_prompt_that_an_old_ollama_leaves_out_is_not_whole() -> None:
    async with set_stage(Player("ollama", "stand-in", "ollama"), "text", prompt_cache="subtracted") as stage:
        await stage.hear()
        last = (await stage.hear())[-1]
    assert isinstance(last, Finished)
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.prompt_is_whole) == (0, False)


async def test_a_cached_prompt_counts_whole_where_the_server_tells_its_cached_part() -> None:
    for kind in ("llamacpp", "vllm", "openai", "foundry"):
        async with set_stage(Player(kind, "stand-in", kind), "text", prompt_cache="reported") as stage:
            first, second = [(await stage.hear())[-1] for _ in range(2)]
        assert isinstance(first, Finished)
        assert isinstance(second, Finished)
        assert first.usage is not None
        assert second.usage is not None
        assert second.usage.prompt_tokens == first.usage.prompt_tokens
        assert 0 < second.usage.cached_tokens < second.usage.prompt_tokens
        assert second.usage.prompt_is_whole
