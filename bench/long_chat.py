"""``make bench-long-chat``: what it takes the server to open a very long chat, by page and whole.

A chat of generated words is stored beside others as an import stores them, with a second version of every tenth reply.
Then ``samovar serve`` is asked over HTTP as the page asks it. The first answer of each kind is left out.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
import uvloop

from bench.processes import Server, cpu_s, processes_of, start_server
from bench.record import dated, keep, write_section
from bench.search_load import Words
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat, Message
from samovar.domain.ids import ChatId, UserId, new_chat_id, new_message_id
from samovar.domain.parameters import GenerationParameters
from samovar.storage import open_storage

_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_WORDS_OF_MESSAGE: Final = 90
#: Chats of the same length beside the one that is opened.
_OTHERS: Final = 2
_EVERY: Final = 10
_INDEXED_AT_ONCE: Final = 500
_ON_A_PAGE: Final = 60


async def measure(folder: Path, *, messages: int, rounds: int) -> dict[str, Any]:
    """Store, serve and ask."""
    chat_id, line = await _fill(folder, messages)
    path = f"/api/chats/{chat_id}"
    older = [line[place] for place in np.linspace(_ON_A_PAGE, len(line) - 1, rounds + 1, dtype=int)]
    kinds: list[tuple[str, Callable[[int], str]]] = [
        (f"opened: the last {_ON_A_PAGE}", lambda _: f"{path}?limit={_ON_A_PAGE}"),
        (
            f"{_ON_A_PAGE} older ones, anywhere",
            lambda turn: f"{path}/messages?before={older[turn]}&limit={_ON_A_PAGE}",
        ),
        ("the outline of all", lambda _: f"{path}/tree"),
        ("the whole tree, without `limit`", lambda _: path),
    ]
    async with (
        start_server(folder, "--no-engine") as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        await server.sign_in(session)
        rows = [{"asked": name} | await _ask(server, session, address, rounds) for name, address in kinds]
    return {"messages": messages, "versions": messages // _EVERY, "rows": rows}


async def _fill(folder: Path, messages: int) -> tuple[ChatId, list[str]]:
    """Store the chats, and index them, lest the server does so meanwhile; return one and the ids of its branch."""
    storage = await open_storage(data_dir=folder, database_url=None)
    words = Words(seed=6)
    try:
        async with storage.transaction() as tx:
            owner = await tx.accounts.first_user()
        actor = Actor(user_id=owner.user_id, entry_point="cli")
        for _ in range(_OTHERS + 1):
            chat, line, versions = _generated(owner.user_id, words, messages)
            async with storage.transaction() as tx:
                await tx.archive.add_chat(actor, chat, [*line, *versions])
        while True:
            async with storage.transaction() as tx:
                if await tx.message_search.index_missing(limit=_INDEXED_AT_ONCE) < _INDEXED_AT_ONCE:
                    return chat.chat_id, [str(message.message_id) for message in line]
    finally:
        await storage.close()


def _generated(owner_id: UserId, words: Words, count: int) -> tuple[Chat, list[Message], list[Message]]:
    """A chat, its branch and the second versions of some replies."""
    chat_id = new_chat_id()
    line: list[Message] = []
    for number, body in enumerate(words.texts(count, _WORDS_OF_MESSAGE)):
        line.append(
            Message(
                message_id=new_message_id(),
                chat_id=chat_id,
                parent_id=line[-1].message_id if line else None,
                position=number + 1,
                role="assistant" if number % 2 else "user",
                text=body,
                model="generated" if number % 2 else None,
                created_at=_START + timedelta(minutes=number),
            )
        )
    versions = [
        replace(message, message_id=new_message_id(), position=count + place)
        for place, message in enumerate(line[_EVERY - 1 :: _EVERY], start=1)
    ]
    chat = Chat(
        chat_id=chat_id,
        owner_id=owner_id,
        title="Long",
        system_prompt="",
        model=None,
        parameters=GenerationParameters(),
        head_id=line[-1].message_id,
        created_at=_START,
        updated_at=line[-1].created_at,
    )
    return chat, line, versions


async def _ask(
    server: Server, session: aiohttp.ClientSession, address: Callable[[int], str], rounds: int
) -> dict[str, float]:
    """Ask; of all but the first answer return percentiles of the clock, and the processor time and bytes of one."""
    times: list[float] = []
    size_bytes = 0
    used_s = 0.0
    for turn in range(rounds + 1):
        if turn == 1:
            used_s = _used_s(server)
        started = time.perf_counter()
        async with session.get(server.base + address(turn)) as response:
            content = await response.read()
            response.raise_for_status()
        if turn:
            times.append((time.perf_counter() - started) * 1_000)
            size_bytes += len(content)
    used_s = _used_s(server) - used_s
    return {
        "p50_ms": float(np.percentile(times, 50)),
        "p95_ms": float(np.percentile(times, 95)),
        "cpu_ms": used_s / rounds * 1_000,
        "bytes": size_bytes / rounds,
    }


def _used_s(server: Server) -> float:
    """Processor seconds of the server and its PostgreSQL so far."""
    roles = processes_of(server)
    return cpu_s([*roles["api"], *roles["database"]])


def table(found: dict[str, Any]) -> str:
    """Write all figures as Markdown, under a line that says where and when."""
    machine = found["machine"]
    lines = [
        f"Samovar {found['version']}, {found['at'][:10]}, {machine['system']}, Python {machine['python']}; "
        f"a chat of {found['messages']:,} messages and {found['versions']:,} other versions, beside {_OTHERS} more.",
        "",
        "| asked | p50 / p95 | processor time | answer |",
        "|---|---|---|---|",
    ]
    lines.extend(
        f"| {row['asked']} | {row['p50_ms']:.0f} / {row['p95_ms']:.0f} ms | {row['cpu_ms']:.0f} ms "
        f"| {row['bytes'] / 1e3:,.0f} kB |"
        for row in found["rows"]
    )
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--write-page", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samovar-bench-") as folder:
        found = dated(uvloop.run(measure(Path(folder) / "data", messages=asked.messages, rounds=asked.rounds)))
    keep("long_chat", found)
    print(table(found))
    if asked.write_page:
        write_section("bench-long-chat", table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
