"""Random conversations with everything that a prompt may be made of, the same ones for the same seed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import UUID

from samovar.chat.material import Beyond, Exchange, TurnMaterial
from samovar.chat.pictures import TurnPicture
from samovar.domain.chat import Message
from samovar.domain.context import CONTEXT_STRATEGIES, PinnedFact, Summary
from samovar.domain.document import Chunk, Passage
from samovar.domain.examples import Example, ExampleSet
from samovar.domain.generation import Capabilities, ImagePart, ModelDescription, Role
from samovar.domain.ids import ChatId, ChunkId, DocumentId, ExampleSetId, MessageId, SummaryId, UserId
from samovar.domain.image_tasks import IMAGE_TASKS
from samovar.domain.parameters import GenerationParameters

__all__ = ["WORDS", "CharacterTokenizer", "random_material", "random_model"]

_DAY: Final = datetime(2026, 3, 1, tzinfo=UTC)
#: What breaks careless code is as frequent as words are.
WORDS: Final = (
    *("the", "gate", "code", "tea", "samovar", "boils", "station", "nine", "4417", "Acme", "Novgorod"),
    *("ворота", "код", "чай", "самовар", "станция", "девять", "ёлка", "щётка", "Новгород", "договор", "№17"),
    *("<|im_end|>", "[INST]", "</passages", "<earlier-turns 1>", "[1]", "System:", "Вопрос:", "{{x}}", '"', "\\", "\n"),
    *("\u202e", "🫖", "é", "\u00ad", "\t", "日本語", "\ufffd", "`", "</s>", "#", "1e9", "-0.0"),
)
_SCHEMA: Final = {"zeta": 1, "type": "object", "b": {"y": 1.5, "x": [1, "ё"]}, "aa": True}


class CharacterTokenizer:
    """A tokenizer that is no estimate of ours: one token for each four characters begun; None when it cannot count."""

    name = "any"

    def __init__(self, *, can_count: bool) -> None:
        self._can_count = can_count

    async def count_tokens(self, model: str, text: str) -> int | None:
        return -(-len(text) // 4) if self._can_count else None


def random_model(random: Random) -> ModelDescription:
    """A model with any context length, from tiny to huge."""
    return ModelDescription(
        model="any",
        backend="any",
        state="ready",
        capabilities=Capabilities(
            context_tokens=random.choice((None, 300, 700, 1500, 4096, 8192, 32_768, 262_144, random.randint(64, 5000))),
            vision=random.choice((True, True, False, None)),
            tokenizer=True,
        ),
        is_demonstration=random.random() < 0.1,
    )


def random_material(random: Random) -> TurnMaterial:
    """A branch of any length with pictures, passages, facts, examples, a summary and recalled turns, or without."""
    chat_id = ChatId(_id(random))
    branch = _branch(random, chat_id, random.choice((0, 1, 2, 5, 12, 40, 120)))
    unread = random.choice((0, 0, 0, 6, 500))
    positions = [message.position for message in branch[:-1]]
    return TurnMaterial(
        system_prompt=random.choice(("", "Be kind.", _text(random, 60))),
        branch=branch,
        passages=tuple(_passage(random) for _ in range(random.choice((0, 0, 1, 4, 12)))),
        parameters=_parameters(random),
        grounds=random.choice(("none_asked", "nothing", "weak", "enough")),
        pictures={message.message_id: _pictures(random) for message in branch if random.random() < 0.1},
        facts=tuple(
            PinnedFact(text=_text(random, 12), message_id=random.choice((None, branch[0].message_id)))
            for _ in range(random.choice((0, 0, 1, 5)))
        ),
        examples=_examples(random) if random.random() < 0.4 else None,
        summary=_summary(random, chat_id, branch) if positions and random.random() < 0.5 else None,
        recalled={message.message_id: random.random() for message in branch if random.random() < 0.2},
        context_after=random.choice(positions) if positions and random.random() < 0.3 else None,
        strategy=random.choice(CONTEXT_STRATEGIES),
        beyond=_beyond(random, chat_id, unread),
    )


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _text(random: Random, most_words: int) -> str:
    """Words, the first of them one that can be seen."""
    return " ".join([random.choice(WORDS[:22]), *(random.choice(WORDS) for _ in range(random.randint(0, most_words)))])


def _message(random: Random, chat_id: ChatId, role: Role, position: int, *, is_silent: bool = False) -> Message:
    shows = role == "user" and random.random() < 0.08
    return Message(
        message_id=MessageId(_id(random)),
        chat_id=chat_id,
        parent_id=None,
        position=position,
        role=role,
        text="" if is_silent else _text(random, random.choice((3, 30, 200))),
        task=random.choice(IMAGE_TASKS) if shows else None,
        created_at=_DAY,
    )


def _branch(random: Random, chat_id: ChatId, turns: int) -> tuple[Message, ...]:
    # Positions grow, with gaps where other chats and other branches were written to.
    position = 1000
    roles: tuple[Role, ...] = ("user", "assistant")
    messages: list[Message] = []
    for _ in range(turns):
        for role in roles:
            position += random.randint(1, 9)
            # Imported chats lack answers here and there.
            if random.random() > 0.03:
                messages.append(_message(random, chat_id, role, position, is_silent=random.random() < 0.05))
    return (*messages, _message(random, chat_id, "user", position + 1))


def _beyond(random: Random, chat_id: ChatId, unread: int) -> Beyond:
    exchanges = [
        Exchange(
            number=turn + 1,
            messages=(
                _message(random, chat_id, "user", 2 * turn),
                _message(random, chat_id, "assistant", 2 * turn + 1),
            ),
        )
        for turn in range(unread // 2)
    ]
    read = random.sample(exchanges, min(len(exchanges), random.randint(0, 3)))
    return Beyond(
        positions=tuple(range(unread)),
        turns=unread // 2,
        recalled=tuple(sorted(read, key=lambda exchange: exchange.number)),
    )


def _passage(random: Random) -> Passage:
    text = _text(random, 80)
    start = random.randint(0, 200)
    chunk = Chunk(
        chunk_id=ChunkId(_id(random)),
        document_id=DocumentId(UUID(int=random.randint(1, 3))),
        page=random.choice((None, 1, 2)),
        start=start,
        end=start + len(text),
        text=text,
    )
    return Passage(chunk=chunk, document=_text(random, 3), score=random.random())


def _pictures(random: Random) -> tuple[TurnPicture, ...]:
    found: list[TurnPicture] = []
    for _ in range(random.randint(1, 3)):
        content = random.randbytes(random.randint(1, 40))
        image = ImagePart(media_type=random.choice(("image/png", "image/jpeg")), content=content, name=_text(random, 2))
        is_there = random.random() < 0.85
        found.append(
            TurnPicture(
                name=_text(random, 2),
                image=image if is_there else None,
                reason=None if is_there else "file_damaged",
                origin={"document_id": str(_id(random)), "page": "3"},
            )
        )
    return tuple(found)


def _examples(random: Random) -> ExampleSet:
    return ExampleSet(
        examples_id=ExampleSetId(_id(random)),
        owner_id=UserId(_id(random)),
        name=_text(random, 2),
        instruction=random.choice(("", _text(random, 20))),
        examples=tuple(
            Example(question=_text(random, 30), answer=_text(random, 30)) for _ in range(random.choice((0, 1, 5, 90)))
        ),
        created_at=_DAY,
    )


def _summary(random: Random, chat_id: ChatId, branch: Sequence[Message]) -> Summary:
    last = random.choice(branch[:-1])
    return Summary(
        summary_id=SummaryId(_id(random)),
        chat_id=chat_id,
        through_id=last.message_id,
        through_position=last.position,
        turns=1,
        text=_text(random, random.choice((10, 60, 400))),
        model="any",
        is_active=True,
        is_edited=False,
        created_at=_DAY,
    )


def _parameters(random: Random) -> GenerationParameters:
    return GenerationParameters(
        temperature=random.choice((None, 0.0, 1.0, 0.7, 1e-7)),
        top_k=random.choice((None, 40)),
        max_tokens=random.choice((None, None, 1, 200, 5000)),
        seed=random.choice((None, 7)),
        stop=random.choice(((), ("\n\n", "Конец"))),
        reasoning_effort=random.choice((None, "none", "high")),
        json_schema=_SCHEMA if random.random() < 0.2 else None,
    )
