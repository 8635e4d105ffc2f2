"""``samovar ledger``: a table for people, the ledger and the request for programs."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.database import temporary_folder
from tests.support.process import run_command

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.domain.chat import Chat
from samovar.domain.context import PinnedFact
from samovar.domain.ids import RunId, new_chat_id
from samovar.domain.ledger import from_json, to_json
from samovar.domain.parameters import GenerationParameters
from samovar.domain.run import LIVE_STATUSES
from samovar.settings import BackendsSettings, EngineSettings, Settings
from samovar.telemetry.metrics import Metrics

ENGLISH = {"SAMOVAR_LANGUAGE": "en"}


async def answer(services: Services) -> RunId:
    """Have a question answered by the scripted model in a chat with a pinned fact."""
    actor = await services.sign_in.owner()
    async with services.storage.transaction() as tx:
        now = await tx.now()
        chat = Chat(
            chat_id=new_chat_id(),
            owner_id=actor.user_id,
            title="",
            system_prompt="Be kind.",
            model="text",
            parameters=GenerationParameters(),
            head_id=None,
            facts=(PinnedFact(text="The gate code is 4417."),),
            created_at=now,
            updated_at=now,
        )
        await tx.chats.add(actor, chat)
        await tx.chats.save(actor, chat)
    turn = await services.turns.submit(actor, chat.chat_id, text="What is a samovar?", parent_id=None)
    while True:
        async with services.storage.reading() as tx:
            if (await tx.runs.access(actor, turn.run_id)).status not in LIVE_STATUSES:
                return turn.run_id
        await asyncio.sleep(0.02)


async def test_the_ledger_of_an_answer_is_a_table_for_people_and_json_for_programs() -> None:
    with temporary_folder() as folder:
        settings = Settings(
            data_dir=folder / "data",
            engine=EngineSettings(enabled=False),
            backends=BackendsSettings(scripted=True, discover=False),
        )
        # The server of the database stays up meanwhile, as beside `samovar serve`.
        async with open_services(settings, Metrics(), engine_use="none") as services:
            run_id = str(await answer(services))

            async def ledger(*options: str, **environment: str) -> Any:
                return await asyncio.to_thread(
                    run_command,
                    *("ledger", run_id, *options, "--data-dir", str(folder / "data")),
                    environment=ENGLISH | environment,
                )

            table = await ledger()
            assert table.returncode == 0, table.stderr
            lines = [line.strip() for line in table.stdout.splitlines()]
            assert lines[0].startswith("Model: text")
            assert "Sent, in this order" in lines
            assert any(line.endswith("system prompt") for line in lines)
            assert any("pinned facts" in line for line in lines)
            assert "What is a samovar?" in lines
            russian = await ledger(SAMOVAR_LANGUAGE="ru")
            assert "Отправлено, в этом порядке" in russian.stdout
            whole = json.loads((await ledger("--json")).stdout)
            assert whole["sent_tokens"] == sum(piece["tokens"] for piece in whole["pieces"] if piece["sent"])
            assert to_json(from_json(whole))["pieces"] == whole["pieces"]
            request = json.loads((await ledger("--request")).stdout)
            assert [message["role"] for message in request["messages"]] == ["system", "user"]
            assert request["messages"][1]["parts"] == [{"type": "text", "text": "What is a samovar?"}]
            both = await ledger("--json", "--request")
            assert both.returncode == 2


def test_a_run_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with temporary_folder() as folder:
        done = run_command("ledger", str(uuid4()), "--data-dir", str(folder / "data"), environment=ENGLISH)
    assert done.returncode == 1
    assert "run" in done.stderr
    assert done.stderr.count("\n") == 1
