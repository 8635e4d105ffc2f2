"""Finding what was said in chats, and ranking the messages of one."""

import random
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from tests.support.database import another_actor, make_chat, make_message, make_run
from tests.support.trees import chats_of

from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.finding import FindQuery, FoundMessage
from samovar.domain.generation import Role
from samovar.domain.ids import MessageId
from samovar.storage import PostgresStorage

_MANY = 10_000


async def _say(
    storage: PostgresStorage, actor: Actor, *texts: str, title: str = "Tea", role: Role = "user"
) -> tuple[Chat, tuple[Message, ...]]:
    """A chat with these messages, all of them indexed."""
    chat = make_chat(actor, title=title)
    messages: list[Message] = []
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        for text in texts:
            message = make_message(chat.chat_id, text=text, role=role)
            messages.append(await tx.chats.add_message(actor, message))
        await tx.message_search.index([message.message_id for message in messages])
    return chat, tuple(messages)


async def _find(
    storage: PostgresStorage, actor: Actor, query: str | FindQuery, *, limit: int = 20
) -> tuple[FoundMessage, ...]:
    asked = FindQuery(words=query) if isinstance(query, str) else query
    async with storage.reading() as tx:
        return await tx.message_search.find(actor, asked, limit=limit)


def _marked(found: FoundMessage) -> list[str]:
    return [found.snippet[start:end] for start, end in found.marks]


@pytest.mark.parametrize(
    ("said", "asked", "marked"),
    [
        ("Договоры страхования лежат в архиве.", "договором", ["Договоры"]),
        ("The warehouses were inspected.", "warehouse inspecting", ["warehouses", "inspected"]),
        ("Ёжик в тумане съел мёд", "ежик мед", ["Ёжик", "мёд"]),
        ("Ежик съел мед", "ёжика мёдом", ["Ежик", "мед"]),
        ("Версия 2.5 вышла", "2.5", ["2.5"]),
        ("😀 Самовар кипит 😀", "самоваром", ["Самовар"]),
    ],
)
async def test_a_message_is_found_by_any_form_of_its_words_and_they_are_marked(
    storage: PostgresStorage, actor: Actor, said: str, asked: str, marked: list[str]
) -> None:
    chat, (message, other) = await _say(storage, actor, said, "Ничего общего, nothing in common")
    found = await _find(storage, actor, asked)
    assert [one.message_id for one in found] == [message.message_id]
    assert found[0].chat_id == chat.chat_id
    assert found[0].role == "user"
    assert _marked(found[0]) == marked
    assert other.message_id not in {one.message_id for one in found}


async def test_the_snippet_of_a_long_message_is_where_the_words_stand_together(
    storage: PostgresStorage, actor: Actor
) -> None:
    filler = "Погода сегодня хорошая, и ничего важного не случилось. " * 400
    await _say(storage, actor, f"договор {filler}\n\nСрок договора аренды склада истёк.\n{filler}")
    (found,) = await _find(storage, actor, "договор аренда склад")
    assert "Срок договора аренды склада истёк" in found.snippet
    assert _marked(found) == ["договора", "аренды", "склада"]
    assert len(found.snippet) < 300
    assert "\n" not in found.snippet


async def test_a_word_at_the_very_end_of_a_huge_message_is_found_and_shown(
    storage: PostgresStorage, actor: Actor
) -> None:
    rng = random.Random(6)
    different = " ".join(f"слово{rng.getrandbits(60):x}" for _ in range(17_000))
    await _say(storage, actor, f"Начало. {different} кувшинка", "мало кувшинкой")
    found = await _find(storage, actor, "кувшинка")
    assert [_marked(one) for one in found] == [["кувшинкой"], ["кувшинка"]]


async def test_of_more_words_than_an_index_row_holds_the_beginning_is_found(
    storage: PostgresStorage, actor: Actor
) -> None:
    rng = random.Random(7)
    letters = [chr(0x10428 + number) for number in range(40)]  # Deseret: four bytes each
    words = " ".join("".join(rng.choices(letters, k=9)) for _ in range(40_000))
    await _say(storage, actor, f"кувшинка {words}", "о другом")
    assert len(await _find(storage, actor, "кувшинка")) == 1


async def test_more_words_come_first_and_of_equals_the_newest(storage: PostgresStorage, actor: Actor) -> None:
    _, (older, newer, best, _) = await _say(
        storage, actor, "зелёный чай", "зелёный чай", "зелёный чай с жасмином", "кофе"
    )
    found = await _find(storage, actor, "зелёный чай жасмин")
    assert [one.message_id for one in found] == [best.message_id, newer.message_id, older.message_id]


async def test_a_title_is_found_alone_and_lifts_its_chat_otherwise(storage: PostgresStorage, actor: Actor) -> None:
    named, _ = await _say(storage, actor, "о чём-то другом", title="Страхование склада")
    both, (inside, _) = await _say(storage, actor, "про страхование", "мимо", title="Страхование и склады")
    found = {one.chat_id: one for one in await _find(storage, actor, "склад страховать страхование")}
    assert found[named.chat_id].message_id is None
    assert found[named.chat_id].role is None
    assert _marked(found[named.chat_id]) == ["Страхование", "склада"]
    assert found[both.chat_id].message_id == inside.message_id
    assert len(await _find(storage, actor, FindQuery(words="склад", role="user"))) == 0


async def test_a_phrase_must_stand_as_it_is_and_a_word_with_a_minus_must_not(
    storage: PostgresStorage, actor: Actor
) -> None:
    _, (exact, _, third) = await _say(
        storage, actor, "белый чай с молоком", "чай белый, кофе чёрный", "белый чай без сахара"
    )
    ids = {one.message_id for one in await _find(storage, actor, '"белый чай"')}
    assert ids == {exact.message_id, third.message_id}
    assert [one.message_id for one in await _find(storage, actor, '"белый чай" -сахар')] == [exact.message_id]
    # A phrase that stands nowhere was a manner of speaking.
    assert len(await _find(storage, actor, '"чай молоком"')) == 3


async def test_filters_narrow(storage: PostgresStorage, actor: Actor) -> None:
    bank, _ = await _say(storage, actor, "кредит выдан", title="Один")
    other, _ = await _say(storage, actor, "кредит погашен", title="Два", role="assistant")
    with psycopg.connect(storage.address, autocommit=True) as connection:
        connection.execute(
            "UPDATE chats SET folder = 'Банк/Кредиты', tags = ARRAY['Важное', 'банк'], is_archived = true "
            "WHERE chat_id = %s",
            (bank.chat_id,),
        )
        connection.execute("UPDATE chats SET folder = 'Банковское' WHERE chat_id = %s", (other.chat_id,))
        connection.execute("UPDATE messages SET created_at = '2026-05-10Z' WHERE chat_id = %s", (bank.chat_id,))

    async def chats_of(query: FindQuery) -> set[UUID]:
        return {one.chat_id for one in await _find(storage, actor, query)}

    for words in ("кредит", ""):
        assert await chats_of(FindQuery(words=words, tags=("важное", "БАНК"))) == {bank.chat_id}
        assert await chats_of(FindQuery(words=words, tags=("важное", "иное"))) == set()
        assert await chats_of(FindQuery(words=words, folder="банк")) == {bank.chat_id}
        assert await chats_of(FindQuery(words=words, folder="банк/кредиты/")) == {bank.chat_id}
        assert await chats_of(FindQuery(words=words, folder="Б%")) == set()
        assert await chats_of(FindQuery(words=words, role="assistant")) == {other.chat_id}
        assert await chats_of(FindQuery(words=words, until=date(2026, 5, 11))) == {bank.chat_id}
        assert await chats_of(FindQuery(words=words, since=date(2026, 5, 10), until=date(2026, 5, 11))) == {
            bank.chat_id
        }
        assert await chats_of(FindQuery(words=words, until=date(2026, 5, 10))) == set()
    assert await chats_of(FindQuery(words="кредит")) == {bank.chat_id, other.chat_id}
    assert await chats_of(FindQuery(words="")) == set()


async def test_nobody_finds_what_others_have_said(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    own, (message,) = await _say(storage, actor, "тайна самовара", title="Тайна")
    theirs, _ = await _say(storage, stranger, "тайна чайника", title="Тайна")
    for query in (FindQuery(words="тайна"), FindQuery(words='"тайна самовара"'), FindQuery(words="", role="user")):
        assert {one.chat_id for one in await _find(storage, actor, query)} == {own.chat_id}
        assert own.chat_id not in {one.chat_id for one in await _find(storage, stranger, query)}
    async with storage.reading() as tx:
        assert await tx.message_search.recall(stranger, own.chat_id, "тайна", [message.message_id], limit=5) == {}
        # An id of another chat is not looked at, whoever owns it.
        assert await tx.message_search.recall(stranger, theirs.chat_id, "тайна", [message.message_id], limit=5) == {}


async def test_strangers_stay_apart_where_there_is_too_much_to_look_at_all(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    stranger = await another_actor(clean_database_url)
    for owner in (actor, stranger):
        chat = make_chat(owner, title="Много")
        async with storage.transaction() as tx:
            await tx.chats.add(owner, chat)
        with psycopg.connect(clean_database_url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO messages (message_id, chat_id, role, text, reasoning, citations) "
                "SELECT gen_random_uuid(), %s, 'user', 'общее слово номер ' || number || ' ' || %s, '', '[]' "
                "FROM generate_series(1, 3000) AS number",
                (chat.chat_id, "редкость" if owner is actor else "иное"),
            )
    async with storage.transaction() as tx:
        assert await tx.message_search.index_missing(limit=_MANY) == 6_000
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("ANALYZE message_words, chats")
    for asked in ("общее слово", "номер 77", "редкость", '"слово номер"', "слово -77"):
        for owner in (actor, stranger):
            found = await _find(storage, owner, asked, limit=50)
            async with storage.reading() as tx:
                own = {chat.chat_id for chat in await chats_of(tx, owner)}
            assert {one.chat_id for one in found} <= own
            assert len(found) == 50 or asked in {"номер 77", "редкость"}
    assert len(await _find(storage, stranger, "редкость")) == 0
    assert (await _find(storage, actor, "номер 77"))[0].snippet.startswith("общее слово номер 77")


async def test_what_is_archived_is_found_and_what_is_deleted_is_gone(
    storage: PostgresStorage, actor: Actor, clean_database_url: str
) -> None:
    chat, _ = await _say(storage, actor, "кувшинка")
    with psycopg.connect(clean_database_url, autocommit=True) as connection:
        connection.execute("UPDATE chats SET is_archived = true")
        assert len(await _find(storage, actor, "кувшинка")) == 1
        async with storage.transaction() as tx:
            await tx.chats.remove(actor, chat.chat_id)
        assert await _find(storage, actor, "кувшинка") == ()
        assert connection.execute("SELECT count(*) FROM message_words").fetchone() == (0,)


async def test_a_message_that_is_being_written_is_not_indexed_until_its_run_ends(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat = make_chat(actor)
    question = make_message(chat.chat_id, text="кувшинка?")
    reply = make_message(chat.chat_id, text="кувшинка!", role="assistant", parent_id=question.message_id)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        await tx.chats.add_turn(actor, chat, question, reply, make_run(reply, owner=storage.owner))
        await tx.message_search.index([question.message_id, reply.message_id])
        assert await tx.message_search.index_missing(limit=_MANY) == 0
    assert [one.message_id for one in await _find(storage, actor, "кувшинка")] == [question.message_id]
    with psycopg.connect(storage.address, autocommit=True) as connection:
        connection.execute("UPDATE runs SET status = 'interrupted'")
        connection.execute("UPDATE messages SET text = 'кувшинка!' WHERE role = 'assistant'")
    async with storage.transaction() as tx:
        assert await tx.message_search.index_missing(limit=_MANY) == 1
        assert await tx.message_search.index_missing(limit=_MANY) == 0
    assert {one.role for one in await _find(storage, actor, "кувшинка")} == {"user", "assistant"}


async def test_what_the_index_lacks_is_taken_in_newest_first_and_in_pieces(
    storage: PostgresStorage, actor: Actor
) -> None:
    chat = make_chat(actor)
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        for number in range(5):
            await tx.chats.add_message(actor, make_message(chat.chat_id, text=f"кувшинка {number}"))
        assert [await tx.message_search.index_missing(limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_indexing_again_takes_the_new_words(storage: PostgresStorage, actor: Actor) -> None:
    _, (message,) = await _say(storage, actor, "кувшинка")
    with psycopg.connect(storage.address, autocommit=True) as connection:
        connection.execute("UPDATE messages SET text = 'ромашка'")
    async with storage.transaction() as tx:
        await tx.message_search.index([message.message_id, MessageId(UUID(int=1))])
    assert await _find(storage, actor, "кувшинка") == ()
    assert len(await _find(storage, actor, "ромашка")) == 1


async def test_messages_of_a_chat_are_ranked_by_the_share_of_the_question_that_they_hold(
    storage: PostgresStorage, actor: Actor
) -> None:
    texts = [
        "Кодовое слово проекта — «Альбатрос».",
        "Погода сегодня хорошая.",
        "О каком проекте речь?",
        "Совсем другое.",
    ]
    chat, messages = await _say(storage, actor, *texts)
    ids = [message.message_id for message in messages]
    async with storage.reading() as tx:
        ranked = await tx.message_search.recall(actor, chat.chat_id, "Какое кодовое слово у проекта?", ids, limit=9)
        assert list(ranked) == [ids[0], ids[2]]
        assert 1.0 >= ranked[ids[0]] > 0.8 > ranked[ids[2]] > 0
        one = await tx.message_search.recall(actor, chat.chat_id, "кодовое слово проекта", ids[1:], limit=9)
        assert list(one) == [ids[2]]
        assert await tx.message_search.recall(actor, chat.chat_id, "и в на", ids, limit=9) == {}
        assert await tx.message_search.recall(actor, chat.chat_id, "проект", [], limit=9) == {}
        assert len(await tx.message_search.recall(actor, chat.chat_id, "слово проект", ids, limit=1)) == 1


async def test_ranking_does_not_wait_for_the_index(storage: PostgresStorage, actor: Actor) -> None:
    chat = make_chat(actor)
    first = make_message(chat.chat_id, text="Кодовое слово — Альбатрос")
    second = make_message(chat.chat_id, text="...")
    async with storage.transaction() as tx:
        await tx.chats.add(actor, chat)
        for message in (first, second):
            await tx.chats.add_message(actor, message)
        ids = [first.message_id, second.message_id]
        assert list(await tx.message_search.recall(actor, chat.chat_id, "кодовое слово", ids, limit=5)) == ids[:1]


_HOSTILE = [
    "' OR 1=1 --",
    "\\",
    "a & | ! <-> b:* ('",
    '"""«»“” - -- -a -"b c',
    "\x00\ud800 чай\x00",
    ":limit :actor %s %(x)s {scope}",
    "%_%",
    "-чай",
    "🫖" * 500,
    "я" * 1_000_000,
    "чай " * 250_000,
    '"' + "чай " * 300 + '"',
]


@pytest.mark.parametrize("asked", _HOSTILE, ids=range(len(_HOSTILE)))
async def test_whatever_is_typed_is_only_looked_for(storage: PostgresStorage, actor: Actor, asked: str) -> None:
    chat, (message,) = await _say(storage, actor, "чай " + asked[:2_000], title=asked[:200])
    await _find(storage, actor, asked)
    await _find(storage, actor, FindQuery(words="чай", folder=asked[:500], tags=(asked[:500],)))
    async with storage.reading() as tx:
        await tx.message_search.recall(actor, chat.chat_id, asked, [message.message_id], limit=5)
    assert len(await _find(storage, actor, "чай")) == 1


async def test_two_hundred_random_queries_are_answered(storage: PostgresStorage, actor: Actor) -> None:
    rng = random.Random(20261122)
    alphabet = "абвгдёжabcxyz0123 \t\n\"'«»“”„:-!&|()<>*\\%_/.,@#\u00ad\u200d\ufffd\x00é中🫖"
    said = ["".join(rng.choices(alphabet, k=rng.randint(1, 300))) for _ in range(60)]
    await _say(storage, actor, *said)
    for number in range(200):
        source = rng.choice(said) if number % 2 else "".join(rng.choices(alphabet, k=60))
        query = FindQuery(
            words=source[: rng.randint(0, 80)],
            folder=rng.choice([None, None, source[:5]]),
            tags=rng.choice([(), (), (source[:3], "a")]),
            role=rng.choice([None, "user"]),
            since=rng.choice([None, date(2020, 1, 1)]),
        )
        for one in await _find(storage, actor, query):
            assert all(0 <= start < end <= len(one.snippet) for start, end in one.marks)


async def test_said_at_is_when_it_was_said(storage: PostgresStorage, actor: Actor) -> None:
    await _say(storage, actor, "кувшинка")
    (found,) = await _find(storage, actor, "кувшинка")
    assert abs((datetime.now(UTC) - found.said_at).total_seconds()) < 600
