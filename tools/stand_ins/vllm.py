"""vLLM. Source: its HTTP service, recorded in November 2026 (vllm 0.32).

What surprises: a server has one model, whose context length is in the list; unknown fields are ignored; ``max_tokens``
past the context is an error; tools are an error unless the server was started with a parser for them.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from aiohttp import web
from yarl import URL

from .counts import Counts
from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Message, Model, prompt_tokens
from .reading import as_list, as_number, as_text
from .server import Refused, json_reply
from .words import number_tokens, split_tokens

__all__ = ["VLLM", "VLLMVision"]

_VERSION: Final = "0.32.0"
_FINGERPRINT: Final = f"vllm-{_VERSION}-37840d65"
_NAMES: Final = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError"}
_PERMISSIONS: Final = {
    "allow_create_engine": False,
    "allow_sampling": True,
    "allow_logprobs": True,
    "allow_search_indices": False,
    "allow_view": True,
    "allow_fine_tuning": False,
    "organization": "*",
    "group": None,
    "is_blocking": False,
}


class VLLMWire(OpenAIWire):
    """vLLM's form of a chat completion."""

    stream_type = "text/event-stream; charset=utf-8"
    reasoning_field = "reasoning"
    broken_words = "EngineCore encountered an issue. See stack trace (above) for the root cause."

    def _head(self) -> dict[str, object]:
        return {}

    def _chunk_choice(self) -> dict[str, object]:
        return {"logprobs": None, "token_ids": None}

    def _first_chunk(self, delta: Mapping[str, object]) -> dict[str, object]:
        chunk = self._chunk(delta)
        chunk["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]
        return {**chunk, "prompt_token_ids": None, "prompt_text": None}

    def _last_choice(self) -> dict[str, object]:
        return {"stop_reason": None}

    def _last_chunk(self, counts: Counts | None) -> dict[str, object]:
        return {"system_fingerprint": _FINGERPRINT} if self._with_usage and counts is not None else {}

    def _last_delta(self) -> dict[str, object]:
        return {"content": ""}

    def _message(self) -> dict[str, object]:
        return {"refusal": None, "annotations": None, "audio": None, "function_call": None, "reasoning": None}

    def _whole_choice(self) -> dict[str, object]:
        return {"logprobs": None, "stop_reason": None, "token_ids": None, "routed_experts": None}

    def _whole(self, counts: Counts | None) -> dict[str, object]:
        nothing = ("prompt_logprobs", "prompt_token_ids", "prompt_text", "kv_transfer_params", "ec_transfer_params")
        head = {"service_tier": None, "system_fingerprint": _FINGERPRINT}
        return {**head, **dict.fromkeys(nothing), "metrics": None}

    def _usage(self, counts: Counts, *, is_stream: bool) -> dict[str, object]:
        details = {"cached_tokens": counts.cached} if counts.cached else None
        usage = {"prompt_tokens": counts.prompt or 0, "total_tokens": counts.total}
        usage |= {"completion_tokens": counts.completion}
        if is_stream:
            return usage | ({"prompt_tokens_details": details} if details else {})
        return usage | {"prompt_tokens_details": details, "completion_tokens_details": None}

    def fault(self) -> bytes:
        """An error without a name of its own event."""
        body = {"message": self.broken_words, "type": "InternalServerError", "param": None, "code": 500}
        return self._event({"error": body})


class VLLM(OpenAIForm):
    """vLLM with a text model and a parser for tools."""

    kind: ClassVar[str] = "vllm"
    default_port: ClassVar[int] = 8000
    wire = VLLMWire
    owner = "vllm"

    def usual_models(self) -> tuple[Model, ...]:
        """One text model."""
        return (_model("Qwen/Qwen2.5-1.5B-Instruct", takes_tools=True),)

    def routes(self) -> list[web.RouteDef]:
        """OpenAI's paths and vLLM's own."""
        return [
            *super().routes(),
            web.get("/health", self._tell_health),
            web.get("/version", self._tell_version),
            web.get("/load", self._tell_load),
            web.get("/metrics", self._tell_metrics),
            web.post("/tokenize", self._tokenize),
        ]

    def fault(self, status: int, words: str) -> web.Response:
        """An error by the name of its class."""
        return self._error(status, words)

    def not_found(self, request: web.Request) -> web.Response:
        """FastAPI's words."""
        return json_reply({"detail": "Not Found"}, status=404)

    def unauthorised(self) -> web.Response:
        """A text, not an object."""
        return json_reply({"error": "Unauthorized"}, status=401)

    def needs_key(self, path: str) -> bool:
        """Only what lies under ``/v1`` is guarded."""
        return path.startswith("/v1")

    def bad_json(self, error: str) -> web.Response:
        """The parser's words."""
        return self._error(
            400, f"[{{'type': 'json_invalid', 'msg': 'JSON decode error', 'ctx': {{'error': {error!r}}}}}]"
        )

    def model_entry(self, model: Model) -> dict[str, object]:
        """One model, with its context length."""
        made = {"id": model.name, "object": "model", "created": 1_795_319_660, "owned_by": self.owner}
        permission = {"id": "modelperm-abd8b72f2b252fb2", "object": "model_permission", "created": 1_795_319_660}
        context = {"root": model.name, "parent": None, "max_model_len": self.context_of(model)}
        return {**made, **context, "permission": [permission | _PERMISSIONS]}

    def choose(self, body: dict[str, object]) -> Model:
        """Find the model. Raises: Refused."""
        name = as_text(body.get("model"))
        model = self.find(name) if name else self.models[0]
        if model is None:
            known = ", ".join(one.name for one in self.models)
            words = f"The model `{name}` does not exist. Valid aliases: {known}."
            raise Refused(self._error(404, words, parameter="model"))
        return model

    def check(self, body: dict[str, object], model: Model, messages: Sequence[Message], *, is_stream: bool) -> None:
        """Refuse parameters out of range, and tools without a parser. Raises: Refused."""
        temperature = as_number(body.get("temperature"))
        if temperature < 0:
            shown = f"{temperature:.1f}"
            words = f"temperature must be non-negative, got {shown}. (parameter=temperature, value={shown})"
            raise Refused(self._error(400, words, parameter="temperature"))
        choice = body.get("tool_choice", "auto")
        if as_list(body.get("tools")) and choice != "none" and not model.takes_tools:
            raise Refused(self._error(400, _no_parser(choice)))
        if model.embeds:
            raise Refused(self._error(400, "The model does not support Chat Completions API"))
        super().check(body, model, messages, is_stream=is_stream)

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse pictures. Raises: Refused."""
        raise Refused(self._error(400, f"{model.name} is not a multimodal model"))

    def refuse_address(self, address: str) -> None:
        """Say that the address cannot be reached. Raises: Refused."""
        url = URL(address[:200])
        words = (
            f"Cannot connect to host {url.host}:{url.port} ssl:default [Connect call failed ('{url.host}', {url.port})]"
        )
        raise Refused(self._error(500, words))

    def check_size(self, size: int, limit: int | None, context_tokens: int, *, model: Model, is_stream: bool) -> None:
        """Refuse a prompt, an answer, or both together that are past the context. Raises: Refused."""
        head = f"This model's maximum context length is {context_tokens} tokens. However, "
        if limit is not None and limit > context_tokens:
            words = (
                f"max_tokens={limit} cannot be greater than max_model_len={context_tokens}. Please request fewer "
                f"output tokens. (parameter=max_tokens, value={limit})"
            )
            raise Refused(self._error(400, words, parameter="max_tokens"))
        if size > context_tokens:
            # The tokenizer stops one token past the limit, so the true length is not told.
            words = (
                f"{head}your prompt contains at least {context_tokens + 1} input tokens, which exceeds this limit even "
                "without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, "
                f"value={context_tokens + 1})"
            )
            raise Refused(self._error(400, words, parameter="input_tokens"))
        if limit is not None and size + limit > context_tokens:
            words = (
                f"{head}you requested {limit} output tokens and your prompt contains at least {size} input tokens, for "
                f"a total of at least {size + limit} tokens. Please reduce the length of the input prompt or the "
                f"number of requested output tokens. (parameter=input_tokens, value={size})"
            )
            raise Refused(self._error(400, words, parameter="input_tokens"))

    def refuse_embedding(self, model: Model) -> web.Response:
        """Say that a chat model makes no vectors."""
        return self._error(400, "The model does not support Embeddings API")

    def _error(self, status: int, words: str, *, parameter: str | None = None) -> web.Response:
        return self.error(
            status, words, sort=_NAMES.get(status, "ServiceUnavailable"), parameter=parameter, code=status
        )

    async def _tell_health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _tell_version(self, request: web.Request) -> web.Response:
        return json_reply({"version": _VERSION})

    async def _tell_load(self, request: web.Request) -> web.Response:
        return json_reply({"server_load": self.running})

    async def _tell_metrics(self, request: web.Request) -> web.Response:
        labels = f'{{engine="0",model_name="{self.models[0].name}"}}'
        lines = {"running": self.running, "waiting": self.waiting}
        text = "".join(f"vllm:num_requests_{name}{labels} {count:.1f}\n" for name, count in lines.items())
        return web.Response(body=text.encode(), headers={"Content-Type": "text/plain; version=1.0.0; charset=utf-8"})

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        model = self.choose(body)
        is_chat = "messages" in body
        tokens = prompt_tokens(self.read_messages(body)) if is_chat else split_tokens(as_text(body.get("prompt")))
        counted = {"count": len(tokens), "max_model_len": self.context_of(model)}
        return json_reply({**counted, "tokens": number_tokens(tokens), "token_strs": None})


class VLLMVision(VLLM):
    """vLLM with a model that sees."""

    kind: ClassVar[str] = "vllm-vision"

    def usual_models(self) -> tuple[Model, ...]:
        """One model that sees."""
        return (_model("Qwen/Qwen2.5-VL-3B-Instruct", takes_images=True),)


def _model(name: str, *, takes_images: bool = False, takes_tools: bool = False) -> Model:
    return Model(
        name=name,
        family="",
        parameters="",
        quantisation="",
        size_bytes=0,
        context_tokens=32_768,
        takes_images=takes_images,
        takes_tools=takes_tools,
    )


def _no_parser(choice: object) -> str:
    if choice == "auto":
        return '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    return f'tool_choice="{choice if isinstance(choice, str) else "named"}" requires --tool-call-parser to be set'
