"""``make bench-context``: what is still known of a long chat, by each strategy, and what it costs.

Twenty facts are said in a chat of 300 turns. Each is asked for at its end, of a model with a context of 4,096 tokens
that answers only from what it is sent (``context_model.py``). The whole way is real: PostgreSQL, the index of messages,
the gateway, HTTP. Every question is a branch of its own, so none is helped by another.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from bench.context_chat import FACTS, PlantedChat, PlantedFact, plant_chat
from bench.context_model import Reader, listen
from samovar import __version__
from samovar.api.deps import Services
from samovar.app import open_services
from samovar.domain.actor import Actor
from samovar.domain.context import CONTEXT_STRATEGIES, ContextStrategy
from samovar.domain.ledger import from_json
from samovar.domain.run import LIVE_STATUSES
from samovar.settings import BackendServer, BackendsSettings, EngineSettings, Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["StrategyFigures", "context_settings", "measure", "table"]

RESULTS: Final = Path(__file__).resolve().parent / "results"
#: What an index of a whole chat is made of in one go.
_INDEXED_AT_ONCE: Final = 10_000
_POLL_S: Final = 0.01
#: A chat of 300 turns is summed up in about fifteen steps.
_PATIENCE_S: Final = 120
_STEPS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFigures:
    """What one strategy has brought. Units: tokens of the whole request, mean and most over the questions."""

    strategy: ContextStrategy
    recalled: int
    asked: int
    mean_tokens: int
    most_tokens: int
    budget_tokens: int


def context_settings(data_dir: Path, model_url: str, *, database_url: str | None = None) -> Settings:
    """Settings of an installation that has this model and nothing else."""
    server = BackendServer(name="reader", kind="llamacpp", url=model_url)
    backends = BackendsSettings(servers=(server,), discover=False)
    return Settings(
        data_dir=data_dir, database_url=database_url, engine=EngineSettings(enabled=False), backends=backends
    )


async def measure(
    services: Services, strategies: Sequence[ContextStrategy] = CONTEXT_STRATEGIES, *, turns: int = 300, seed: int = 6
) -> list[StrategyFigures]:
    """Plant the facts in a chat and ask for each by each strategy. Shape: one row a strategy."""
    actor = await services.sign_in.owner()
    planted = plant_chat(actor.user_id, turns=turns, seed=seed)
    async with services.storage.transaction() as tx:
        await tx.archive.add_chat(actor, planted.chat, planted.messages)
        await tx.message_search.index_missing(limit=_INDEXED_AT_ONCE)
    await _summarise(services, actor, planted)
    return [await _ask_all(services, actor, planted, strategy) for strategy in strategies]


async def _summarise(services: Services, actor: Actor, planted: PlantedChat) -> None:
    """Have the old turns summed up as the application does it: by the model, step by step, each step checked."""
    chat_id = planted.chat.chat_id
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, chat_id, for_update=True)
        await tx.chats.save(actor, replace(chat, strategy="auto"))
    made, before = 0, -_STEPS
    services.summariser.start()
    async with asyncio.timeout(_PATIENCE_S):
        # One request makes some steps and lets others have their turn.
        while made >= before + _STEPS:
            before = made
            await services.summariser.ask(actor, chat_id)
            while services.summariser.state(chat_id).is_making:
                await asyncio.sleep(_POLL_S)
            async with services.storage.reading() as tx:
                made = len(await tx.summaries.of_chat(actor, chat_id))
    # Questions later would have it go on, and no two strategies would be asked of the same chat.
    await services.summariser.close()
    if (problem := services.summariser.state(chat_id).problem) is not None:
        print(f"A summary was refused: {problem.reason}", file=sys.stderr)


async def _ask_all(
    services: Services, actor: Actor, planted: PlantedChat, strategy: ContextStrategy
) -> StrategyFigures:
    async with services.storage.transaction() as tx:
        chat = await tx.chats.access(actor, planted.chat.chat_id, for_update=True)
        await tx.chats.save(actor, replace(chat, strategy=strategy))
    asked = [await _ask(services, actor, planted, fact) for fact in FACTS]
    tokens = [spent for _, spent, _ in asked]
    return StrategyFigures(
        strategy=strategy,
        recalled=sum(is_known for is_known, _, _ in asked),
        asked=len(asked),
        mean_tokens=round(sum(tokens) / len(tokens)),
        most_tokens=max(tokens),
        budget_tokens=asked[0][2],
    )


async def _ask(services: Services, actor: Actor, planted: PlantedChat, fact: PlantedFact) -> tuple[bool, int, int]:
    """Ask for a fact: whether the answer has it, the tokens that were sent, and the budget."""
    turn = await services.turns.submit(
        actor, planted.chat.chat_id, text=fact.asked, parent_id=planted.messages[-1].message_id
    )
    while True:
        async with services.storage.reading() as tx:
            run = await tx.runs.access(actor, turn.run_id)
            if run.status not in LIVE_STATUSES:
                reply = await tx.chats.access_message(actor, turn.reply.message_id)
                ledger = from_json(await tx.runs.ledger(actor, turn.run_id))
                return fact.answer in reply.text, ledger.sent_tokens, ledger.context_tokens - ledger.reply_tokens
        await asyncio.sleep(_POLL_S)


def table(rows: Sequence[StrategyFigures]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| strategy | facts recalled | tokens a question, mean | most | budget |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.strategy} | {row.recalled} of {row.asked} | {row.mean_tokens:,} | {row.most_tokens:,} "
        f"| {row.budget_tokens:,} |"
        for row in rows
    ]
    return "\n".join(lines)


async def _run(folder: Path, turns: int, seed: int) -> list[StrategyFigures]:
    async with (
        listen(Reader(), port=0) as url,
        open_services(context_settings(folder, url), Metrics(), engine_use="none") as services,
    ):
        return await measure(services, turns=turns, seed=seed)


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.context", description=__doc__)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[6])
    given = parser.parse_args()
    found: dict[str, object] = {"version": __version__, "at": datetime.now(UTC).isoformat(), "turns": given.turns}
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="samovar-bench-") as folder:
            rows = uvloop.run(_run(Path(folder), given.turns, seed))
        found[f"seed {seed}"] = [asdict(row) for row in rows]
        print(f"Seed {seed}, {given.turns} turns\n\n{table(rows)}\n")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "context.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
