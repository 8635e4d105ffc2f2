"""Requests for ``/api/chat``: ours, and OpenAI's put into its terms."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from samovar.domain.backend import LoadParameters
from samovar.domain.errors import BackendRefused
from samovar.domain.generation import ChatRequest, ImagePart, PromptMessage

__all__ = ["read_openai", "write_chat", "write_load"]

_OPTIONS: Final = (
    *("temperature", "top_p", "top_k", "min_p", "seed", "stop"),
    *("presence_penalty", "frequency_penalty", "repeat_penalty"),
)
#: Fields that say who asks or how to bill, and change nothing in an answer.
_WITHOUT_EFFECT: Final = frozenset(
    {"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}
)
#: Fields whose only value that Ollama can keep is what it does anyway.
_NEUTRAL: Final[dict[str, tuple[object, ...]]] = {
    "n": (1,),
    "logit_bias": ({},),
    "parallel_tool_calls": (True,),
    "modalities": (["text"],),
    "functions": ([],),
}
_READ_ELSEWHERE: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "tools", "tool_choice"}
    | {"response_format", "reasoning_effort", "logprobs", "top_logprobs", "json_schema", *_OPTIONS}
)
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_PICTURES: Final = ("data:image/png;base64", "data:image/jpeg;base64", "data:image/webp;base64")
_MESSAGE_FIELDS: Final = frozenset(
    {
        "role",
        "content",
        "name",
        "tool_calls",
        "tool_call_id",
        "reasoning_content",
        "reasoning",
        "refusal",
        "annotations",
    }
)


def write_chat(request: ChatRequest, *, thinks: bool | None) -> dict[str, object]:
    """Put a request of ours into Ollama's terms; the effort of thinking is left out where a model does not think."""
    chosen = request.parameters.chosen()
    options: dict[str, object] = {name: chosen[name] for name in _OPTIONS if name in chosen}
    if "max_tokens" in chosen:
        options["num_predict"] = chosen["max_tokens"]
    written = _chat(request.model, [_write_message(message) for message in request.messages])
    if "reasoning_effort" in chosen and thinks is not False:
        written["think"] = _write_effort(chosen["reasoning_effort"])
    if "json_schema" in chosen:
        written["format"] = chosen["json_schema"]
    return {**written, "options": options}


def write_load(load: LoadParameters) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields and the options that say how a model is to be loaded."""
    named = {"num_batch": load.batch_tokens, "num_gpu": load.gpu_layers, "num_thread": load.threads}
    options: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    return ({"keep_alive": load.keep_alive_s} if load.keep_alive_s is not None else {}), options


def read_openai(payload: Mapping[str, Any], *, backend: str, has_logprobs: bool) -> dict[str, object]:
    """Put an OpenAI request into Ollama's terms. Raises: BackendRefused, which names what cannot be kept."""

    def refuse(reason: str) -> BackendRefused:
        return BackendRefused(backend=backend, reason=reason)

    given = {name: value for name, value in payload.items() if value is not None}
    for name, value in given.items():
        if name in _READ_ELSEWHERE or name in _WITHOUT_EFFECT or value in _NEUTRAL.get(name, ()):
            continue
        raise refuse(f"Ollama does not know {name[:40]}")
    messages = given.get("messages")
    if not isinstance(messages, list) or not messages:
        raise refuse("messages are missing")
    limit = given.get("max_completion_tokens", given.get("max_tokens"))
    options = {name: given[name] for name in _OPTIONS if name in given}
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    return {
        **_chat(str(given.get("model", "")), _read_messages(messages, refuse)),
        **_read_tools(given, refuse),
        **_read_format(given, refuse),
        **({"think": _write_effort(given["reasoning_effort"])} if "reasoning_effort" in given else {}),
        **_read_logprobs(given, refuse, has_logprobs=has_logprobs),
        "options": options | ({"num_predict": limit} if limit is not None else {}),
    }


def _chat(model: str, messages: list[dict[str, object]]) -> dict[str, object]:
    # Without these two a prompt that is too long loses its beginning, and nobody is told.
    return {"model": model, "messages": messages, "stream": True, "truncate": False, "shift": False}


def _write_message(message: PromptMessage) -> dict[str, object]:
    written: dict[str, object] = {"role": message.role, "content": message.text}
    images = [base64.b64encode(part.content).decode("ascii") for part in message.parts if isinstance(part, ImagePart)]
    return {**written, "images": images} if images else written


def _write_effort(effort: object) -> object:
    return False if effort == "none" else effort


_Refuse = Callable[[str], BackendRefused]


def _read_messages(messages: list[Any], refuse: _Refuse) -> list[dict[str, object]]:
    read: list[dict[str, object]] = []
    called: dict[str, str] = {}
    for message in messages:
        role = _ROLES.get(str(message.get("role"))) if isinstance(message, dict) else None
        if role is None:
            raise refuse("a message without a known role")
        strange = next((name for name, value in message.items() if value and name not in _MESSAGE_FIELDS), None)
        if strange is not None:
            raise refuse(f"Ollama does not know messages with {strange[:40]}")
        if message.get("name") and role != "tool":
            raise refuse("Ollama does not know names of those who speak")
        one = {"role": role, **_read_content(message, refuse)}
        if isinstance(thought := message.get("reasoning_content") or message.get("reasoning"), str):
            one["thinking"] = thought
        if message.get("tool_calls"):
            one["tool_calls"] = [_read_call(call, called, refuse) for call in message["tool_calls"]]
        if role == "tool":
            identity = str(message.get("tool_call_id", ""))
            one |= {"tool_call_id": identity, "tool_name": str(message.get("name") or called.get(identity, ""))}
        read.append(one)
    return read


def _read_content(message: Mapping[str, Any], refuse: _Refuse) -> dict[str, object]:
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    if isinstance(content, str):
        return {"content": content}
    if not isinstance(content, list):
        raise refuse("a message whose content is neither text nor parts")
    texts: list[str] = []
    images: list[str] = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "refusal") and isinstance(part.get(kind), str):
            texts.append(part[kind])
        elif kind == "image_url":
            images.append(_read_picture(part, refuse))
        else:
            raise refuse("a part of a message that is neither text nor a picture")
    return {"content": "".join(texts), **({"images": images} if images else {})}


def _read_picture(part: Mapping[str, Any], refuse: _Refuse) -> str:
    image = part.get("image_url")
    address = image.get("url") if isinstance(image, dict) else image
    head, _, body = address.partition(",") if isinstance(address, str) else ("", "", "")
    if head not in _PICTURES or not body:
        raise refuse("a picture that is no PNG, JPEG or WebP data URI")
    return body


def _read_call(call: Any, called: dict[str, str], refuse: _Refuse) -> dict[str, object]:
    """OpenAI writes the arguments of a call as a text of JSON, Ollama as an object."""
    function = call.get("function") if isinstance(call, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not isinstance(function, dict):
        raise refuse("a tool call without a function")
    try:
        arguments = orjson.loads(function.get("arguments") or "{}")
    except (orjson.JSONDecodeError, TypeError) as error:
        raise refuse("a tool call whose arguments are no JSON") from error
    if not isinstance(arguments, dict):
        raise refuse("a tool call whose arguments are no JSON object")
    identity = str(call.get("id", ""))
    called[identity] = name
    return {"id": identity, "function": {"name": name, "arguments": arguments}}


def _read_tools(given: Mapping[str, Any], refuse: _Refuse) -> dict[str, object]:
    tools, choice = given.get("tools"), given.get("tool_choice", "auto")
    if not tools or choice == "none":
        return {}
    if choice != "auto":
        raise refuse("Ollama cannot be made to call a tool (tool_choice)")
    if not isinstance(tools, list) or not all(isinstance(tool, dict) and "function" in tool for tool in tools):
        raise refuse("a tool that is no function")
    return {"tools": tools}


def _read_format(given: Mapping[str, Any], refuse: _Refuse) -> dict[str, object]:
    wanted = given.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        schema = given.get("json_schema")
        return {"format": schema} if isinstance(schema, dict) else {}
    if kind == "json_object":
        return {"format": "json"}
    named = wanted.get("json_schema") if kind == "json_schema" and isinstance(wanted, dict) else None
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise refuse("a response_format that is neither text nor json_object nor a json_schema with a schema")
    return {"format": schema}


def _read_logprobs(given: Mapping[str, Any], refuse: _Refuse, *, has_logprobs: bool) -> dict[str, object]:
    if not given.get("logprobs"):
        return {}
    if not has_logprobs:
        raise refuse("this version of Ollama does not know logprobs (0.12.11 does)")
    return {"logprobs": True, "top_logprobs": given.get("top_logprobs", 0)}
