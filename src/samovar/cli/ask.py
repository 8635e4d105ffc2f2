"""``samovar ask``: one question, with files if need be, answered on the terminal."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.chat.follow import follow_run
from samovar.chat.turn import Turn
from samovar.cli.files import read_file
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.words import notice_line
from samovar.domain.actor import Actor
from samovar.domain.chat import Chat
from samovar.domain.errors import SamovarError, error_from_code
from samovar.domain.event import RunEvent
from samovar.domain.ids import DocumentId, new_chat_id
from samovar.domain.parameters import GenerationParameters
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["ask"]

#: A question to a long scan waits as long as its reading takes.
_LONGEST_WAIT_S = 24 * 3600.0


def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    file: Annotated[list[Path] | None, typer.Option("--file", help="A file to answer from; may be repeated.")] = None,
    model: Annotated[str | None, typer.Option(help="The model to ask; `samovar models` lists them.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Ask a question; the answer names where it stands in the files."""
    settings = load_settings(data_dir)
    run_async(_ask(settings, question, file or [], model, as_json=as_json))


@dataclass(slots=True)
class _Answer:
    text: str = ""
    citations: list[Mapping[str, object]] = field(default_factory=list)
    usage: Mapping[str, object] = field(default_factory=dict)
    end: Mapping[str, object] = field(default_factory=dict)
    was_rewritten: bool = False


async def _ask(settings: Settings, question: str, files: list[Path], model: str | None, *, as_json: bool) -> None:
    contents = [(path.name, read_file(path, settings.limits.upload_mb)) for path in files]
    async with open_services(settings, Metrics(), engine_use="shared", imports=0) as services:
        actor = await services.sign_in.owner()
        if model is not None:
            await services.models.choose(model)
        chat = await _open_chat(services, actor, model)
        turn = await _submit(services, actor, chat, question, contents)
        answer = _Answer()
        async for batch in await follow_run(services.storage, services.hub, actor, turn.run_id, after=0):
            for event in batch:
                _take(answer, event, is_shown=not as_json)
        async with services.storage.transaction() as tx:
            run = await tx.runs.access(actor, turn.run_id)
    if error := answer.end.get("error"):
        raise _told(error)
    if as_json:
        print_json(
            {
                "answer": answer.text,
                "citations": [
                    {name: citation[name] for name in ("n", "document", "page", "quote", "verified", "origin")}
                    for citation in answer.citations
                ],
                "usage": {
                    "prompt_tokens": answer.usage.get("prompt_tokens", 0),
                    "completion_tokens": answer.usage.get("completion_tokens", 0),
                },
                "model": run.model or "",
                "run": str(turn.run_id),
            }
        )
    else:
        _print_sources(answer)


async def _open_chat(services: Services, actor: Actor, model: str | None) -> Chat:
    async with services.storage.transaction() as tx:
        now = await tx.now()
        chat = Chat(
            chat_id=new_chat_id(),
            owner_id=actor.user_id,
            title="",
            system_prompt="",
            model=model,
            # The same question to the same files gets the same answer.
            parameters=GenerationParameters(temperature=0.0, seed=0),
            head_id=None,
            created_at=now,
            updated_at=now,
        )
        await tx.chats.add(actor, chat)
    return chat


async def _submit(
    services: Services, actor: Actor, chat: Chat, question: str, contents: Sequence[tuple[str, bytes]]
) -> Turn:
    document_ids: list[DocumentId] = []
    try:
        for name, content in contents:
            document = await services.intake.take(actor, name=name, content=content, chat_id=chat.chat_id)
            document = await services.intake.wait(actor, document.document_id, timeout_s=_LONGEST_WAIT_S)
            if document.error_code is not None:
                raise error_from_code(document.error_code, name=name, reason=document.error_reason or "")
            document_ids.append(document.document_id)
        return await services.turns.submit(
            actor, chat.chat_id, text=question, parent_id=None, document_ids=document_ids
        )
    except SamovarError:
        # A question that was never asked leaves no chat behind.
        await services.intake.discard(await services.turns.remove_chat(actor, chat.chat_id))
        raise


def _take(answer: _Answer, event: RunEvent, *, is_shown: bool) -> None:
    body = event.body
    match event.kind:
        case "delta":
            answer.text += str(body["text"])
            if is_shown:
                print(plain(str(body["text"])), end="", flush=True)
        case "replace":
            answer.was_rewritten = answer.was_rewritten or bool(answer.text)
            answer.text = str(body["text"])
        case "citations":
            found = body["citations"]
            answer.citations = list(found) if isinstance(found, list) else []
        case "usage":
            answer.usage = body
        case "notice":
            values = body["values"]
            print(notice_line(str(body["code"]), values if isinstance(values, dict) else {}), file=sys.stderr)
        case "end":
            answer.end = body
        case _:
            pass  # Progress and status are for pages.


def _print_sources(answer: _Answer) -> None:
    print()
    for citation in answer.citations:
        place = f", {citation['page']}" if citation["page"] is not None else ""
        mark = "✓" if citation["verified"] else "?"
        print(f"[{citation['n']}] {mark} {citation['document']}{place}: “{plain(str(citation['quote']))}”")


def _told(error: object) -> SamovarError:
    body = error if isinstance(error, dict) else {}
    return error_from_code(str(body.get("code", "internal")), **body.get("values", {}))
