"""Microsoft Foundry Local 1.x. Source: Microsoft's Foundry Local REST API reference, June 2026.

What surprises: loading is a GET without a body in its reply; a chat with a model that is not in memory is a 400 without
words (github microsoft/foundry-local, issue 92, 2025); tokens can be counted.
"""

from typing import ClassVar

from aiohttp import web

from .counts import Counts
from .foundry import FOUNDRY_MODELS
from .openai_form import OpenAIForm
from .openai_wire import OpenAIWire
from .prompt import Model, prompt_tokens
from .reading import as_text
from .server import Refused, json_reply

__all__ = ["FoundryOne"]


class FoundryOneWire(OpenAIWire):
    """The form of a chat completion that the reference shows."""

    has_logprobs = False

    def _head(self) -> dict[str, object]:
        return {}

    def _chunk_choice(self) -> dict[str, object]:
        return {}

    def _message(self) -> dict[str, object]:
        return {}

    def _whole_choice(self) -> dict[str, object]:
        return {}

    def _usage(self, counts: Counts, *, is_stream: bool) -> dict[str, object]:
        known = super()._usage(counts, is_stream=is_stream)
        return {name: known[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}


class FoundryOne(OpenAIForm):
    """The service behind the command line of Foundry Local 1.x."""

    kind: ClassVar[str] = "foundry-1"
    default_port: ClassVar[int] = 5273
    wire = FoundryOneWire
    owner = "Microsoft"

    def usual_models(self) -> tuple[Model, ...]:
        """The same as in 2.x, without embeddings."""
        return tuple(model for model in FOUNDRY_MODELS if not model.embeds)

    def routes(self) -> list[web.RouteDef]:
        """OpenAI's paths and those of the service."""
        return [
            *(route for route in super().routes() if route.path != "/v1/embeddings"),
            web.post("/v1/chat/completions/tokenizer/encode/count", self._count),
            web.get("/openai/status", self._tell_status),
            web.get("/foundry/list", self._list_catalogue),
            web.get("/openai/models", self._list_names),
            web.get("/openai/loadedmodels", self._list_loaded),
            web.get("/openai/load/{name}", self._load),
            web.get("/openai/unload/{name}", self._unload),
            web.get("/openai/unloadall", self._unload_all),
        ]

    def not_found(self, request: web.Request) -> web.Response:
        """No body, as ASP.NET does."""
        return web.Response(status=404)

    def choose(self, body: dict[str, object]) -> Model:
        """Find the model; it must be in memory. Raises: Refused, without words."""
        model = self.find(as_text(body.get("model")))
        if model is None or self.loaded_model(model.name) is None:
            raise Refused(web.Response(status=400))
        return model

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse nothing: such pictures are dropped."""

    def reads_schema(self) -> bool:
        """Schemas are not documented."""
        return False

    async def _list_models(self, request: web.Request) -> web.Response:
        entries = [self.model_entry(model) for model in self.models]
        extra = {"IsDelta": False, "Successful": True, "HttpStatusCode": 0}
        return json_reply({"data": entries, **extra, "object": "list"})

    async def _count(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        return json_reply({"tokenCount": len(prompt_tokens(self.read_messages(body)))})

    async def _tell_status(self, request: web.Request) -> web.Response:
        endpoints = [f"http://{request.host}"]
        return json_reply({"Endpoints": endpoints, "ModelDirPath": "/path/to/models", "PipeName": "inference_agent"})

    async def _list_catalogue(self, request: web.Request) -> web.Response:
        return json_reply({"models": [_catalogue_entry(model) for model in self.models]})

    async def _list_names(self, request: web.Request) -> web.Response:
        return json_reply([model.name for model in self.models])

    async def _list_loaded(self, request: web.Request) -> web.Response:
        return json_reply([one.model.name for one in self.loaded()])

    async def _load(self, request: web.Request) -> web.Response:
        model = self.find(request.match_info["name"])
        if model is None:
            return web.Response(status=404)
        await self.load(model, self.context_of(model))
        return web.Response()

    async def _unload(self, request: web.Request) -> web.Response:
        self.unload(request.match_info["name"])
        return web.Response()

    async def _unload_all(self, request: web.Request) -> web.Response:
        for one in self.loaded():
            self.unload(one.model.name)
        return web.Response()


def _catalogue_entry(model: Model) -> dict[str, object]:
    task = "vision-language" if model.takes_images else "chat-completion"
    name, _, version = model.name.partition(":")
    return {
        "name": model.name,
        "displayName": name,
        "providerType": "AzureFoundry",
        "uri": f"azureml://registries/azureml/models/{name}/versions/{version}",
        "version": version,
        "modelType": "ONNX",
        "promptTemplate": {"assistant": "{Content}", "prompt": "<|user|>{Content}<|end|><|assistant|>"},
        "publisher": model.publisher,
        "task": task,
        "runtime": {"deviceType": "CPU", "executionProvider": "CPUExecutionProvider"},
        "fileSizeMb": model.size_bytes // 2**20,
        "modelSettings": {"parameters": []},
        "alias": model.alias,
        "supportsToolCalling": model.takes_tools,
        "license": "MIT",
        "licenseDescription": "This model is provided under the MIT licence.",
        "parentModelUri": f"azureml://registries/azureml/models/{model.alias}/versions/{version}",
    }
