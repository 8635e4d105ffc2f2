"""What programs send to the OpenAI-compatible door, checked as far as it could do harm and otherwise left as it is.

Sources: OpenAI API reference, chat completions and embeddings, November 2026; llama.cpp tools/server/README.md and
vLLM's protocol files of 2026 for the fields that those servers add.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from samovar.api.openai_ledger import takes_ledger
from samovar.domain.errors import InvalidParameter, InvalidRequest
from samovar.domain.parameters import PARAMETER_RANGES, read_parameters
from samovar.gateway.trim import message_words

__all__ = ["CompletionRequest", "EmbeddingsRequest", "prompt_texts", "read_completion", "read_embeddings"]

_LONGEST_MODEL: Final = 500
_MOST_MESSAGES: Final = 10_000
_MOST_PARTS: Final = 1_000
_MOST_TOOLS: Final = 128
_MOST_INPUTS: Final = 2_048
_MOST_INPUT_TOKENS: Final = 131_072
_MOST_BIASES: Final = 1_024
_LONGEST_GRAMMAR: Final = 32_768
#: As JSON: what grammars are made from, however the server calls it, and all tools together.
_LONGEST_FORM: Final = 65_536
_LONGEST_TOOLS: Final = 1_000_000
#: Deeper than any schema that a grammar is made from, and shallow enough to be written again.
_MOST_LEVELS: Final = 100
#: A picture is one long text; a body of many small values grows twentyfold when it is read.
_MOST_BRACKETS: Final = 500_000
_MOST_COMMAS: Final = 2_000_000
#: Below this a body cannot be dense enough to matter.
_SMALL_BODY: Final = 4_000_000

#: A seed may be any whole number in this form, so it has bounds of its own.
_BOUNDED: Final = (*(name for name in PARAMETER_RANGES if name != "seed"), "stop", "json_schema")
#: Bounds of whole numbers beyond the parameters of a chat; servers have crashed on values their own checks let through.
_WHOLE: Final[Mapping[str, tuple[int, int]]] = {
    "seed": (-(2**63), 2**63 - 1),
    "max_completion_tokens": (1, 131_072),
    "n_predict": (1, 131_072),
    "min_tokens": (0, 131_072),
    "n": (1, 128),
    "best_of": (1, 128),
    "top_logprobs": (0, 20),
    "n_probs": (0, 20),
    "prompt_logprobs": (0, 20),
    "n_cmpl": (1, 128),
    "n_keep": (-1, 131_072),
    "n_discard": (0, 131_072),
    "n_indent": (0, 1_000),
    "min_keep": (0, 131_072),
    "repeat_last_n": (-1, 131_072),
    "dry_allowed_length": (0, 131_072),
    "dry_penalty_last_n": (-1, 131_072),
    "truncate_prompt_tokens": (-1, 131_072),
}
#: Fields that servers make a grammar or an expression from, and compile: a huge one holds them up for minutes.
_FORMS: Final = (
    "response_format",
    "structured_outputs",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "grammar_triggers",
)
#: Fields that reach past the answer: into the server's memory, its network or its code (vLLM, llama.cpp).
_NOT_PASSED_ON: Final = frozenset(
    {
        "chat_template",
        "id_slot",
        "kv_transfer_params",
        "logits_processors",
        "lora",
        "media_io_kwargs",
        "mm_processor_kwargs",
        "prompt_embeds",
    }
)
#: Variables of a chat template that are none: they would replace the template itself or what is done with it
#: (vLLM, GHSA-6fvq-23cw-5628 and GHSA-69j4-grxj-j64p, 2025).
_NO_VARIABLES: Final = frozenset(
    {"chat_template", "conversation", "messages", "return_dict", "return_tensors", "tokenize", "tokenizer_kwargs"}
)
_MOST_VARIABLES: Final = 32
#: Embeddings of whole conversations would bring pictures, which are checked in completions only.
_NOT_EMBEDDED: Final = frozenset({"messages", "content"}) | _NOT_PASSED_ON
#: The parts of a message that carry their content with them, and the keys that these parts may have.
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "text": frozenset({"type", "text", "cache_control"}),
    "refusal": frozenset({"type", "refusal"}),
    "image_url": frozenset({"type", "image_url", "cache_control"}),
    "input_audio": frozenset({"type", "input_audio"}),
}
_PICTURE: Final = re.compile(r"data:image/(?:png|jpe?g|webp|gif|bmp);base64,")
#: What a model thought in earlier turns; templates leave it out of the prompt.
_END_OF_THOUGHT: Final = "</think>"
#: Templates without tools leave the messages of tools out.
_ALWAYS_SHOWN: Final = ("system", "developer", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """A chat completion that may be passed on; ``wants_ledger``: the ledger is to come with the answer."""

    model: str | None
    payload: dict[str, Any]
    has_image: bool
    wants_ledger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsRequest:
    """An embeddings request that may be passed on; ``texts`` is empty where the input is tokens."""

    model: str
    payload: dict[str, Any]
    texts: tuple[str, ...]


def read_completion(body: bytes) -> CompletionRequest:
    """Check a chat completion request. Raises: InvalidRequest, InvalidParameter."""
    payload = _read_object(body, _NOT_PASSED_ON)
    wants_ledger = takes_ledger(payload)
    model = _read_model(payload)
    messages = payload.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= _MOST_MESSAGES:
        raise InvalidRequest(reason=f"messages is a list of 1 to {_MOST_MESSAGES} messages")
    _check_parameters(payload)
    has_image = False
    for message in messages:
        has_image = _check_message(message) or has_image
    return CompletionRequest(model=model, payload=payload, has_image=has_image, wants_ledger=wants_ledger)


def prompt_texts(messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The words of checked messages that every chat template puts into the prompt."""
    texts: list[str] = []
    for message in messages:
        if message["role"] == "assistant":
            texts.extend(text.rpartition(_END_OF_THOUGHT)[2] for text in message_words(message))
        elif message["role"] in _ALWAYS_SHOWN:
            texts.extend(message_words(message))
    return tuple(texts)


def read_embeddings(body: bytes) -> EmbeddingsRequest:
    """Check an embeddings request. Raises: InvalidRequest, InvalidParameter."""
    payload = _read_object(body, _NOT_EMBEDDED)
    model = _read_model(payload)
    if model is None:
        raise InvalidParameter("model", "must name an embedding model")
    given = payload.get("input")
    inputs = given if isinstance(given, list) and not _are_tokens(given) else [given]
    if not 0 < len(inputs) <= _MOST_INPUTS:
        raise InvalidParameter("input", f"takes 1 to {_MOST_INPUTS} texts")
    texts = tuple(text for text in inputs if isinstance(text, str) and text)
    if len(texts) < len(inputs) and not all(_are_tokens(tokens) for tokens in inputs):
        raise InvalidParameter("input", "must be a text, a list of texts, a list of tokens or a list of such lists")
    if payload.get("encoding_format") not in (None, "float", "base64"):
        raise InvalidParameter("encoding_format", "must be float or base64")
    _check_whole(payload, "dimensions", 1, 65_536)
    return EmbeddingsRequest(model=model, payload=payload, texts=texts)


def _read_object(body: bytes, not_passed_on: frozenset[str]) -> dict[str, Any]:
    brackets = body.count(b"{") + body.count(b"[")
    if len(body) > _SMALL_BODY and (brackets > _MOST_BRACKETS or body.count(b",") > _MOST_COMMAS):
        raise InvalidRequest(reason="the body has too many values")
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(reason="the body is not JSON") from error
    if not isinstance(payload, dict):
        raise InvalidRequest(reason="the body is not a JSON object")
    if brackets > _MOST_LEVELS and _is_deep(payload):
        raise InvalidRequest(reason=f"the body is nested deeper than {_MOST_LEVELS} levels")
    if refused := sorted(not_passed_on & payload.keys()):
        raise InvalidParameter(refused[0], "is not passed on")
    return payload


def _is_deep(value: object) -> bool:
    """Whether a value is nested too deep, found without recursion: it may be deeper than the stack."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterator[object]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (child for child in children if isinstance(child, dict | list))


def _read_model(payload: Mapping[str, object]) -> str | None:
    model = payload.get("model")
    if model is not None and not (isinstance(model, str) and len(model) <= _LONGEST_MODEL):
        raise InvalidRequest(reason=f"model is a text of at most {_LONGEST_MODEL} characters")
    return model or None


def _check_parameters(payload: Mapping[str, Any]) -> None:
    read_parameters({name: payload[name] for name in _BOUNDED if payload.get(name) is not None})
    for name, (low, high) in _WHOLE.items():
        if name in payload:
            _check_whole(payload, name, low, high)
    form = payload.get("response_format")
    named = form.get("json_schema") if isinstance(form, dict) else None
    if isinstance(named, dict):
        read_parameters({"json_schema": named.get("schema")})
    grammar = payload.get("grammar")
    if isinstance(grammar, str) and len(grammar) > _LONGEST_GRAMMAR:
        raise InvalidParameter("grammar", f"is longer than {_LONGEST_GRAMMAR} characters")
    for name, most in (("tools", _MOST_TOOLS), ("functions", _MOST_TOOLS), ("logit_bias", _MOST_BIASES)):
        several = payload.get(name)
        if isinstance(several, list | dict) and len(several) > most:
            raise InvalidParameter(name, f"has at most {most} entries")
    _check_forms(payload)


def _check_forms(payload: Mapping[str, object]) -> None:
    for name, longest in (*((name, _LONGEST_FORM) for name in _FORMS), ("tools", _LONGEST_TOOLS)):
        if name in payload and len(orjson.dumps(payload[name])) > longest:
            raise InvalidParameter(name, f"is longer than {longest} bytes")
    variables = payload.get("chat_template_kwargs")
    if variables is None:
        return
    if not isinstance(variables, dict) or len(variables) > _MOST_VARIABLES:
        raise InvalidParameter("chat_template_kwargs", f"must be an object of at most {_MOST_VARIABLES} variables")
    if refused := sorted(_NO_VARIABLES & variables.keys()):
        raise InvalidParameter("chat_template_kwargs", f"{refused[0]} is not passed on")


def _check_whole(payload: Mapping[str, object], name: str, low: int, high: int) -> None:
    value = payload.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidParameter(name, f"must be a whole number between {low} and {high}")


def _check_message(message: object) -> bool:
    """Whether there is a picture in it."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise InvalidRequest(reason="a message is an object with a role")
    content = message.get("content")
    if isinstance(content, list):
        return _check_parts(content)
    if content is not None and not isinstance(content, str):
        raise InvalidRequest(reason="the content of a message is a text or a list of parts")
    return False


def _check_parts(parts: Sequence[object]) -> bool:
    """Whether there is a picture among them.

    Some servers fetch what an address names, which would let a request look around inside the network, and go by a
    key like ``video_url`` whatever the type says. So there are no addresses, and no keys but the known ones.
    """
    if len(parts) > _MOST_PARTS:
        raise InvalidRequest(reason=f"a message has at most {_MOST_PARTS} parts")
    has_image = False
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        keys = _PARTS.get(kind) if isinstance(kind, str) else None
        if not isinstance(part, dict) or keys is None:
            raise InvalidRequest(reason=f"a part of a message has one of the types {', '.join(_PARTS)}")
        if not part.keys() <= keys:
            raise InvalidRequest(reason=f"a part of the type {kind} has the keys {', '.join(sorted(keys))} only")
        if kind == "image_url":
            _check_picture(part.get("image_url"))
            has_image = True
    return has_image


def _check_picture(image: object) -> None:
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str) or not _PICTURE.match(url):
        raise InvalidRequest(reason="a picture is sent as a data URI of PNG, JPEG, WebP, GIF or BMP in base64")
    if isinstance(image, dict) and not image.keys() <= {"url", "detail"}:
        raise InvalidRequest(reason="a picture has the keys url and detail only")


def _are_tokens(value: object) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MOST_INPUT_TOKENS
        and all(isinstance(token, int) and not isinstance(token, bool) and 0 <= token < 2**31 for token in value)
    )
