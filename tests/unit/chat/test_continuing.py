"""Where a reply that goes on begins, and how its two halves meet."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from samovar.chat.continuing import asking_for_the_rest, joined, whole_words_of
from samovar.domain.chat import Message
from samovar.domain.generation import Role
from samovar.domain.ids import new_chat_id, new_message_id
from samovar.domain.run import RunStatus

CHAT = new_chat_id()


def said(role: Role, text: str, *, status: RunStatus | None = None, notice: str | None = None) -> Message:
    return Message(
        message_id=new_message_id(),
        chat_id=CHAT,
        parent_id=None,
        position=1,
        role=role,
        text=text,
        run_status=status,
        outcome={"notices": [{"code": notice, "values": {}}]} if notice else None,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "status", "notice", "kept"),
    [
        ("The contract ends on the first of Ma", "stopped", None, "The contract ends on the first of "),
        ("Договор заканчивается первого ма", "interrupted", None, "Договор заканчивается первого "),
        ("The contract ends.", "stopped", None, "The contract ends."),
        ("It is a long stor", "done", "reply_cut", "It is a long "),
        ("It is a whole reply", "done", None, "It is a whole reply"),
        ("Word", "stopped", None, "Word"),
    ],
)
def test_a_word_that_may_be_cut_is_written_anew(text: str, status: RunStatus, notice: str | None, kept: str) -> None:
    assert whole_words_of(said("assistant", text, status=status, notice=notice)) == kept


@pytest.mark.parametrize(
    ("start", "first", "whole"),
    [
        ("The first of ", "May.", "The first of May."),
        ("The first of ", " May.", "The first of May."),
        ("The contract ends.", "Then it is over.", "The contract ends. Then it is over."),
        ("The contract ends", ", they say.", "The contract ends, they say."),
        ("| a | b |\n", "| 1 | 2 |", "| a | b |\n| 1 | 2 |"),
        ("A line.", "\n\nAnother.", "A line.\n\nAnother."),
    ],
)
def test_the_halves_meet_with_one_space_between_words(start: str, first: str, whole: str) -> None:
    assert start + joined(start, first) == whole


def test_the_rest_is_asked_for_in_the_language_of_the_question() -> None:
    question, reply = said("user", "Когда кончается договор?"), said("assistant", "")
    so_far, asked = asking_for_the_rest(question, reply, "Договор ")
    assert (so_far.role, so_far.text, asked.role) == ("assistant", "Договор ", "user")
    assert "Продолжи" in asked.text
    english = asking_for_the_rest(replace(question, text="When does it end?"), reply, "It ")[1]
    assert "Go on" in english.text
