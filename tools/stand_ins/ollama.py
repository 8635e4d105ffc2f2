"""Ollama. Source: docs/api.md, docs/api/*.mdx and api/types.go of github ollama/ollama, 0.33, August 2026.

What surprises: streams are lines of JSON and the default; ``think`` left out counts as true on a model that thinks;
a prompt that is too long loses its oldest messages in silence, unless ``truncate`` or ``shift`` is false.
"""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from aiohttp import web

from .embedding import embed
from .ollama_wire import (
    JSON,
    MODIFIED,
    OllamaWire,
    now,
    read_images,
    read_message,
    read_tool,
    write_capabilities,
    write_details,
    write_entry,
)
from .prompt import Message, Model, Prompt, Tool, prompt_tokens
from .reading import as_list, as_number, as_object, as_text, as_whole
from .server import Refused, StandIn, json_reply
from .words import split_tokens

__all__ = ["Ollama"]

_VERSION: Final = "0.33.0"
#: The last sort that left cached tokens out of its counts.
_SUBTRACTING_VERSION: Final = "0.30.0"
_DEFAULT_CONTEXT_TOKENS: Final = 4096
_KEEP_S: Final = 300.0
_FOREVER_S: Final = -1.0
#: What a picture counts when messages are dropped to make a prompt fit.
_IMAGE_TOKENS: Final = 768
_OVERFLOW: Final = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the "
    "context length in settings, or use a model with a longer context length"
)
_DURATION: Final = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Ollama(StandIn):
    """Ollama's native interface."""

    kind: ClassVar[str] = "ollama"
    default_port: ClassVar[int] = 11434
    loaded_at_once: ClassVar[int | None] = 3

    def usual_models(self) -> tuple[Model, ...]:
        """One of each sort, with sizes as the documents' examples have them."""
        return (
            _model("llama3.2:latest", "llama", "3.2B", 2_019_393_189, takes_tools=True),
            _model("gemma3:4b", "gemma3", "4.3B", 3_338_801_804, takes_images=True),
            _model("blind-llava:7b", "llama", "7B", 4_733_363_377, context=32_768, takes_images=True, is_blind=True),
            _model("qwen3:latest", "qwen3", "8.2B", 5_225_388_164, context=40_960, takes_tools=True, thinks=True),
            _model("nomic-embed-text:latest", "nomic-bert", "137M", 274_302_450, "F16", context=2048, dimensions=768),
        )

    def routes(self) -> list[web.RouteDef]:
        """The native paths."""
        return [
            web.get("/", self._greet),
            web.get("/api/version", self._tell_version),
            web.get("/api/tags", self._list_models),
            web.get("/api/ps", self._list_loaded),
            web.post("/api/show", self._show),
            web.post("/api/chat", self._chat),
            web.post("/api/generate", self._generate),
            web.post("/api/embed", self._embed),
            web.get("/v1/models", self._list_for_openai),
        ]

    def fault(self, status: int, words: str) -> web.Response:
        """An object with one text."""
        return json_reply({"error": words}, status=status, content_type=JSON)

    def not_found(self, request: web.Request) -> web.Response:
        """The words of the Go framework underneath."""
        return web.Response(status=404, text="404 page not found", content_type="text/plain")

    def find(self, name: str) -> Model | None:
        """Find a model; a missing tag is ``latest``."""
        return super().find(name if ":" in name.rpartition("/")[2] else f"{name}:latest")

    async def _greet(self, request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running", content_type="text/plain")

    async def _tell_version(self, request: web.Request) -> web.Response:
        subtracts = self.behaviour.prompt_cache == "subtracted"
        return json_reply({"version": _SUBTRACTING_VERSION if subtracts else _VERSION}, content_type=JSON)

    async def _list_models(self, request: web.Request) -> web.Response:
        entries = [
            {**write_entry(model), "capabilities": write_capabilities(model)}
            | {"details": write_details(model) | {"context_length": self.context_of(model)}}
            for model in self.models
        ]
        return json_reply({"models": entries}, content_type=JSON)

    async def _list_loaded(self, request: web.Request) -> web.Response:
        today, clock = datetime.now(UTC), time.monotonic()
        entries = []
        for one in self.loaded():
            left_s = 100 * 365 * 86_400 if one.expires_at is None else one.expires_at - clock
            size = one.model.size_bytes + 131_072 * one.context_tokens
            entry = {name: value for name, value in write_entry(one.model).items() if name != "modified_at"}
            expires_at = (today + timedelta(seconds=left_s)).isoformat().replace("+00:00", "Z")
            entries.append(
                entry
                | {"size": size, "details": write_details(one.model), "expires_at": expires_at}
                | {"size_vram": size, "context_length": one.context_tokens}
            )
        return json_reply({"models": entries}, content_type=JSON)

    async def _list_for_openai(self, request: web.Request) -> web.Response:
        entries = [
            {"id": one.name, "object": "model", "created": 1755856800, "owned_by": "library"} for one in self.models
        ]
        return json_reply({"object": "list", "data": entries}, content_type=JSON)

    async def _show(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        model = self._existing(as_text(body.get("model")) or as_text(body.get("name")))
        information: dict[str, object] = {
            "general.architecture": model.family,
            "general.parameter_count": _count_parameters(model.parameters),
            f"{model.family}.context_length": self.context_of(model),
        }
        if model.takes_images:
            information[f"{model.family}.vision.block_count"] = 27
        if model.embeds:
            information[f"{model.family}.embedding_length"] = model.dimensions
        return json_reply(
            {
                "modelfile": "# Modelfile ...",
                "parameters": 'stop "<end_of_turn>"',
                "template": "{{ .Prompt }}",
                "details": write_details(model) | {"context_length": self.context_of(model)},
                "model_info": information,
                **({"projector_info": {}} if model.takes_images else {}),
                "capabilities": write_capabilities(model),
                "modified_at": MODIFIED,
            },
            content_type=JSON,
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self.read_object(request)
        model = self._existing(as_text(body.get("model")))
        keep_s = self._read_keep_alive(body)
        messages = [read_message(message) for message in as_list(body.get("messages"))]
        if not messages:
            return await self._load_only(model, body, keep_s, {"message": {"role": "assistant", "content": ""}})
        wire = OllamaWire(as_text(body.get("model")), is_chat=True)
        return await self._write_answer(request, body, model, messages, wire, keep_s)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body = await self.read_object(request)
        model = self._existing(as_text(body.get("model")))
        keep_s = self._read_keep_alive(body)
        text = as_text(body.get("prompt"))
        if not text:
            return await self._load_only(model, body, keep_s, {"response": ""})
        messages = [Message(role="user", text=text, images=read_images(body.get("images")))]
        if as_text(body.get("system")):
            messages.insert(0, Message(role="system", text=as_text(body.get("system"))))
        wire = OllamaWire(as_text(body.get("model")), is_chat=False)
        return await self._write_answer(request, body, model, messages, wire, keep_s)

    async def _write_answer(
        self,
        request: web.Request,
        body: dict[str, object],
        model: Model,
        messages: list[Message],
        wire: OllamaWire,
        keep_s: float,
    ) -> web.StreamResponse:
        tools = tuple(read_tool(tool) for tool in as_list(body.get("tools")))
        thinks = self._check_abilities(body, model, messages, tools)
        options = as_object(body.get("options"))
        context_tokens = self._context_asked(model, body)
        schema = body.get("format")
        prompt = Prompt(
            model=model,
            messages=tuple(self._fit(messages, tools, context_tokens, body)),
            context_tokens=context_tokens,
            tools=tools,
            schema=as_object(schema) if schema and schema != "" else None,
            stop=tuple(as_text(stop) for stop in as_list(options.get("stop"))),
            max_tokens=as_whole(options.get("num_predict")),
            seed=as_whole(options.get("seed")) or 0,
            thinks=thinks,
        )

        async def prepare() -> None:
            await self.load(model, context_tokens, keep_s)

        reply = await self.answer(request, prompt, wire, is_stream=body.get("stream") is not False, prepare=prepare)
        if keep_s == 0:
            self.unload(model.name)
        return reply

    def _check_abilities(
        self, body: dict[str, object], model: Model, messages: list[Message], tools: Sequence[Tool]
    ) -> bool:
        """Refuse what the model cannot do; return whether it thinks."""
        asked = as_text(body.get("model"))
        if model.embeds:
            raise Refused(self.fault(400, f'"{asked}" does not support {"chat" if "messages" in body else "generate"}'))
        if tools and not model.takes_tools:
            raise Refused(self.fault(400, f"registry.ollama.ai/library/{model.name} does not support tools"))
        if not model.takes_images and any(message.images for message in messages):
            raise Refused(self.fault(400, "this model is missing data required for image input"))
        think = body.get("think")
        if think not in (None, False) and not model.thinks:
            raise Refused(self.fault(400, f'"{asked}" does not support thinking'))
        return model.thinks and think is not False

    async def _load_only(
        self, model: Model, body: dict[str, object], keep_s: float, empty: dict[str, object]
    ) -> web.Response:
        if keep_s == 0:
            self.unload(model.name)
        else:
            await self.load(model, self._context_asked(model, body), keep_s)
        head = {"model": as_text(body.get("model")), "created_at": now(), **empty}
        return json_reply({**head, "done": True, "done_reason": "load" if keep_s else "unload"}, content_type=JSON)

    async def _embed(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        model = self._existing(as_text(body.get("model")))
        given = body.get("input")
        texts = [given] if isinstance(given, str) else as_list(given)
        if not all(isinstance(text, str) for text in texts) or (
            given is not None and not isinstance(given, str | list)
        ):
            raise Refused(self.fault(400, "invalid input type"))
        if not model.embeds:
            raise Refused(self.fault(400, "this model does not support embeddings"))
        limit, total, vectors = self.context_of(model), 0, []
        async with self.slot():
            await self.load(model, limit, self._read_keep_alive(body))
            for text in map(as_text, texts):
                tokens = split_tokens(text)
                if len(tokens) > limit and body.get("truncate") is False:
                    raise Refused(self.fault(400, "the input length exceeds the context length"))
                total += min(len(tokens), limit)
                vectors.append(embed("".join(tokens[:limit]), model.dimensions))
        timings = {"total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": total}
        return json_reply({"model": as_text(body.get("model")), "embeddings": vectors, **timings}, content_type=JSON)

    def _existing(self, name: str) -> Model:
        model = self.find(name)
        if not name:
            raise Refused(self.fault(400, "model is required"))
        if model is None:
            raise Refused(self.fault(404, f"model '{name}' not found"))
        return model

    def _context_asked(self, model: Model, body: dict[str, object]) -> int:
        """The context that the request asks for; without a wish, what is in memory or the server's default."""
        asked = as_whole(as_object(body.get("options")).get("num_ctx"))
        known = self.loaded_model(model.name)
        usual = known.context_tokens if known is not None else _DEFAULT_CONTEXT_TOKENS
        return min(asked or usual, self.context_of(model))

    def _fit(
        self, messages: list[Message], tools: Sequence[Tool], context_tokens: int, body: dict[str, object]
    ) -> list[Message]:
        """Drop the oldest messages until the rest fits, as the server does; system messages and the last one stay."""
        if self.behaviour.evaluates_at_most is not None or _size(messages, tools) <= context_tokens:
            return messages
        if body.get("truncate") is False or body.get("shift") is False:
            raise Refused(self.fault(400, _OVERFLOW))
        kept = list(messages)
        while _size(kept, tools) > context_tokens:
            oldest = next((index for index, one in enumerate(kept[:-1]) if one.role != "system"), None)
            if oldest is None:
                break
            del kept[oldest]
        return kept

    def _read_keep_alive(self, body: dict[str, object]) -> float:
        """Read a duration in seconds: a number of seconds, or a text like ``10m``; negative is for ever."""
        given = body.get("keep_alive")
        if given is None:
            return _KEEP_S
        if isinstance(given, str):
            found = _DURATION.findall(given)
            if not found:
                raise Refused(self.fault(400, f'time: invalid duration "{given}"'))
            seconds = sum(abs(float(number)) * _UNITS[unit] for number, unit in found)
            return _FOREVER_S if given.startswith("-") else seconds
        return max(_FOREVER_S, as_number(given, _KEEP_S))


def _model(
    name: str,
    family: str,
    parameters: str,
    size_bytes: int,
    quantisation: str = "Q4_K_M",
    *,
    context: int = 131_072,
    takes_images: bool = False,
    is_blind: bool = False,
    takes_tools: bool = False,
    thinks: bool = False,
    dimensions: int = 0,
) -> Model:
    return Model(
        name=name,
        family=family,
        parameters=parameters,
        quantisation=quantisation,
        size_bytes=size_bytes,
        context_tokens=context,
        takes_images=takes_images,
        is_blind=is_blind,
        takes_tools=takes_tools,
        thinks=thinks,
        embeds=dimensions > 0,
        dimensions=dimensions,
    )


def _size(messages: Sequence[Message], tools: Sequence[Tool]) -> int:
    texts = [Message(role=message.role, text=message.text) for message in messages]
    return len(prompt_tokens(texts, tools)) + _IMAGE_TOKENS * sum(len(message.images) for message in messages)


def _count_parameters(words: str) -> int:
    unit = {"B": 1_000_000_000, "M": 1_000_000}[words[-1]]
    return int(float(words[:-1]) * unit)
