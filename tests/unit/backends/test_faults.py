"""What servers say when they say no, as they were heard to say it."""

import json

import pytest

from samovar.backends._shared import OpenAIReply, fault_of_stream
from samovar.backends._shared.faults import fault_of_reply
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendOverloaded,
    BackendRefused,
    BackendReplyInvalid,
    BackendUnauthorised,
    BackendUnreachable,
    ContextExceeded,
    EmbeddingsUnsupported,
    ImageRefused,
    ModelLoading,
    ModelUnknown,
)
from samovar.domain.generation import TextDelta

#: vLLM 0.32 whose engine process was killed in mid-stream: the server told it, and ended the stream in good order.
DYING_ENGINE = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" her"},"finish_reason":null}]}',
    b'data: {"error": {"message": "EngineCore encountered an issue. See stack trace (above) for the root cause.", '
    b'"type": "InternalServerError", "param": null, "code": 500}}',
)


def test_an_engine_that_dies_behind_a_living_server_breaks_the_answer_off() -> None:
    reply = OpenAIReply(backend="gpu", model="m")
    word, error = DYING_ENGINE
    assert list(reply.read(word)) == [TextDelta(text=" her")]
    with pytest.raises(BackendBroke) as raised:
        list(reply.read(error))
    assert raised.value.values == {"backend": "gpu"}


def fault(status: int, body: object) -> BackendError:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return fault_of_reply(status, content, backend="b", model="m", key="canary-key")


def openai(words: str, **more: object) -> dict[str, object]:
    return {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None, **more}}


LLAMACPP = "request (4031 tokens) exceeds the available context size (512 tokens), try increasing it"
VLLM = (
    "This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens, "
    "which exceeds this limit even without any output tokens. (parameter=input_tokens, value=2049)"
)
VLLM_WITH_REPLY = (
    "This model's maximum context length is 2048 tokens. However, you requested 100 output tokens and your prompt "
    "contains at least 2000 input tokens, for a total of at least 2100 tokens."
)
OPENAI = (
    "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens (39000 in the messages, "
    "1000 in the completion)."
)
FOUNDRY = (
    "Invalid request: search_options.cc:108 int fl::ValidateGeneratorRequestBudget(int64_t, int, int) request requires "
    "9039 total tokens (9031 input + 8 output), which exceeds the model's maximum context length of 8192 tokens"
)
LM_STUDIO = (
    "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9000>= n_ctx: "
    "4096). Try to load the model with a larger context length, or provide a shorter input."
)
OLDER_LM_STUDIO = (
    "Trying to keep the first 10136 tokens when context the overflows. However, the model is loaded with context "
    "length of only 7866 tokens, which is not enough."
)
OLLAMA = "the prompt is longer than the context length currently available to the model; shorten the prompt"


@pytest.mark.parametrize(
    ("words", "needed", "limit"),
    [
        (LLAMACPP, 4031, 512),
        (VLLM, 2049, 2048),
        (VLLM_WITH_REPLY, 2100, 2048),
        (OPENAI, 40_000, 32_768),
        (FOUNDRY, 9039, 8192),
        (LM_STUDIO, 9000, 4096),
        (OLDER_LM_STUDIO, 10_136, 7866),
        ("Context size has been exceeded.", ">?", "?"),
        (OLLAMA, ">?", "?"),
        ("the input length exceeds the context length", ">?", "?"),
    ],
)
def test_a_context_that_is_exceeded_is_read_in_each_servers_words(words: str, needed: object, limit: object) -> None:
    for status, body in ((400, openai(words)), (400, {"error": words}), (200, {"error": {"message": words}})):
        error = fault(status, body)
        assert isinstance(error, ContextExceeded)
        assert (error.values["needed_tokens"], error.values["context_tokens"]) == (needed, limit)


def test_numbers_beside_the_words_win_over_numbers_in_them() -> None:
    details = {"type": "exceed_context_size_error", "n_prompt_tokens": 7, "n_ctx": 5}
    error = fault(400, openai("too long", **details))
    assert (error.values["needed_tokens"], error.values["context_tokens"]) == (7, 5)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, openai("image input is not supported - hint: you may need to provide the mmproj"), ImageRefused),
        (400, openai("smollm2-hf is not a multimodal model"), ImageRefused),
        (400, openai("At most 0 image(s) may be provided in one prompt."), ImageRefused),
        (400, {"error": "this model is missing data required for image input"}, ImageRefused),
        (200, {"error": {"message": "Model does not support images. Please use a model that does."}}, ImageRefused),
        (200, {"error": "Error in iterating prediction stream: ValueError: Vision add-on is not loaded"}, ImageRefused),
        (400, openai("Invalid content type. image_url is only supported by certain models."), ImageRefused),
        (404, openai("The model `nope` does not exist. Valid aliases: a."), ModelUnknown),
        (404, openai("Model not found: No model matching 'nope'"), ModelUnknown),
        (404, {"error": "model 'nope' not found"}, ModelUnknown),
        (404, openai('Model "nope" not found. Please specify a valid model.'), ModelUnknown),
        (404, openai("This is not a chat model and thus not supported in this endpoint."), BackendRefused),
        (404, "404 page not found", BackendReplyInvalid),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, ModelLoading),
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, BackendOverloaded),
        (429, openai("Rate limit reached for requests."), BackendOverloaded),
        (529, "", BackendOverloaded),
        (401, {"error": "Unauthorized"}, BackendUnauthorised),
        (403, openai("forbidden"), BackendUnauthorised),
        (403, openai("You are not allowed to generate embeddings from this model"), EmbeddingsUnsupported),
        (501, openai("This server does not support embeddings. Start it with `--embeddings`"), EmbeddingsUnsupported),
        (400, openai("The model does not support Embeddings API"), EmbeddingsUnsupported),
        (400, {"error": "this model does not support embeddings"}, EmbeddingsUnsupported),
        (400, {"error": 'Model "m" is not an embedding model.'}, EmbeddingsUnsupported),
        (502, "<html>Bad gateway</html>", BackendUnreachable),
        (500, openai("EngineCore encountered an issue.", type="InternalServerError"), BackendBroke),
        (400, openai("Model not loaded: Model 'm' must be loaded before inference"), BackendRefused),
        (400, {"error": '"llama3.2" does not support thinking'}, BackendRefused),
        (400, {"error": "registry.ollama.ai/library/gemma3:4b does not support tools"}, BackendRefused),
        (400, "", BackendReplyInvalid),
        (302, openai("elsewhere"), BackendReplyInvalid),
    ],
)
def test_each_refusal_has_its_own_name(status: int, body: object, kind: type[BackendError]) -> None:
    assert type(fault(status, body)) is kind


def test_a_busy_server_may_say_so_inside_a_stream() -> None:
    error = {"code": 503, "message": "server busy, please try again"}
    assert isinstance(fault_of_stream(error, backend="b", model="m"), BackendOverloaded)


def test_a_reason_is_shown_without_the_key_and_without_what_cannot_be_printed() -> None:
    error = fault(400, openai("bad\x00 \u202e key canary-key " + "x" * 1000))
    reason = str(error.values["reason"])
    assert "canary" not in reason
    assert reason.isprintable()
    assert len(reason) <= 300
