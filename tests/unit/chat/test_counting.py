"""Counts are remembered, not for ever, and a small model is asked in words of its own."""

import asyncio
import tracemalloc
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from samovar.chat.context import TurnMaterial, build_prompt
from samovar.domain.chat import Message
from samovar.domain.document import Chunk, Passage
from samovar.domain.generation import Capabilities, ModelDescription
from samovar.domain.ids import ChatId, ChunkId, DocumentId, MessageId
from samovar.domain.ledger import render
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.tokens import TokenCounter, estimate_tokens


class WordTokenizer:
    """A tokenizer that counts words, and the calls made to it."""

    name = "mine"

    def __init__(self) -> None:
        self.calls = 0
        self.most_at_once = 0
        self._at_once = 0

    async def count_tokens(self, model: str, text: str) -> int | None:
        self.calls += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        return len(text.split())


async def test_the_oldest_counts_are_forgotten_first_and_every_count_stays_right() -> None:
    tokenizer, counter = WordTokenizer(), TokenCounter()
    first, *others = [f"text {number}" for number in range(4097)]
    await counter.count(tokenizer, "words", [first])
    assert await counter.count(tokenizer, "words", others) == ([2] * 4096, "tokenizer")
    assert tokenizer.calls == 4097
    assert await counter.count(tokenizer, "words", others) == ([2] * 4096, "tokenizer")
    assert tokenizer.calls == 4097, "one that should have been remembered was counted again"
    assert await counter.count(tokenizer, "words", [first]) == ([2], "tokenizer")
    assert tokenizer.calls == 4098, "the oldest was still remembered"


async def test_the_same_words_are_counted_for_each_model() -> None:
    tokenizer, counter = WordTokenizer(), TokenCounter()
    for model in ("one", "two", "one"):
        assert await counter.count(tokenizer, model, ["tea", "", "tea"]) == ([1, 0, 1], "tokenizer")
    assert tokenizer.calls == 2


async def test_a_conversation_of_any_length_asks_a_few_counts_at_a_time() -> None:
    tokenizer, counter = WordTokenizer(), TokenCounter()
    texts = [f"message {number}" for number in range(1000)]
    assert await counter.count(tokenizer, "words", texts) == ([2] * 1000, "tokenizer")
    assert tokenizer.most_at_once <= 16


async def test_a_count_stays_right_while_others_push_it_out_of_the_memory() -> None:
    tokenizer, counter = WordTokenizer(), TokenCounter()
    await counter.count(tokenizer, "words", ["known before"])
    flood = [f"text {number}" for number in range(5000)]
    one, _ = await asyncio.gather(
        counter.count(tokenizer, "words", ["known before", *(f"new {number}" for number in range(6000))]),
        counter.count(tokenizer, "words", flood),
    )
    assert one[0][0] == 2


async def test_long_texts_are_not_kept_for_their_counts() -> None:
    tokenizer, counter = WordTokenizer(), TokenCounter()
    tracemalloc.start()
    try:
        for number in range(20):
            await counter.count(tokenizer, "words", [f"{number} " * 500_000])
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept_bytes < 1_000_000


@given(st.text(), st.text())
def test_an_estimate_grows_with_its_text_and_is_never_zero(one: str, more: str) -> None:
    assert 1 <= estimate_tokens(one) <= estimate_tokens(one + more)


async def test_the_demonstration_model_gets_a_short_instruction_and_a_short_reply() -> None:
    words = "The port is 7431."
    passage = Passage(
        chunk=Chunk(
            chunk_id=ChunkId(uuid4()), document_id=DocumentId(uuid4()), page=None, start=0, end=len(words), text=words
        ),
        document="notes.txt",
        score=1.0,
    )
    question = Message(
        message_id=MessageId(uuid4()),
        chat_id=ChatId(UUID(int=1)),
        parent_id=None,
        position=0,
        role="user",
        text="Какой порт?",
        created_at=datetime.now(UTC),
    )
    turn = TurnMaterial(
        system_prompt="", branch=(question,), passages=(passage,), pictures={}, parameters=GenerationParameters()
    )
    model = ModelDescription(
        model="small",
        backend="engine",
        state="ready",
        capabilities=Capabilities(context_tokens=8192, tokenizer=True),
        is_demonstration=True,
    )
    ledger = (await build_prompt(turn, model, WordTokenizer(), TokenCounter())).ledger
    text = render(ledger).messages[-1].text
    assert text == f"[1] notes.txt\n{words}\n\nUsing only the passages above, answer: Какой порт?"
    assert ledger.reply_tokens == 320
