"""What servers of OpenAI's form have in common: models, chat completions, embeddings.

Source: OpenAI's API reference, chat completions and embeddings, 2026. Each server says in its own file what it does
otherwise.
"""

from collections.abc import Sequence
from dataclasses import replace

import orjson
from aiohttp import web

from .embedding import embed
from .openai_wire import OpenAIWire
from .prompt import Message, Model, Prompt, Tool, prompt_tokens
from .reading import as_list, as_object, as_text, as_whole, decode_base64
from .server import Refused, StandIn, json_reply
from .words import split_tokens

__all__ = ["OpenAIForm"]


class OpenAIForm(StandIn):
    """The form, with the answers and errors of OpenAI itself."""

    wire: type[OpenAIWire] = OpenAIWire
    json_type = "application/json"
    owner = "organization-owner"

    def routes(self) -> list[web.RouteDef]:
        """The paths under ``/v1``."""
        return [
            web.get("/v1/models", self._list_models),
            web.post("/v1/chat/completions", self._chat),
            web.post("/v1/embeddings", self._embed),
        ]

    def error(
        self,
        status: int,
        words: str,
        *,
        sort: str = "invalid_request_error",
        parameter: str | None = None,
        code: object = None,
    ) -> web.Response:
        """Write an error in OpenAI's form."""
        body = {"error": {"message": words, "type": sort, "param": parameter, "code": code}}
        return json_reply(body, status=status, content_type=self.json_type)

    def fault(self, status: int, words: str) -> web.Response:
        """Write an error in OpenAI's form."""
        return self.error(status, words, sort="server_error" if status >= 500 else "invalid_request_error")

    def not_found(self, request: web.Request) -> web.Response:
        """Say that there is no such path."""
        return self.error(404, f"Invalid URL ({request.method} {request.path})")

    def bad_json(self, error: str) -> web.Response:
        """Say that the body is no JSON."""
        return self.error(400, "We could not parse the JSON body of your request.")

    # What servers change.

    def model_entry(self, model: Model) -> dict[str, object]:
        """One model in the list."""
        return {"id": model.name, "object": "model", "created": 1_755_856_800, "owned_by": self.owner}

    def choose(self, body: dict[str, object]) -> Model:
        """Find the model that a request names. Raises: Refused."""
        name = as_text(body.get("model"))
        model = self.find(name)
        if model is None:
            words = f"The model `{name}` does not exist or you do not have access to it."
            raise Refused(self.error(404, words, code="model_not_found"))
        return model

    def context_in_force(self, model: Model) -> int:
        """The context length that an answer would have now."""
        known = self.loaded_model(model.name)
        return known.context_tokens if known is not None else self.context_of(model)

    def check(self, body: dict[str, object], model: Model, messages: Sequence[Message], *, is_stream: bool) -> None:
        """Refuse what the server or the model cannot do. Raises: Refused."""
        if model.embeds:
            raise Refused(self.error(404, "This is not a chat model and thus not supported in this endpoint."))
        if any(message.images for message in messages) and not model.takes_images:
            self.refuse_images(model, is_stream=is_stream)

    def refuse_images(self, model: Model, *, is_stream: bool) -> None:
        """Refuse pictures that the model does not take. Raises: Refused."""
        raise Refused(self.error(400, "Invalid content type. image_url is only supported by certain models."))

    def refuse_address(self, address: str) -> None:
        """Refuse a picture by address: a stand-in fetches nothing. Raises: Refused."""
        raise Refused(self.error(400, f"Error while downloading {address[:200]}.", code="invalid_image_url"))

    def check_size(self, size: int, limit: int | None, context_tokens: int, *, model: Model, is_stream: bool) -> None:
        """Refuse a prompt that does not fit; ``limit`` is how many tokens may be written. Raises: Refused."""
        if size >= context_tokens:
            words = (
                f"This model's maximum context length is {context_tokens} tokens. However, your messages resulted in "
                f"{size} tokens. Please reduce the length of the messages."
            )
            raise Refused(self.error(400, words, parameter="messages", code="context_length_exceeded"))

    def reads_schema(self) -> bool:
        """Tell whether JSON schemas have an effect."""
        return True

    def reads_tools(self, model: Model) -> bool:
        """Tell whether tools have an effect; elsewhere they are ignored."""
        return model.takes_tools

    async def bring_in(self, model: Model) -> None:
        """Bring a model into memory before an answer; here everything is there from the start."""

    # The paths.

    async def _list_models(self, request: web.Request) -> web.Response:
        entries = [self.model_entry(model) for model in self.models]
        return json_reply({"object": "list", "data": entries}, content_type=self.json_type)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self.read_object(request)
        is_stream = body.get("stream") is True
        model = self.choose(body)
        messages = self.read_messages(body)
        self.check(body, model, messages, is_stream=is_stream)
        prompt = self._make_prompt(body, model, messages)
        if self.behaviour.evaluates_at_most is None:
            size = len(prompt_tokens(prompt.messages, prompt.tools))
            self.check_size(size, prompt.max_tokens, prompt.context_tokens, model=model, is_stream=is_stream)
        wire = self.wire(
            model.name,
            with_usage=as_object(body.get("stream_options")).get("include_usage") is True,
            top_logprobs=(as_whole(body.get("top_logprobs")) or 0) if body.get("logprobs") is True else None,
            refuses=self.behaviour.refuses,
        )
        return await self.answer(request, prompt, wire, is_stream=is_stream, prepare=lambda: self.bring_in(model))

    def _make_prompt(self, body: dict[str, object], model: Model, messages: tuple[Message, ...]) -> Prompt:
        stop = body.get("stop")
        choice = body.get("tool_choice")
        named = as_text(as_object(as_object(choice).get("function")).get("name"))
        wanted = as_object(body.get("response_format"))
        schema = None
        if self.reads_schema() and wanted.get("type") == "json_schema":
            schema = as_object(as_object(wanted.get("json_schema")).get("schema"))
        elif self.reads_schema() and wanted.get("type") == "json_object":
            schema = {}
        limit = as_whole(body.get("max_completion_tokens"))
        loses_images = not model.takes_images and any(message.images for message in messages)
        return Prompt(
            model=model,
            messages=tuple(replace(one, images=()) for one in messages) if loses_images else messages,
            lost_images=loses_images,
            context_tokens=self.context_in_force(model),
            tools=tuple(_read_tool(tool) for tool in as_list(body.get("tools"))) if self.reads_tools(model) else (),
            tool_choice=named or as_text(choice) or "auto",
            schema=schema,
            stop=(stop,) if isinstance(stop, str) else tuple(map(as_text, as_list(stop))),
            max_tokens=as_whole(body.get("max_tokens")) if limit is None else limit,
            seed=as_whole(body.get("seed")) or 0,
            thinks=model.thinks,
        )

    def read_messages(self, body: dict[str, object]) -> tuple[Message, ...]:
        """Read the messages of a request. Raises: Refused for a picture by address."""
        messages = []
        for given in map(as_object, as_list(body.get("messages"))):
            content = given.get("content")
            parts = [as_object(part) for part in as_list(content)]
            text = content if isinstance(content, str) else "".join(as_text(part.get("text")) for part in parts)
            calls = [orjson.dumps(call).decode() for call in as_list(given.get("tool_calls"))]
            images = [self._read_image(part) for part in parts if part.get("type") == "image_url"]
            role = as_text(given.get("role"))
            messages.append(Message(role=role, text="".join([text, *calls]), images=tuple(filter(None, images))))
        return tuple(messages)

    def _read_image(self, part: dict[str, object]) -> bytes | None:
        given = part.get("image_url")
        address = given if isinstance(given, str) else as_text(as_object(given).get("url"))
        if not address.startswith("data:"):
            self.refuse_address(address)
        return decode_base64(address)

    async def _embed(self, request: web.Request) -> web.Response:
        body = await self.read_object(request)
        model = self.choose(body)
        if not model.embeds:
            raise Refused(self.refuse_embedding(model))
        given = body.get("input")
        texts = [given] if isinstance(given, str) else [as_text(one) for one in as_list(given)]
        size = sum(len(split_tokens(text)) for text in texts)
        async with self.slot():
            await self.bring_in(model)
            vectors = [embed(text, model.dimensions) for text in texts]
        entries = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        usage = self.embedding_usage(size)
        return json_reply(
            {"object": "list", "data": entries, "model": model.name, "usage": usage}, content_type=self.json_type
        )

    def refuse_embedding(self, model: Model) -> web.Response:
        """Say that a chat model makes no vectors."""
        return self.error(403, f"You are not allowed to generate embeddings from this model: {model.name}")

    def embedding_usage(self, size: int) -> dict[str, object]:
        """The counts of a reply with vectors."""
        return {"prompt_tokens": size, "total_tokens": size}


def _read_tool(tool: object) -> Tool:
    function = as_object(as_object(tool).get("function"))
    return Tool(
        name=as_text(function.get("name")),
        description=as_text(function.get("description")),
        parameters=as_object(function.get("parameters")),
    )
