"""LM Studio. Source: lmstudio.ai/docs, REST API v1 (0.4, 2026) and v0 (0.3.6, 2025), and reports to its bug tracker.

What surprises: a path that it does not have is answered with 200 and an error; a prompt that is too long and a picture
for a model without sight are errors *inside* a stream of status 200; the counts of embeddings are zeros. A model that
is not in memory is brought in by the first request (just-in-time loading), and the one that came so before leaves.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

import orjson
from aiohttp import web

from .behaviour import Behaviour
from .counts import Counts
from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Message, Model
from .reading import as_object, as_text, as_whole
from .server import Refused, json_reply

__all__ = ["LMStudio", "LMStudioThree"]

_JSON: Final = "application/json; charset=utf-8"
_DEFAULT_CONTEXT_TOKENS: Final = 4096
_BITS: Final = {"Q4_K_M": 4, "4bit": 4, "F16": 16, "MXFP4": 4}
_NO_KEY: Final = (
    "An LM Studio API token is required to make requests to this server, but none was provided using the Authorization "
    "header using the 'Bearer' scheme (i.e., 'Authorization: Bearer $LM_API_TOKEN'). Learn more at: "
    "https://lmstudio.ai/docs/developer/core/authentication."
)


class LMStudioWire(OpenAIWire):
    """LM Studio's form of a chat completion."""

    whole_type = _JSON
    broken_words = "Compute error."
    has_logprobs = False

    def _head(self) -> dict[str, object]:
        return {"system_fingerprint": self._model}

    def _message(self) -> dict[str, object]:
        return {"tool_calls": []}

    def _whole(self, counts: Counts | None) -> dict[str, object]:
        return {"stats": {}}

    def _usage(self, counts: Counts, *, is_stream: bool) -> dict[str, object]:
        known = super()._usage(counts, is_stream=is_stream)
        return {name: known[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}

    def fault(self) -> bytes:
        """An event of its own name, with the words twice."""
        return _error_event(self.broken_words)


class LMStudio(OpenAIForm):
    """LM Studio 0.4 with its REST API v1, and v0 beside it."""

    kind: ClassVar[str] = "lmstudio"
    default_port: ClassVar[int] = 1234
    wire = LMStudioWire
    json_type = _JSON
    owner = "organization_owner"

    def usual_models(self) -> tuple[Model, ...]:
        """One of each sort, as the documents' examples have them; one sees nothing though it says so."""
        return (
            Model(
                name="meta-llama-3.1-8b-instruct",
                publisher="lmstudio-community",
                family="llama",
                parameters="8B",
                quantisation="Q4_K_M",
                size_bytes=4_920_739_232,
                context_tokens=131_072,
                takes_tools=True,
            ),
            Model(
                name="qwen2-vl-7b-instruct",
                publisher="mlx-community",
                family="qwen2_vl",
                parameters="7B",
                quantisation="4bit",
                size_bytes=4_684_000_000,
                context_tokens=32_768,
                form="mlx",
                takes_images=True,
            ),
            Model(
                name="blind-vlm-7b",
                publisher="samovar",
                family="llava",
                parameters="7B",
                quantisation="Q4_K_M",
                size_bytes=4_700_000_000,
                context_tokens=8192,
                takes_images=True,
                is_blind=True,
            ),
            Model(
                name="deepseek-r1-distill-qwen-7b",
                publisher="lmstudio-community",
                family="qwen2",
                parameters="7B",
                quantisation="Q4_K_M",
                size_bytes=4_683_074_240,
                context_tokens=131_072,
                thinks=True,
            ),
            Model(
                name="text-embedding-nomic-embed-text-v1.5",
                publisher="nomic-ai",
                family="nomic-bert",
                parameters="",
                quantisation="F16",
                size_bytes=274_290_560,
                context_tokens=2048,
                embeds=True,
                dimensions=768,
            ),
        )

    def __init__(self, behaviour: Behaviour | None = None, models: Sequence[Model] | None = None) -> None:
        super().__init__(behaviour, models)
        self._just_in_time: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """OpenAI's paths, v0 and v1."""
        return [
            *super().routes(),
            web.get("/api/v0/models", self._list_v0),
            web.get("/api/v0/models/{name:.+}", self._show_v0),
            web.post("/api/v0/chat/completions", self._chat),
            web.post("/api/v0/embeddings", self._embed),
            *self._routes_of_v1(),
        ]

    def _routes_of_v1(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/models", self._list_v1),
            web.post("/api/v1/models/load", self._load_v1),
            web.post("/api/v1/models/unload", self._unload_v1),
        ]

    def fault(self, status: int, words: str) -> web.Response:
        """An object with one text."""
        return json_reply({"error": words}, status=status, content_type=_JSON)

    def not_found(self, request: web.Request) -> web.Response:
        """An error under status 200."""
        return self.fault(200, f"Unexpected endpoint or method. ({request.method} {request.path})")

    def unauthorised(self) -> web.Response:
        """The error of the documents on tokens."""
        return self._error_v1(401, _NO_KEY, "invalid_api_key")

    def bad_json(self, error: str) -> web.Response:
        """The parser's words."""
        return self.fault(400, error or "the body is empty")

    def model_entry(self, model: Model) -> dict[str, object]:
        """The list of OpenAI's form tells names only."""
        return {"id": model.name, "object": "model", "owned_by": self.owner}

    def choose(self, body: dict[str, object]) -> Model:
        """Find the model; the error lists those that there are. Raises: Refused."""
        name = as_text(body.get("model"))
        model = self.find(name)
        if model is None:
            listed = "\n".join(one.name for one in self.models)
            words = f'Model "{name}" not found. Please specify a valid model.\n\nYour models:\n\n{listed}'
            raise Refused(self.error(404, words, parameter="model", code="model_not_found"))
        return model

    def context_in_force(self, model: Model) -> int:
        """What is in memory, else the context with which a model is brought in."""
        known = self.loaded_model(model.name)
        return known.context_tokens if known else min(_DEFAULT_CONTEXT_TOKENS, self.context_of(model))

    async def bring_in(self, model: Model) -> None:
        """Load just in time; a model that came that way before leaves, one that was loaded by request stays."""
        if self.loaded_model(model.name) is None:
            for name in self._just_in_time:
                self.unload(name)
            self._just_in_time = {model.name}
        await self.load(model, self.context_in_force(model))

    def check(self, body: dict[str, object], model: Model, messages: Sequence[Message], *, is_stream: bool) -> None:
        """Refuse JSON without a schema, embedding models, and pictures for models without sight. Raises: Refused."""
        wanted = as_object(body.get("response_format")).get("type", "text")
        if wanted not in ("text", "json_schema"):
            raise Refused(self.fault(400, "'response_format.type' must be 'json_schema' or 'text'"))
        if model.embeds:
            raise Refused(self.fault(400, f'Model "{model.name}" is an embedding model and cannot chat.'))
        super().check(body, model, messages, is_stream=is_stream)

    def reads_tools(self, model: Model) -> bool:
        """Every model gets tools, trained for them or not."""
        return True

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse, inside the stream where there is one. Raises: Refused."""
        self._refuse(400, "Model does not support images. Please use a model that does.", is_stream=is_stream)

    def refuse_address(self, address: str) -> None:
        """Only data URIs are taken. Raises: Refused."""
        raise Refused(self.fault(400, "'url' field must be a base64 encoded image."))

    def check_size(self, size: int, limit: int | None, context_tokens: int, *, model: Model, is_stream: bool) -> None:
        """Refuse, inside the stream where there is one. Raises: Refused."""
        if size >= context_tokens:
            words = (
                "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: "
                f"{size}>= n_ctx: {context_tokens}). Try to load the model with a larger context length, or provide a "
                "shorter input."
            )
            self._refuse(400, words, is_stream=is_stream)

    def refuse_embedding(self, model: Model) -> web.Response:
        """Say that a chat model makes no vectors."""
        return self.fault(400, f'Model "{model.name}" is not an embedding model.')

    def embedding_usage(self, size: int) -> dict[str, object]:
        """Zeros, as in the documents."""
        return {"prompt_tokens": 0, "total_tokens": 0}

    def _refuse(self, status: int, words: str, *, is_stream: bool) -> None:
        if not is_stream:
            raise Refused(self.fault(status, words))
        raise Refused(web.Response(body=_error_event(words), headers={"Content-Type": "text/event-stream"}))

    def _error_v1(self, status: int, words: str, code: str) -> web.Response:
        body = {"error": {"type": "invalid_request", "code": code, "message": words}}
        return json_reply(body, status=status, content_type=_JSON)

    # REST API v0.

    def _entry_v0(self, model: Model) -> dict[str, object]:
        known = self.loaded_model(model.name)
        sort = "embeddings" if model.embeds else "vlm" if model.takes_images else "llm"
        entry: dict[str, object] = {"id": model.name, "object": "model", "type": sort, "publisher": model.publisher}
        entry |= {"arch": model.family, "compatibility_type": model.form, "quantization": model.quantisation}
        entry |= {"state": "loaded" if known else "not-loaded", "max_context_length": self.context_of(model)}
        if known is not None:
            entry["loaded_context_length"] = known.context_tokens
        if model.takes_tools:
            entry["capabilities"] = ["tool_use"]
        return entry

    async def _list_v0(self, request: web.Request) -> web.Response:
        entries = [self._entry_v0(model) for model in self.models]
        return json_reply({"object": "list", "data": entries}, content_type=_JSON)

    async def _show_v0(self, request: web.Request) -> web.Response:
        return json_reply(self._entry_v0(self.choose({"model": request.match_info["name"]})), content_type=_JSON)

    # REST API v1.

    def _config_v1(self, model: Model, context_tokens: int) -> dict[str, object]:
        if model.embeds or model.form == "mlx":
            return {"context_length": context_tokens}
        return {
            "context_length": context_tokens,
            "eval_batch_size": 512,
            "flash_attention": True,
            "offload_kv_cache_to_gpu": True,
        }

    def _entry_v1(self, model: Model) -> dict[str, object]:
        known = self.loaded_model(model.name)
        config = self._config_v1(model, known.context_tokens) if known else {}
        if not model.embeds:
            config["parallel"] = self.behaviour.slots
        entry: dict[str, object] = {
            "type": "embedding" if model.embeds else "llm",
            "publisher": model.publisher,
            "key": model.name,
            "display_name": model.name.replace("-", " ").title(),
            "quantization": {"name": model.quantisation, "bits_per_weight": _BITS.get(model.quantisation)},
            "size_bytes": model.size_bytes,
            "params_string": model.parameters or None,
            "loaded_instances": [{"id": model.name, "config": config}] if known else [],
            "max_context_length": self.context_of(model),
            "format": model.form,
        }
        if model.embeds:
            return entry
        abilities: dict[str, object] = {"vision": model.takes_images, "trained_for_tool_use": model.takes_tools}
        if model.thinks:
            abilities["reasoning"] = {"allowed_options": ["off", "on"], "default": "on"}
        return entry | {"architecture": model.family, "capabilities": abilities, "description": None}

    async def _list_v1(self, request: web.Request) -> web.Response:
        return json_reply({"models": [self._entry_v1(model) for model in self.models]}, content_type=_JSON)

    async def _load_v1(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        name = as_text(body.get("model"))
        model = self.find(name)
        if model is None:
            return self._error_v1(404, f"Model {name} not found in downloaded models", "model_not_found")
        self._just_in_time.discard(name)
        asked = as_whole(body.get("context_length")) or _DEFAULT_CONTEXT_TOKENS
        loaded = await self.load(model, min(asked, self.context_of(model)))
        reply: dict[str, object] = {
            "type": "embedding" if model.embeds else "llm",
            "instance_id": model.name,
            "load_time_seconds": self.behaviour.load_s,
            "status": "loaded",
        }
        if body.get("echo_load_config") is True:
            reply["load_config"] = self._config_v1(model, loaded.context_tokens)
        return json_reply(reply, content_type=_JSON)

    async def _unload_v1(self, request: web.Request) -> web.Response:
        name = as_text((await self.read_object(request)).get("instance_id"))
        if not self.unload(name):
            return self._error_v1(404, f"No loaded model with instance id {name}", "model_not_found")
        return json_reply({"instance_id": name}, content_type=_JSON)


class LMStudioThree(LMStudio):
    """LM Studio 0.3, which has v0 only."""

    kind: ClassVar[str] = "lmstudio-0.3"

    def _routes_of_v1(self) -> list[web.RouteDef]:
        return []


def _error_event(words: str) -> bytes:
    return b"event: error\ndata: " + orjson.dumps({"error": {"message": words}, "message": words}) + b"\n\n"
