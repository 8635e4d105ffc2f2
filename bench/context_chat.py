"""A long made-up chat in Russian and English with facts planted in it, the same one for the same seed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from samovar.domain.chat import Chat, Message
from samovar.domain.ids import ChatId, MessageId, UserId, new_chat_id, new_message_id
from samovar.domain.parameters import GenerationParameters

__all__ = ["FACTS", "PlantedChat", "PlantedFact", "plant_chat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFact:
    """Something that is said once, how it is asked for later, and the word that only the answer has."""

    said: str
    asked: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedChat:
    """A chat with its messages, parents before children, and the turn (from 1) in which each fact is said."""

    chat: Chat
    messages: tuple[Message, ...]
    turns: tuple[int, ...]


def _fact(said: str, asked: str, answer: str) -> PlantedFact:
    return PlantedFact(said=said, asked=asked, answer=answer)


#: Said in passing, and asked in other words where people would choose others.
FACTS: Final = (
    _fact("The code of our north gate is 4417.", "What is the code for the north gate?", "4417"),
    _fact("My sister Marta moved to 12 Harbour Lane.", "Where does my sister Marta live now?", "Harbour"),
    _fact("The boiler must not run above 63 degrees.", "How many degrees are the limit of the boiler?", "63"),
    _fact("Our invoice to Acme is number KX-2093.", "Which number does the Acme invoice have?", "KX-2093"),
    _fact("The cat is allergic to salmon.", "What food is the cat allergic to?", "salmon"),
    _fact("We meet the surveyor on 14 October.", "On which day do we meet the surveyor?", "14 October"),
    _fact("The spare key lies under the blue flowerpot.", "Where is the spare key?", "flowerpot"),
    _fact("The server in the cellar is called Juniper.", "What is the name of the server in the cellar?", "Juniper"),
    _fact("I pay 890 euros of rent for the workshop.", "How much rent do I pay for the workshop?", "890"),
    _fact("Doctor Lindqvist treats my knee.", "Which doctor treats my knee?", "Lindqvist"),
    _fact("Пароль от склада — Ясень-52.", "Какой пароль у склада?", "Ясень-52"),
    _fact("Моего мастера по часам зовут Игнат Платонов.", "Как зовут мастера по часам?", "Платонов"),
    _fact("Договор с типографией кончается 3 апреля.", "Когда кончается договор с типографией?", "3 апреля"),
    _fact("В погребе храним не больше 140 банок.", "Сколько банок можно хранить в погребе?", "140"),
    _fact("Внучка любит пирог с черёмухой.", "С чем внучка любит пирог?", "черёмух"),
    _fact("Насос мы купили в магазине «Волна».", "В каком магазине мы купили насос?", "Волна"),
    _fact("Давление в баке держим на отметке 2,7.", "На какой отметке держим давление в баке?", "2,7"),
    _fact("Поезд до Вологды отходит с седьмого пути.", "С какого пути отходит поезд до Вологды?", "седьм"),
    _fact("Ключ от теплицы висит за портретом.", "Где висит ключ от теплицы?", "портрет"),
    _fact("Собаку соседей зовут Буран.", "Как зовут собаку соседей?", "Буран"),
)

_ENGLISH_TOPICS: Final = (
    ("the garden", "soil", "roses", "compost", "frost", "watering"),
    ("the novel that I read", "chapter", "hero", "plot", "style", "ending"),
    ("bread", "dough", "oven", "crust", "yeast", "flour"),
    ("my bicycle", "chain", "brakes", "saddle", "tyres", "gears"),
    ("the trip to the lake", "tent", "weather", "boat", "map", "food"),
    ("the spreadsheet", "column", "formula", "filter", "total", "chart"),
)
_RUSSIAN_TOPICS: Final = (
    ("про огород", "грядки", "рассада", "навоз", "заморозки", "полив"),
    ("про фильм", "сюжет", "актёры", "музыка", "финал", "монтаж"),
    ("про ремонт", "обои", "краска", "шпаклёвка", "плинтус", "розетки"),
    ("про шахматы", "дебют", "ладья", "эндшпиль", "жертва", "темп"),
    ("про поход", "палатка", "костёр", "маршрут", "рюкзак", "погода"),
    ("про таблицу", "столбец", "формула", "фильтр", "сумма", "график"),
)
_DAY: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)


def plant_chat(owner_id: UserId, *, turns: int = 300, seed: int = 6) -> PlantedChat:
    """Make a chat of so many turns in which each fact is said once, in a turn of its own before the last few."""
    random = Random(seed)
    chat_id = new_chat_id()
    places = random.sample(range(1, turns - 4), len(FACTS))
    planted = dict(zip(places, FACTS, strict=True))
    messages: list[Message] = []
    for turn in range(1, turns + 1):
        russian = planted[turn].said[0] > "z" if turn in planted else random.random() < 0.5
        asked, answered = _talk(random, russian=russian)
        if turn in planted:
            asked = _passing(random, planted[turn].said, asked, russian=russian)
        _add(messages, chat_id, asked, answered, turn)
    chat = Chat(
        chat_id=chat_id,
        owner_id=owner_id,
        title="A long talk",
        system_prompt="You are a careful assistant.",
        model=None,
        parameters=GenerationParameters(),
        head_id=messages[-1].message_id,
        created_at=_DAY,
        updated_at=messages[-1].created_at,
    )
    return PlantedChat(chat=chat, messages=tuple(messages), turns=tuple(places))


def _passing(random: Random, fact: str, asked: str, *, russian: bool) -> str:
    lead = random.choice(("Кстати, запомни.", "Да, вот ещё что.") if russian else ("By the way.", "One more thing."))
    return f"{asked} {lead} {fact}" if random.random() < 0.5 else f"{lead} {fact} {asked}"


def _talk(random: Random, *, russian: bool) -> tuple[str, str]:
    topic, *words = random.choice(_RUSSIAN_TOPICS if russian else _ENGLISH_TOPICS)
    first, second, third = random.sample(words, 3)
    if russian:
        asked = f"Поговорим {topic}. Что важнее: {first} или {second}? Мне кажется, что {third} портит всё дело."
        answered = (
            f"Смотря чего вы хотите. Обычно {first} важнее, а {second} можно отложить на потом. Если мешает {third}, "
            f"начните с малого: посмотрите, как это делают другие, попробуйте один раз и сравните. Торопиться некуда, "
            f"а {second} и {third} поправить проще, чем кажется. Расскажите, что получится."
        )
    else:
        asked = (
            f"Let us talk about {topic}. Does the {first} matter more than the {second}? I fear the {third} spoils it."
        )
        answered = (
            f"That depends on what you want. Most people care for the {first} before they turn to the {second}. If the "
            f"{third} gets in the way, begin small: look at how others do it, try it once and compare. There is no "
            f"hurry, and both the {second} and the {third} are easier to mend than they seem. Tell me how it goes."
        )
    return asked, answered


def _add(messages: list[Message], chat_id: ChatId, asked: str, answered: str, turn: int) -> None:
    parent: MessageId | None = messages[-1].message_id if messages else None
    said_at = _DAY + timedelta(minutes=7 * turn)
    question = Message(
        message_id=new_message_id(),
        chat_id=chat_id,
        parent_id=parent,
        position=0,
        role="user",
        text=asked,
        created_at=said_at,
    )
    reply = Message(
        message_id=new_message_id(),
        chat_id=chat_id,
        parent_id=question.message_id,
        position=0,
        role="assistant",
        text=answered,
        model="reader",
        created_at=said_at,
    )
    messages += [question, reply]
