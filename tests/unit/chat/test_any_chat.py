"""Five hundred random chats: what is promised of every prompt holds for each of them."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Final

from tests.support.any_chat import CharacterTokenizer, random_material, random_model

from samovar.backends._ollama.request import write_chat
from samovar.backends._shared.payload import Dialect, write_messages, write_parameters
from samovar.backends.foundry import _DIALECT as FOUNDRY
from samovar.backends.llamacpp import _DIALECT as LLAMACPP
from samovar.backends.lmstudio import _DIALECT as LMSTUDIO
from samovar.backends.openai import _DIALECT as OPENAI
from samovar.backends.vllm import _DIALECT as VLLM
from samovar.chat.context import DEFAULT_SYSTEM_PROMPT, TurnMaterial, build_prompt
from samovar.domain.errors import ContextExceeded
from samovar.domain.generation import ChatRequest, ImagePart, ModelDescription
from samovar.domain.ledger import Ledger, from_json, render, request_to_json, to_json
from samovar.gateway.tokens import TokenCounter

CHATS: Final = 500
DIALECTS: Final = (FOUNDRY, LLAMACPP, LMSTUDIO, OPENAI, VLLM)
#: Reasons that are not about a picture alone.
REASONS: Final = {"no_room", "summarised", "new_context", "far_from_question"}


_made: dict[int, tuple[TurnMaterial, ModelDescription, Ledger | ContextExceeded]] = {}


async def chat_of(seed: int) -> tuple[TurnMaterial, ModelDescription, Ledger | ContextExceeded]:
    """The random chat of this seed, and its ledger or why there is none; made once for all tests."""
    if seed not in _made:
        _made[seed] = await _make(seed)
    return _made[seed]


async def _make(seed: int) -> tuple[TurnMaterial, ModelDescription, Ledger | ContextExceeded]:
    random = Random(seed)
    material, model = random_material(random), random_model(random)
    source = CharacterTokenizer(can_count=random.random() < 0.7)
    try:
        return material, model, (await build_prompt(material, model, source, TokenCounter())).ledger
    except ContextExceeded as error:
        return material, model, error


async def whole_chats() -> list[tuple[int, TurnMaterial, ModelDescription, Ledger]]:
    """Those of the random chats whose question fits, with their seeds."""
    made = [(seed, *await chat_of(seed)) for seed in range(CHATS)]
    return [(seed, material, model, one) for seed, material, model, one in made if isinstance(one, Ledger)]


def sent_by_each_backend(request: ChatRequest) -> list[bytes]:
    """The request as each kind of backend spells it."""
    written = [_openai(request, dialect) for dialect in DIALECTS]
    written += [write_chat(request, thinks=thinks) for thinks in (True, False)]
    return [json.dumps(payload, ensure_ascii=False).encode() for payload in written]


def _openai(request: ChatRequest, dialect: Dialect) -> dict[str, object]:
    return {"messages": write_messages(request), **dialect.always, **write_parameters(request.parameters, dialect)}


def as_jsonb_returns(value: object) -> object:
    """JSON written and read back, with the keys in the order of PostgreSQL's jsonb: shorter ones first."""
    return _sorted(json.loads(json.dumps(value)))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda name: (len(name.encode()), name))}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@cache
def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored(ledger: Ledger) -> Mapping[str, object]:
    body = as_jsonb_returns(to_json(ledger))
    assert isinstance(body, dict)
    return body


async def test_the_request_made_from_a_stored_ledger_is_the_one_that_was_sent_byte_for_byte() -> None:
    for seed, _, _, ledger in await whole_chats():
        request = render(ledger)
        pictures = {
            sha256(part.content): part.content
            for message in request.messages
            for part in message.parts
            if isinstance(part, ImagePart)
        }
        again = render(from_json(stored(ledger), pictures))
        assert again == request, f"chat {seed}"
        assert sent_by_each_backend(again) == sent_by_each_backend(request), f"chat {seed}"


async def test_the_request_that_is_shown_has_every_word_and_every_picture_of_the_one_that_was_sent() -> None:
    for seed, _, _, ledger in await whole_chats():
        shown = request_to_json(from_json(stored(ledger)))
        assert shown == request_to_json(ledger), f"chat {seed}"
        assert isinstance(shown["messages"], list)
        for told, sent in zip(shown["messages"], render(ledger).messages, strict=True):
            expected = [
                {"type": "image", "sha256": sha256(part.content), "media_type": part.media_type, "name": part.name}
                if isinstance(part, ImagePart)
                else {"type": "text", "text": part.text}
                for part in sent.parts
            ]
            assert told == {"role": sent.role, "parts": expected}, f"chat {seed}"


async def test_no_request_exceeds_its_budget() -> None:
    for seed, _, model, ledger in await whole_chats():
        assert ledger.sent_tokens + ledger.reply_tokens <= ledger.context_tokens, f"chat {seed}"
        assert ledger.context_tokens == (model.capabilities.context_tokens or 4096)


async def test_every_piece_that_is_left_out_has_a_reason_and_no_other_has_one() -> None:
    for seed, _, _, ledger in await whole_chats():
        for piece in ledger.pieces:
            assert piece.sent == (piece.reason is None), f"chat {seed}: {piece}"
            assert piece.reason is None or piece.kind == "image" or piece.reason in REASONS, f"chat {seed}"


async def test_every_message_of_a_branch_is_sent_or_told_to_be_left_out() -> None:
    for seed, material, _, ledger in await whole_chats():
        told = {piece.origin.get("message_id") for piece in ledger.pieces}
        folded = sum(int(piece.origin["messages"]) for piece in ledger.pieces if piece.label.endswith(" messages"))
        said = {str(message.message_id) for message in material.branch if message.text or message.task}
        far = {str(message.message_id) for exchange in material.beyond.recalled for message in exchange.messages}
        assert folded == len(said - told) + len(material.beyond.positions) - len(far & told), f"chat {seed}"


async def test_the_system_prompt_and_every_fact_are_always_there() -> None:
    for seed, material, _, ledger in await whole_chats():
        first, *others = render(ledger).messages
        assert first.role == "system", f"chat {seed}"
        assert first.text.startswith(material.system_prompt or DEFAULT_SYSTEM_PROMPT), f"chat {seed}"
        assert all(message.role != "system" for message in others), f"chat {seed}"
        facts = [piece for piece in ledger.pieces if piece.kind == "facts"]
        assert len(facts) == bool(material.facts), f"chat {seed}"
        assert all(piece.sent for piece in facts), f"chat {seed}"


async def test_the_question_is_always_the_last_thing_said() -> None:
    for seed, material, _, ledger in await whole_chats():
        last = render(ledger).messages[-1]
        assert last.role == "user"
        assert material.question.text in last.text, f"chat {seed}"


async def test_nothing_of_an_older_context_is_sent() -> None:
    for seed, material, _, ledger in await whole_chats():
        after = material.context_after
        older = {str(one.message_id) for one in material.branch[:-1] if after is not None and one.position <= after}
        sent = {piece.origin.get("message_id") for piece in ledger.pieces if piece.sent and piece.kind != "facts"}
        assert not older & sent, f"chat {seed}"


async def test_turns_that_a_summary_stands_for_are_not_sent_beside_it_unless_they_are_recalled() -> None:
    summaries = 0
    for seed, material, _, ledger in await whole_chats():
        if material.summary is None or not any(piece.sent and piece.kind == "summary" for piece in ledger.pieces):
            continue
        summaries += 1
        covered = {str(one.message_id) for one in material.branch if one.position <= material.summary.through_position}
        for piece in ledger.pieces:
            if piece.sent and piece.kind == "turn" and piece.origin["message_id"] in covered:
                assert _reaches_past(material, piece.origin["message_id"]), f"chat {seed}"
    assert summaries > 50


def _reaches_past(material: TurnMaterial, message_id: str) -> bool:
    """Whether the turn of a message ends after what the summary stands for: a turn is whole or it is not there."""
    assert material.summary is not None
    place = next(place for place, one in enumerate(material.branch) if str(one.message_id) == message_id)
    rest = material.branch[place + 1 : -1]
    turn = rest[: next((n for n, one in enumerate(rest) if one.role == "user"), len(rest))]
    return any(one.position > material.summary.through_position for one in turn)


async def test_recalled_turns_come_whole_and_only_where_the_strategy_takes_them() -> None:
    recalled = 0
    for seed, material, _, ledger in await whole_chats():
        back = [piece for piece in ledger.pieces if piece.kind == "recalled"]
        recalled += bool(back)
        assert not back or material.strategy in ("auto", "recall"), f"chat {seed}"
        assert all(piece.sent for piece in back)
    assert recalled > 30


async def test_what_cannot_fit_is_refused_with_how_much_is_too_much() -> None:
    refused = 0
    for seed in range(CHATS):
        _, _, made = await chat_of(seed)
        if isinstance(made, ContextExceeded):
            refused += 1
            assert int(made.values["needed_tokens"]) > int(made.values["context_tokens"]), f"chat {seed}"
    assert 5 < refused < CHATS // 2
