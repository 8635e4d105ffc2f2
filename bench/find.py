"""``make bench-find``: finding among many messages of one person.

Generated chats in two alphabets are loaded into the embedded PostgreSQL, the product itself indexes them as it does
what an import has left, and is asked as ``GET /api/find`` asks it: messages, titles and documents, with their marks.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import psutil
import psycopg
import uvloop

from bench.record import dated, keep, write_section
from bench.search_load import Words
from samovar.chat.finding import find_everywhere
from samovar.domain.actor import Actor
from samovar.storage import PostgresStorage, open_storage

#: Questions are short and replies long.
_WORDS_OF_QUESTION: Final = 25
_WORDS_OF_REPLY: Final = 150
_WORDS_OF_TITLE: Final = 5
_TAGS: Final = 20
_PIECE: Final = 500
_WARM_UP: Final = 30
_LIMIT: Final = 20


async def measure(folder: Path, *, messages: int, chats: int, queries: int) -> dict[str, Any]:
    """Load, index and find."""
    storage = await open_storage(data_dir=folder, database_url=None)
    words = Words(seed=6)
    try:
        async with storage.transaction() as tx:
            owner = await tx.accounts.first_user()
        actor = Actor(user_id=owner.user_id, entry_point="cli")
        with psycopg.connect(storage.address, autocommit=True) as connection:
            postmaster = _postmaster(connection)
            _load(connection, owner.user_id, words, messages, chats)
            found: dict[str, Any] = {"messages": messages, "chats": chats}
            found["index_s"], found["index_cpu_s"] = await _index(storage, postmaster)
            # As autovacuum does within a minute.
            connection.execute("VACUUM ANALYZE")
            sizes = connection.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
                "WHERE relname IN ('messages', 'message_words') "
                "UNION ALL SELECT relname, pg_relation_size(oid) FROM pg_class "
                "WHERE relname = 'message_words_lexemes_index'"
            )
            found["bytes"] = dict(sizes.fetchall())
        found["rows"] = [
            {"words": f"{count} {'word' if count == 1 else 'words'}"}
            | await _ask(storage, postmaster, actor, list(words.texts(queries + _WARM_UP, count)))
            for count in range(1, 6)
        ]
        filtered = [
            f"tag:tag{number % _TAGS} from:model {typed}"
            for number, typed in enumerate(words.texts(queries + _WARM_UP, 2))
        ]
        found["rows"].append(
            {"words": "2 words, `tag:` and `from:`"} | await _ask(storage, postmaster, actor, filtered)
        )
        quoted = [f'"{typed}"' for typed in words.texts(queries + _WARM_UP, 2)]
        found["rows"].append({"words": "a phrase of 2 words"} | await _ask(storage, postmaster, actor, quoted))
        return found
    finally:
        await storage.close()


def _load(connection: psycopg.Connection, owner: UUID, words: Words, messages: int, chats: int) -> None:
    """Store chats whose messages are questions and replies by turns, as an import leaves them: not indexed."""
    connection.execute("CREATE TEMP TABLE given (number serial, title text)")
    with connection.cursor() as cursor, cursor.copy("COPY given (title) FROM STDIN") as copy:
        for title in words.texts(chats, _WORDS_OF_TITLE):
            copy.write_row((title,))
    connection.execute(
        "INSERT INTO chats (chat_id, owner_id, title, system_prompt, parameters, tags) "
        "SELECT gen_random_uuid(), %s, title, '', '{}', ARRAY['tag' || number %% %s] FROM given ORDER BY number",
        (owner, _TAGS),
    )
    ids = [row[0] for row in connection.execute("SELECT chat_id FROM chats").fetchall()]
    connection.execute("CREATE TEMP TABLE said (number serial, chat_id uuid, role text, body text)")
    questions = words.texts(messages // 2, _WORDS_OF_QUESTION)
    replies = words.texts(messages - messages // 2, _WORDS_OF_REPLY)
    with connection.cursor() as cursor, cursor.copy("COPY said (chat_id, role, body) FROM STDIN") as copy:
        for number in range(messages):
            chat = ids[number // 2 * 2 * chats // messages % chats]
            is_question = number % 2 == 0
            copy.write_row((chat, "user" if is_question else "assistant", next(questions if is_question else replies)))
    connection.execute(
        "INSERT INTO messages (message_id, chat_id, role, text, reasoning, citations) "
        "SELECT gen_random_uuid(), chat_id, role, body, '', '[]' FROM said ORDER BY number"
    )


async def _index(storage: PostgresStorage, postmaster: psutil.Process) -> tuple[float, float]:
    """Index as the product does, piece by piece; return seconds, of the clock and of PostgreSQL's processor."""
    started, cpu_s = time.perf_counter(), _cpu_s(postmaster)
    while True:
        async with storage.transaction() as tx:
            if await tx.message_search.index_missing(limit=_PIECE) < _PIECE:
                return time.perf_counter() - started, _cpu_s(postmaster) - cpu_s


async def _ask(
    storage: PostgresStorage, postmaster: psutil.Process, actor: Actor, typed: Sequence[str]
) -> dict[str, float]:
    """Find; of all but the first queries return percentiles of the clock, and the processor time of one."""
    times: list[float] = []
    shown = 0
    cpu_s = 0.0
    for number, one in enumerate(typed):
        if number == _WARM_UP:
            cpu_s = _cpu_s(postmaster) + time.process_time()
        started = time.perf_counter()
        found = await find_everywhere(storage, actor, one, limit=_LIMIT)
        if number >= _WARM_UP:
            times.append((time.perf_counter() - started) * 1_000)
            shown += len(found.messages)
    cpu_s = _cpu_s(postmaster) + time.process_time() - cpu_s
    return {
        "p50_ms": float(np.percentile(times, 50)),
        "p95_ms": float(np.percentile(times, 95)),
        "cpu_ms": cpu_s / len(times) * 1_000,
        "found": shown / len(times),
    }


def _postmaster(connection: psycopg.Connection) -> psutil.Process:
    parent = psutil.Process(connection.info.backend_pid).parent()
    assert parent is not None, "a process of PostgreSQL has a parent"
    return parent


def _cpu_s(postmaster: psutil.Process) -> float:
    """What PostgreSQL's processes that live have used, in seconds."""
    used = [process.cpu_times() for process in (postmaster, *postmaster.children())]
    return float(sum(times.user + times.system for times in used))


def table(found: dict[str, Any]) -> str:
    """Write all figures as Markdown, under a line that says where and when."""
    machine, size = found["machine"], found["bytes"]
    lines = [
        f"Samovar {found['version']}, {found['at'][:10]}, {machine['system']}, Python {machine['python']}; "
        f"{found['messages']:,} messages in {found['chats']:,} chats, {size['messages'] / 1e6:.0f} MB; their index "
        f"{size['message_words'] / 1e6:.0f} MB ({size['message_words_lexemes_index'] / 1e6:.0f} MB of it words), "
        f"made in {found['index_s']:.0f} s ({found['index_cpu_s']:.0f} s of the processor).",
        "",
        "| query | p50 / p95 | processor time | found of 20 |",
        "|---|---|---|---|",
    ]
    lines.extend(
        f"| {row['words']} | {row['p50_ms']:.0f} / {row['p95_ms']:.0f} ms | {row['cpu_ms']:.0f} ms "
        f"| {row['found']:.1f} |"
        for row in found["rows"]
    )
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--chats", type=int, default=2_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--write-page", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samovar-bench-") as folder:
        found = dated(
            uvloop.run(measure(Path(folder), messages=asked.messages, chats=asked.chats, queries=asked.queries))
        )
    keep("find", found)
    print(table(found))
    if asked.write_page:
        write_section("bench-find", table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
