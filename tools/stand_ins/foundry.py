"""Microsoft Foundry Local 2.x. Source: its HTTP service, recorded in November 2026 (foundry-local-sdk 2.2).

What surprises: a model is loaded by its alias and named by its full id in a chat; a picture for a model without sight
is dropped in silence; JSON schemas and logprobs are ignored; penalties that are not zero are errors.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from aiohttp import web

from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Message, Model
from .reading import as_number, as_text
from .server import Refused, json_reply

__all__ = ["FOUNDRY_MODELS", "Foundry"]

_NEW_TOKENS: Final = 2048


def _model(
    alias: str,
    size_bytes: int,
    *,
    form: str = "instruct",
    context: int = 32_768,
    takes_images: bool = False,
    takes_tools: bool = False,
    thinks: bool = False,
    dimensions: int = 0,
) -> Model:
    return Model(
        name="-".join(filter(None, [alias, form, "generic-cpu:1"])),
        alias=alias,
        publisher="Microsoft",
        family=alias.partition("-")[0],
        parameters="",
        quantisation="",
        size_bytes=size_bytes,
        context_tokens=context,
        form="onnx",
        takes_images=takes_images,
        takes_tools=takes_tools,
        thinks=thinks,
        embeds=dimensions > 0,
        dimensions=dimensions,
    )


#: One of each sort.
FOUNDRY_MODELS: Final = (
    _model("qwen2.5-0.5b", 822_083_584, takes_tools=True),
    _model("phi-3.5-vision", 3_200_000_000, context=131_072, takes_images=True),
    _model("phi-4-mini", 4_500_000_000, form="reasoning", thinks=True),
    _model("qwen3-embedding-0.6b", 600_000_000, form="", context=8192, dimensions=1024),
)


class FoundryWire(OpenAIWire):
    """Foundry's form of a chat completion."""

    has_logprobs = False


class Foundry(OpenAIForm):
    """The HTTP service of Foundry Local 2.x."""

    kind: ClassVar[str] = "foundry"
    default_port: ClassVar[int] = 5272
    wire = FoundryWire
    owner = "Microsoft"

    def usual_models(self) -> tuple[Model, ...]:
        """One of each sort."""
        return FOUNDRY_MODELS

    def routes(self) -> list[web.RouteDef]:
        """OpenAI's paths and those of the service."""
        return [
            *super().routes(),
            web.get("/v1/models/{name}", self._show),
            web.get("/status", self._tell_status),
            web.get("/models/loaded", self._list_loaded),
            web.get("/models/load/{alias}", self._load),
            web.get("/models/unload/{alias}", self._unload),
        ]

    def fault(self, status: int, words: str) -> web.Response:
        """OpenAI's form; everything is an invalid request."""
        return self.error(status, words)

    def not_found(self, request: web.Request) -> web.Response:
        """The words of the C++ framework underneath."""
        words = f"No mapping for HTTP-method: '{request.method}', URL: '{request.path}'"
        text = f"server=oatpp/1.3.0\ncode=404\ndescription=Not Found\nmessage={words}\n"
        return web.Response(status=404, body=text.encode(), headers={"Content-Type": ""})

    def bad_json(self, error: str) -> web.Response:
        """The parser's words."""
        return self.error(400, f"Invalid JSON: [json.exception.parse_error.101] parse error: {error or 'empty input'}")

    def model_entry(self, model: Model) -> dict[str, object]:
        """One model in the list."""
        return {"created": 1_767_225_600, "id": model.name, "object": "model", "owned_by": model.publisher}

    def choose(self, body: dict[str, object]) -> Model:
        """Find the model by its full id; it must be in memory. Raises: Refused."""
        name = as_text(body.get("model"))
        model = self.find(name)
        if model is None:
            raise Refused(self.error(404, f"Model not found: No model matching '{name}'"))
        if self.loaded_model(name) is None:
            raise Refused(self.error(400, f"Model not loaded: Model '{name}' must be loaded before inference"))
        return model

    def check(self, body: dict[str, object], model: Model, messages: Sequence[Message], *, is_stream: bool) -> None:
        """Refuse penalties. Raises: Refused."""
        if as_number(body.get("presence_penalty")) or as_number(body.get("frequency_penalty")):
            words = "Unsupported parameter: nonzero frequency_penalty and presence_penalty are not supported"
            raise Refused(self.error(400, words))
        super().check(body, model, messages, is_stream=is_stream)

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse nothing: the service drops such pictures in silence."""

    def check_size(self, size: int, limit: int | None, context_tokens: int, *, model: Model, is_stream: bool) -> None:
        """Refuse what does not fit together with the tokens to be written. Raises: Refused."""
        written = min(_NEW_TOKENS, context_tokens // 4) if limit is None else limit
        if size + written > context_tokens:
            words = (
                "Invalid request: search_options.cc:108 int fl::ValidateGeneratorRequestBudget(int64_t, int, int) "
                f"request requires {size + written} total tokens ({size} input + {written} output), which exceeds the "
                f"model's maximum context length of {context_tokens} tokens"
            )
            raise Refused(self.error(400, words))

    def reads_schema(self) -> bool:
        """Schemas are ignored."""
        return False

    def find_alias(self, alias: str) -> Model:
        """Find a model by its alias. Raises: Refused."""
        model = next((model for model in self.models if model.alias == alias), None)
        if model is None:
            raise Refused(self.error(404, f"Model not found: No model matching '{alias}'"))
        return model

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        model = self.find(name)
        if model is None:
            raise Refused(self.error(404, f"Model not found: No model matching '{name}'"))
        return json_reply(self.model_entry(model))

    async def _tell_status(self, request: web.Request) -> web.Response:
        endpoints = [f"http://{request.host}"]
        return json_reply({"endpoints": endpoints, "modelCachePath": "/home/user/.foundry/models", "pid": 17_985})

    async def _list_loaded(self, request: web.Request) -> web.Response:
        return json_reply([one.model.name for one in self.loaded()])

    async def _load(self, request: web.Request) -> web.Response:
        model = self.find_alias(request.match_info["alias"])
        was_there = self.loaded_model(model.name) is not None
        await self.load(model, self.context_of(model))
        return json_reply({"status": "already_loaded" if was_there else "loaded"})

    async def _unload(self, request: web.Request) -> web.Response:
        model = self.find_alias(request.match_info["alias"])
        return json_reply({"status": "unloaded" if self.unload(model.name) else "not_loaded"})
