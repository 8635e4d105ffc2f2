"""The stand-ins answer in the form of the servers: statuses, types, names of fields, words of errors."""

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
import pytest
from tests.support.stand_ins import Behaviour, Model, run_stand_in

_FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "stand_ins"
_LONG: Final = "word " * 9000
#: Fields whose values, not only their sorts, must be the same.
_FIXED: Final = frozenset({"object", "role", "type", "param", "code", "owned_by", "done", "status", "state"})
#: Errors whose words are a parser's own.
_WORDS_DIFFER: Final = frozenset({"badjson", "err_context_stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what a real server answered, or would by its documents."""

    name: str
    method: str
    path: str
    body: bytes
    status: int
    content_type: str
    reply: bytes


def _model(name: str, context_tokens: int, **more: Any) -> Model:
    usual = {"family": "llama", "parameters": "135M", "quantisation": "Q4_1", "size_bytes": 96_576_768}
    return Model(**{"name": name, "context_tokens": context_tokens, **usual, **more})


_LMSTUDIO: Final = (
    _model("qwen2-vl-7b-instruct", 32_768, family="qwen2_vl", form="mlx", quantisation="4bit", takes_images=True),
    _model("gemma-3-270m-it-qat", 32_768, quantisation="Q4_0"),
    _model("text-embedding-nomic-embed-text-v1.5", 2048, embeds=True, dimensions=8),
)
#: For each file: the kind, the models, and the behaviour.
_SERVERS: Final[dict[str, tuple[str, tuple[Model, ...] | None, dict[str, Any]]]] = {
    "ollama": ("ollama", None, {}),
    "lmstudio": ("lmstudio", _LMSTUDIO, {}),
    "foundry": (
        "foundry",
        (_model("smollm2-135m-instruct-generic-cpu:1", 8192, alias="smollm2-135m", publisher="Samovar"),),
        {},
    ),
    "foundry-1": ("foundry-1", (_model("Phi-4-mini-instruct-generic-cpu", 4096),), {}),
    "vllm": ("vllm", (_model("smollm2-hf", 2048),), {}),
    "vllm-vlm": ("vllm", (_model("tiny-llava", 2048, takes_images=True),), {}),
    "llamacpp": ("llamacpp", (_model("smollm2", 8192),), {"context_tokens": 512}),
}
#: What must be amiss for an exchange to happen.
_AMISS: Final[dict[tuple[str, str], dict[str, int]]] = {
    ("ollama", "err_busy"): {"busy_replies": 1},
    ("ollama", "err_midstream"): {"breaks_after_tokens": 1},
    ("lmstudio", "err_midstream"): {"breaks_after_tokens": 1},
}


def _read(path: Path) -> list[Exchange]:
    exchanges = []
    for section in path.read_text(encoding="utf-8").split("\n== ")[1:]:
        name, _, rest = section.partition("\n> ")
        request, _, reply = rest.partition("\n< ")
        line, _, body = request.partition("\n")
        method, _, place = line.partition(" ")
        head, _, content = reply.partition("\n")
        status, _, content_type = head.partition(" ")
        exchanges.append(
            Exchange(
                name=name.strip(),
                method=method,
                path=place.strip(),
                body=body.strip().replace("<long>", _LONG).encode(),
                status=int(status),
                content_type=content_type.strip(),
                reply=content.strip().encode(),
            )
        )
    assert exchanges, f"{path} holds no exchange"
    return exchanges


def _form(value: object, name: str = "") -> object:
    """The form of a JSON value: names and sorts, the values of the fixed fields; of a list the first alone."""
    match value:
        case dict():
            return {key: _form(part, key) for key, part in value.items()}
        case list():
            return [_form(value[0])] if value else []
        case bool() | None:
            return value
        case int() | float():
            return value if name in _FIXED else "number"
        case _:
            return value if name in _FIXED else "text"


def _forms_of_stream(content: bytes) -> list[object]:
    """The forms of the lines of a stream, one for each run of lines of the same form."""
    forms: list[object] = []
    for line in content.splitlines():
        data = line.removeprefix(b"data:").strip()
        forms += [_form(orjson.loads(data))] if data.startswith(b"{") else [data.decode()] if data else []
    return [form for form, _ in groupby(forms)]


def _words(content: bytes) -> str:
    """The words of an error, without its numbers."""
    error = orjson.loads(content)["error"]
    return re.sub(r"\d+", "N", error if isinstance(error, str) else error["message"])


def _compare(exchange: Exchange, content: bytes) -> None:
    if "event-stream" in exchange.content_type or "ndjson" in exchange.content_type:
        assert _forms_of_stream(content) == _forms_of_stream(exchange.reply)
    elif "json" in exchange.content_type:
        assert _form(orjson.loads(content)) == _form(orjson.loads(exchange.reply))
        if b'{"error":' in exchange.reply and exchange.name not in _WORDS_DIFFER:
            assert _words(content) == _words(exchange.reply)
    else:
        assert content.strip() == exchange.reply


@pytest.mark.parametrize("server", _SERVERS)
async def test_a_stand_in_answers_as_the_server_does(server: str) -> None:
    kind, models, more = _SERVERS[server]
    async with (
        run_stand_in(kind, Behaviour(**more), models=models) as stand_in,
        aiohttp.ClientSession(stand_in.url) as client,
    ):
        for exchange in _read(_FOLDER / f"{server}.txt"):
            amiss = _AMISS.get((server, exchange.name), {})
            for knob, value in amiss.items():
                setattr(stand_in.behaviour, knob, value)
            async with client.request(exchange.method, exchange.path, data=exchange.body or None) as reply:
                content = await reply.read()
                found = (exchange.name, reply.status, reply.headers.get("Content-Type", ""))
                assert found == (exchange.name, exchange.status, exchange.content_type.replace("None", "")), content
            _compare(exchange, content)
            for knob in amiss:
                setattr(stand_in.behaviour, knob, getattr(Behaviour(), knob))


def test_every_file_of_exchanges_is_compared() -> None:
    assert {path.stem for path in _FOLDER.iterdir()} == set(_SERVERS)


def test_a_form_tells_fields_apart() -> None:
    assert _form({"a": 1, "role": "user"}) == {"a": "number", "role": "user"}
    assert _form({"a": 1}) != _form({"a": "1"})
    assert _form({"a": None}) != _form({"a": 1})
    assert _forms_of_stream(b'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n') == [{"a": "number"}, "[DONE]"]
