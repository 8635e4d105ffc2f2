"""llama.cpp's server. Source: its HTTP service, recorded in November 2026 (b11549), and tools/server/README.md.

What surprises: a server has one model, and any name is taken for it; a picture for a model without sight is a 500; a
temperature below zero is fine; an overflow names both lengths.
"""

from typing import ClassVar, Final

from aiohttp import web

from .counts import Counts
from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Model, prompt_tokens
from .reading import as_text
from .server import Refused, json_reply
from .words import VOCABULARY, number_tokens, split_tokens

__all__ = ["LlamaCpp", "LlamaCppVision"]

_JSON: Final = "application/json; charset=utf-8"
_SORTS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    500: "server_error",
    501: "not_supported_error",
    503: "unavailable_error",
}
#: Paths that are answered without a key.
_PUBLIC: Final = frozenset({"/health", "/v1/health", "/models", "/v1/models", "/"})


class LlamaCppWire(OpenAIWire):
    """llama.cpp's form of a chat completion, with timings."""

    whole_type = _JSON
    first_content = None
    numbers_tokens = True

    def _head(self) -> dict[str, object]:
        return {"system_fingerprint": "b11549-00000000"}

    def _chunk_choice(self) -> dict[str, object]:
        return {}

    def _message(self) -> dict[str, object]:
        return {}

    def _whole_choice(self) -> dict[str, object]:
        return {}

    def _usage(self, counts: Counts, *, is_stream: bool) -> dict[str, object]:
        known = super()._usage(counts, is_stream=is_stream)
        return {name: value for name, value in known.items() if name != "completion_tokens_details"}

    def _whole(self, counts: Counts | None) -> dict[str, object]:
        return self._last_chunk(counts)

    def _last_chunk(self, counts: Counts | None) -> dict[str, object]:
        if counts is None or not isinstance(counts.prompt, int) or not isinstance(counts.completion, int):
            return {}
        read = counts.prompt - counts.cached
        return {
            "timings": {
                "cache_n": counts.cached,
                "prompt_n": read,
                "prompt_ms": read * 5.0,
                "prompt_per_token_ms": 5.0,
                "prompt_per_second": 200.0,
                "predicted_n": counts.completion,
                "predicted_ms": counts.completion * 25.0,
                "predicted_per_token_ms": 25.0,
                "predicted_per_second": 40.0,
            }
        }

    def fault(self) -> bytes:
        """An error with a number for a code."""
        return self._event({"error": {"code": 500, "message": self.broken_words, "type": "server_error"}})


class LlamaCpp(OpenAIForm):
    """llama.cpp's server with a text model."""

    kind: ClassVar[str] = "llamacpp"
    default_port: ClassVar[int] = 8080
    wire = LlamaCppWire
    json_type = _JSON
    owner = "llamacpp"

    def usual_models(self) -> tuple[Model, ...]:
        """One text model."""
        return (_model("Llama-3.2-3B-Instruct-Q4_K_M.gguf", takes_tools=True),)

    def routes(self) -> list[web.RouteDef]:
        """OpenAI's paths and llama.cpp's own."""
        return [
            *super().routes(),
            web.get("/health", self._tell_health),
            web.get("/v1/health", self._tell_health),
            web.get("/props", self._tell_properties),
            web.get("/slots", self._list_slots),
            web.get("/metrics", self._tell_metrics),
            web.post("/tokenize", self._tokenize),
            web.post("/apply-template", self._apply_template),
        ]

    def fault(self, status: int, words: str) -> web.Response:
        """An error with a number for a code."""
        return self._error(status, words)

    def not_found(self, request: web.Request) -> web.Response:
        """Say that there is no such path."""
        return self._error(404, "File Not Found")

    def unauthorised(self) -> web.Response:
        """Say that the key is wrong."""
        return self._error(401, "Invalid API Key")

    def needs_key(self, path: str) -> bool:
        """Health and the list of models are open to all."""
        return path not in _PUBLIC

    def bad_json(self, error: str) -> web.Response:
        """The parser's words."""
        return self._error(500, f"[json.exception.parse_error.101] parse error: {error or 'empty input'}")

    def choose(self, body: dict[str, object]) -> Model:
        """Take the one model, whatever the name."""
        return self.find(as_text(body.get("model"))) or self.models[0]

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse pictures. Raises: Refused."""
        words = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
        raise Refused(self._error(500, words))

    def refuse_address(self, address: str) -> None:
        """Refuse a picture by address. Raises: Refused."""
        raise Refused(self._error(400, "Failed to download image"))

    def check_size(self, size: int, limit: int | None, context_tokens: int, *, model: Model, is_stream: bool) -> None:
        """Refuse a prompt that fills the context; both lengths are told. Raises: Refused."""
        if size >= context_tokens:
            room = f"the available context size ({context_tokens} tokens)"
            words = f"request ({size} tokens) exceeds {room}, try increasing it"
            fields = {"n_prompt_tokens": size, "n_ctx": context_tokens}
            body = {"error": {"code": 400, "message": words, "type": "exceed_context_size_error", **fields}}
            raise Refused(json_reply(body, status=400, content_type=_JSON))

    def refuse_embedding(self, model: Model) -> web.Response:
        """Say that the server was not started for it."""
        return self._error(501, "This server does not support embeddings. Start it with `--embeddings`")

    def _error(self, status: int, words: str) -> web.Response:
        body = {"error": {"code": status, "message": words, "type": _SORTS.get(status, "server_error")}}
        return json_reply(body, status=status, content_type=_JSON)

    def model_entry(self, model: Model) -> dict[str, object]:
        """One model with its measures; the context is that of one slot."""
        modalities = ["text", "image"] if model.takes_images else ["text"]
        measures = {
            "vocab_type": 2,
            "n_vocab": VOCABULARY,
            "n_ctx": self.context_in_force(model),
            "n_ctx_train": model.context_tokens,
            "n_embd": 3072,
            "n_params": 3_212_749_888,
            "size": model.size_bytes,
            "ftype": model.quantisation,
        }
        named = {"id": model.name, "aliases": [model.name], "tags": [], "object": "model"}
        architecture = {"input_modalities": modalities, "output_modalities": ["text"]}
        made = {"created": 1_795_320_359, "owned_by": self.owner}
        return {**named, "architecture": architecture, **made, "meta": measures}

    async def _list_models(self, request: web.Request) -> web.Response:
        entries = [self.model_entry(model) for model in self.models]
        shown = [_entry_of_ollama(model) for model in self.models]
        return json_reply({"models": shown, "object": "list", "data": entries}, content_type=_JSON)

    async def _tell_health(self, request: web.Request) -> web.Response:
        return json_reply({"status": "ok"}, content_type=_JSON)

    async def _tell_properties(self, request: web.Request) -> web.Response:
        model = self.models[0]
        properties = {
            "default_generation_settings": {"n_ctx": self.context_in_force(model)},
            "total_slots": self.behaviour.slots,
            "model_alias": model.name,
            "model_path": f"/models/{model.name}",
            "modalities": {"vision": model.takes_images, "video": False, "audio": False},
            "chat_template": "{{ messages }}",
            "build_info": "b11549-00000000",
        }
        return json_reply(properties, content_type=_JSON)

    async def _list_slots(self, request: web.Request) -> web.Response:
        context_tokens = self.context_in_force(self.models[0])
        slots = [
            {"id": at, "n_ctx": context_tokens, "is_processing": at < self.running}
            for at in range(self.behaviour.slots)
        ]
        return json_reply(slots, content_type=_JSON)

    async def _tell_metrics(self, request: web.Request) -> web.Response:
        text = f"llamacpp:requests_processing {self.running}\nllamacpp:requests_deferred {self.waiting}\n"
        return web.Response(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _tokenize(self, request: web.Request) -> web.Response:
        tokens = split_tokens(as_text((await self.read_object(request)).get("content")))
        return json_reply({"tokens": number_tokens(tokens)}, content_type=_JSON)

    async def _apply_template(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        return json_reply({"prompt": "".join(prompt_tokens(self.read_messages(body)))}, content_type=_JSON)


class LlamaCppVision(LlamaCpp):
    """llama.cpp's server with a model that sees."""

    kind: ClassVar[str] = "llamacpp-vision"

    def usual_models(self) -> tuple[Model, ...]:
        """One model that sees."""
        return (_model("Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf", takes_images=True),)


def _model(name: str, *, takes_images: bool = False, takes_tools: bool = False) -> Model:
    return Model(
        name=name,
        family="",
        parameters="",
        quantisation="Q4_K_M",
        size_bytes=2_019_377_696,
        context_tokens=32_768,
        takes_images=takes_images,
        takes_tools=takes_tools,
    )


def _entry_of_ollama(model: Model) -> dict[str, object]:
    details = {"parent_model": "", "format": "gguf", "family": "", "families": [""]}
    details |= {"parameter_size": "", "quantization_level": ""}
    named = {"name": model.name, "model": model.name, "modified_at": "", "size": "", "digest": "", "type": "model"}
    abilities = ["completion", *(["multimodal"] if model.takes_images else [])]
    return {**named, "description": "", "tags": [""], "capabilities": abilities, "parameters": "", "details": details}
