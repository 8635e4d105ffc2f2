"""Find the earlier turns of a chat that bear on a question: by words, then read again with what stands around them.

As for documents: BM25 by Russian and English stems finds (``MessageSearch.recall``), and the light re-ranker reads the
best of it again. A question and its answer lend each other weight, for they come back together.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from samovar.chat.material import Exchange
from samovar.domain.actor import Actor
from samovar.domain.chat import LineNode, Message
from samovar.domain.ids import ChatId, ChunkId, MessageId
from samovar.ports.search import StemmedWord
from samovar.ports.storage import Transaction
from samovar.retrieval.follow_up import is_follow_up, make_whole
from samovar.retrieval.light import Candidate, rerank_light
from samovar.retrieval.words import content_words

__all__ = ["NOTHING_RECALLED", "RecalledTurns", "find_recalled", "numbers_of", "text_to_recall"]

#: Scores by message, and the turns among them that were not read before.
RecalledTurns = tuple[Mapping[MessageId, float], tuple[Exchange, ...]]
NOTHING_RECALLED: Final[RecalledTurns] = ({}, ())

#: Found by words, and read again.
_READ_AGAIN: Final = 32
#: Turns from beyond what was read of the branch are read one by one.
_MOST_READ: Final = 12
#: Less than this of what a perfect match would have says nothing, and so does less than this part of the best.
_LEAST: Final = 0.2
_LEAST_OF_BEST: Final = 0.5
#: A pasted text is no question; and of a long turn its beginning tells what it is about.
_LONGEST_QUESTION: Final = 2_000
#: Words that say something, by which a question stands alone.
_TELLING_WORDS: Final = 2
_LONGEST_READ: Final = 8_000


def text_to_recall(question: str, earlier: Sequence[Message]) -> str:
    """What to look for: the question, made whole with the words that it leans on if it says next to nothing itself.

    A question of two telling words or more is left alone: what was talked about last is sent anyway, and its words
    would bring back whatever else was said of it.
    """
    text = question[:_LONGEST_QUESTION].strip()
    if len(content_words(text)) >= _TELLING_WORDS or not is_follow_up(text):
        return text
    return make_whole(text, earlier) or text


async def find_recalled(
    tx: Transaction,
    actor: Actor,
    chat_id: ChatId,
    text: str,
    line: Sequence[LineNode],
    read: Sequence[Message],
) -> RecalledTurns:
    """Rank the messages of ``line`` (the branch before the question) for a question.

    ``read`` are those of them that were read already. Shape: scores from 0 to 1 by message, those that say too little
    left out; and the turns among them that were not read before, oldest first, whole. Raises: StorageError.
    """
    if not text:
        return NOTHING_RECALLED
    among = [node.message_id for node in line]
    best = await tx.message_search.recall(actor, chat_id, text, among, limit=_READ_AGAIN)
    numbers = numbers_of(line)
    known = {message.message_id: message for message in read}
    exchanges = await _read(tx, actor, chat_id, best, line, numbers, known)
    known |= {message.message_id: message for exchange in exchanges for message in exchange.messages}
    scores = await _read_again(tx, text, {one: best[one] for one in best if one in known}, known, numbers, len(line))
    least = max(_LEAST, _LEAST_OF_BEST * max(scores.values(), default=0.0))
    telling = {message_id: score for message_id, score in scores.items() if score >= least}
    turns = {numbers[message_id] for message_id in telling}
    return telling, tuple(exchange for exchange in exchanges if exchange.number in turns)


def numbers_of(line: Sequence[LineNode]) -> dict[MessageId, int]:
    """The turn that each message belongs to, counted from 1 by the questions of the branch."""
    numbers: dict[MessageId, int] = {}
    number = 0
    for node in line:
        number += node.role == "user"
        numbers[node.message_id] = number
    return numbers


async def _read(
    tx: Transaction,
    actor: Actor,
    chat_id: ChatId,
    found: Iterable[MessageId],
    line: Sequence[LineNode],
    numbers: Mapping[MessageId, int],
    known: Mapping[MessageId, Message],
) -> list[Exchange]:
    """Read the turns, the best first up to a bound, that hold what was found and was not read before."""
    wanted = list(dict.fromkeys(numbers[message_id] for message_id in found if message_id not in known))[:_MOST_READ]
    held: dict[int, list[MessageId]] = {number: [] for number in wanted}
    for node in line:
        if (number := numbers[node.message_id]) in held:
            held[number].append(node.message_id)
    exchanges = [
        Exchange(number=number, messages=await tx.chats.branch(actor, chat_id, ids[-1], limit=len(ids)))
        for number, ids in held.items()
    ]
    return sorted(exchanges, key=lambda exchange: exchange.number)


async def _read_again(
    tx: Transaction,
    text: str,
    found: Mapping[MessageId, float],
    known: Mapping[MessageId, Message],
    numbers: Mapping[MessageId, int],
    total: int,
) -> dict[MessageId, float]:
    if not found:
        return {}
    said = [known[message_id].text[:_LONGEST_READ] for message_id in found]
    question, *answers = await tx.search.stemmed_words([text, *said])
    candidates = {
        ChunkId(message_id): Candidate(fused=found[message_id], places=_places(words), page=numbers[message_id])
        for message_id, words in zip(found, answers, strict=True)
    }
    rarity = _rarity(candidates.values(), {word.stem for word in question}, total)
    return {MessageId(one): score for one, score in rerank_light(question, rarity, candidates).items()}


def _places(words: Sequence[StemmedWord]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for word in words:
        places.setdefault(word.stem, []).append(word.position)
    return places


def _rarity(candidates: Iterable[Candidate], stems: Iterable[str], total: int) -> dict[str, float]:
    """How rare each stem is among ``total`` messages, as BM25 has it: a rare one stands among the best or nowhere."""
    holding = Counter(stem for one in candidates for stem in one.places)
    return {stem: math.log(1 + (total - holding[stem] + 0.5) / (holding[stem] + 0.5)) for stem in stems}
