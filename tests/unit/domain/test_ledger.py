"""Ledgers as they are stored and read back, those of earlier versions too."""

import pytest

from samovar.domain.errors import InvalidRequest, NotFound
from samovar.domain.generation import ImagePart, TextPart
from samovar.domain.ledger import Ledger, Piece, from_json, render, request_to_json, to_json, with_defaults
from samovar.domain.parameters import GenerationParameters

CAT = ImagePart(media_type="image/png", content=b"cat", name="cat.png")
CAT_SHA256 = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e"


def ledger_of(*pieces: Piece, **parameters: object) -> Ledger:
    return Ledger(
        model="m",
        backend="b",
        context_tokens=100,
        reply_tokens=25,
        counted_by="tokenizer",
        parameters=GenerationParameters(**parameters),  # type: ignore[arg-type]  # a test may set any field
        pieces=pieces,
    )


def piece(text: str, message: int, **more: object) -> Piece:
    values: dict[str, object] = {"kind": "turn", "role": "user", "label": "user", "tokens": 3, **more}
    return Piece(text=text, message=message, **values)  # type: ignore[arg-type]  # a test may set any field


def picture(message: int) -> Piece:
    return piece("", message, kind="image", image=CAT, label="a cat", origin={"document_id": "d"})


def test_a_picture_is_told_by_its_hash_and_comes_back_by_it() -> None:
    ledger = ledger_of(picture(0), piece("What is it?", 0))
    stored = to_json(ledger)
    assert CAT_SHA256 in repr(stored)
    again = render(from_json(stored, {CAT_SHA256: b"cat"}))
    assert again == render(ledger)
    assert again.messages[0].parts == (CAT, TextPart(text="What is it?"))


def test_a_picture_that_is_gone_is_said_to_be_gone_and_not_left_out_in_silence() -> None:
    with pytest.raises(NotFound):
        from_json(to_json(ledger_of(picture(0))), {})


def test_the_properties_of_a_schema_keep_their_order_though_the_database_sorts_them() -> None:
    schema = {"zeta": 1, "a": {"y": 1, "x": 2}}
    stored = to_json(ledger_of(piece("x", 0), json_schema=schema))
    stored["parameters"] = {"json_schema": {"a": {"x": 2, "y": 1}, "zeta": 1}}
    found = from_json(stored).parameters.json_schema
    assert found is not None
    assert list(found) == ["zeta", "a"]


def test_a_ledger_of_the_first_version_is_shown_and_its_request_is_made_again() -> None:
    def old(kind: str, role: str, text: str, *, sent: bool = True) -> dict[str, object]:
        reason = None if sent else "no_room"
        return {"kind": kind, "role": role, "label": role, "text": text, "tokens": 2, "sent": sent, "reason": reason}

    stored = {
        "model": "m",
        "backend": "b",
        "context_tokens": 100,
        "reply_tokens": 25,
        "counted_by": "estimate",
        "parameters": {"stop": ["x"]},
        "asked": None,
        "pieces": [
            old("system", "system", "Be kind."),
            old("turn", "user", "gone", sent=False),
            old("turn", "user", "one"),
            old("turn", "assistant", "two"),
            old("rules", "user", "rules "),
            old("passage", "user", "[1] "),
            old("question", "user", "three"),
        ],
    }
    shown = with_defaults(stored)
    assert (shown["sent_tokens"], shown["budget_tokens"], shown["asked"]) == (12, 75, None)
    request = request_to_json(from_json(stored))
    messages = request["messages"]
    assert isinstance(messages, list)
    assert [(one["role"], "".join(part["text"] for part in one["parts"])) for one in messages] == [
        ("system", "Be kind."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "rules [1] three"),
    ]
    assert request["parameters"] == {"stop": ["x"]}


def test_an_empty_ledger_stays_empty() -> None:
    assert with_defaults({}) == {}


@pytest.mark.parametrize(
    "damage",
    [
        {"pieces": None},
        {"pieces": [{"kind": "spell"}]},
        {"counted_by": "hand"},
        {"context_tokens": "many"},
        {"parameters": {"mood": 1}},
        {"parameters": []},
        {"json_schema": "{"},
    ],
)
def test_what_is_no_ledger_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        from_json({**to_json(ledger_of(piece("x", 0))), **damage})
