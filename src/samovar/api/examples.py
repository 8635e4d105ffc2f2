"""Example sets: files of questions and answers that a chat is taught by."""

import asyncio
from pathlib import PurePosixPath
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.domain.errors import Conflict
from samovar.domain.examples import ExampleSet
from samovar.domain.ids import ChatId, ExampleSetId, new_examples_id
from samovar.gateway.tokens import MESSAGE_OVERHEAD_TOKENS
from samovar.prompts.example_files import MOST_BYTES, ExampleFile, read_example_file
from samovar.prompts.modelfile import write_modelfile
from samovar.prompts.training_file import write_training_file

__all__ = ["router"]

router = APIRouter(prefix="/api/examples", tags=["examples"])

_MOST_SETS: Final = 100
_LONGEST_FILE_NAME: Final = 1_000
_LONGEST_NAME: Final = 200
_LONGEST_MODEL: Final = 500
#: What a question and its answer are sent as.
_MESSAGES_OF_AN_EXAMPLE: Final = 2


class CostBody(BaseModel):
    """The model whose tokens are counted; without one the model that a new chat would have."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = Field(None, max_length=_LONGEST_MODEL)


@router.get("")
async def list_example_sets(actor: Asker, services: ServicesOf) -> Response:
    """List the own sets by name, without their examples."""
    async with services.storage.reading() as tx:
        sets = await tx.example_sets.view_all(actor)
    return JSONResponse(
        {
            "sets": [
                {
                    "id": str(found.examples_id),
                    "name": found.name,
                    "instruction": found.instruction,
                    "count": found.count,
                    "created_at": found.created_at.isoformat(),
                }
                for found in sets
            ]
        }
    )


@router.post("")
async def take_example_file(
    request: Request,
    actor: Asker,
    services: ServicesOf,
    name: Annotated[str, Query(min_length=1, max_length=_LONGEST_FILE_NAME)],
) -> Response:
    """Read a file of examples, and tell what of it was not understood."""
    async with services.uploads.receive(request, name, most_bytes=MOST_BYTES) as content:
        # Megabytes of lines: other requests are not to wait for them.
        read = await asyncio.to_thread(read_example_file, name, content)
    async with services.storage.transaction() as tx:
        if len(await tx.example_sets.view_all(actor)) >= _MOST_SETS:
            raise Conflict(reason=f"you have {_MOST_SETS} example sets already")
        examples = ExampleSet(
            examples_id=new_examples_id(),
            owner_id=actor.user_id,
            name=_name(name),
            instruction=read.instruction,
            examples=read.examples,
            created_at=await tx.now(),
        )
        await tx.example_sets.add(actor, examples)
    return JSONResponse({**_line_body(examples), "problems": _problems_body(read)}, status_code=201)


@router.get("/{examples_id}")
async def read_example_set(examples_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Read a set with all its examples."""
    async with services.storage.reading() as tx:
        examples = await tx.example_sets.access(actor, ExampleSetId(examples_id))
    told = [{"question": one.question, "answer": one.answer} for one in examples.examples]
    return JSONResponse({**_line_body(examples), "examples": told})


@router.delete("/{examples_id}")
async def delete_example_set(examples_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete a set; chats that used it go on without."""
    async with services.storage.transaction() as tx:
        await tx.example_sets.remove(actor, ExampleSetId(examples_id))
    return Response(status_code=204)


@router.get("/{examples_id}/modelfile")
async def export_modelfile(
    examples_id: UUID,
    actor: Asker,
    services: ServicesOf,
    model: Annotated[str, Query(min_length=1, max_length=_LONGEST_MODEL)],
    chat: UUID | None = None,
) -> Response:
    """Write a set as an Ollama Modelfile, with the system prompt and the parameters of ``chat`` if one is named."""
    async with services.storage.reading() as tx:
        examples = await tx.example_sets.access(actor, ExampleSetId(examples_id))
        taught = None if chat is None else await tx.chats.access(actor, ChatId(chat))
    # What Ollama knows is its own name of the model, not ours with the backend in front.
    listing = services.models.recent()
    known = None if listing is None else listing.find(model)
    written = write_modelfile(
        model if known is None else known.description.model,
        examples,
        system_prompt="" if taught is None else taught.system_prompt,
        parameters=None if taught is None else taught.parameters,
    )
    return _attachment(written.encode(), "text/plain", "Modelfile")


@router.get("/{examples_id}/jsonl")
async def export_training_file(examples_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Write a set as JSONL in OpenAI's form."""
    async with services.storage.reading() as tx:
        examples = await tx.example_sets.access(actor, ExampleSetId(examples_id))
    return _attachment(write_training_file(examples), "application/jsonl", "examples.jsonl")


@router.post("/{examples_id}/cost")
async def count_example_set(examples_id: UUID, body: CostBody, actor: Asker, services: ServicesOf) -> Response:
    """Count what sending the whole set costs in the tokens of a model, its instruction included."""
    async with services.storage.reading() as tx:
        examples = await tx.example_sets.access(actor, ExampleSetId(examples_id))
    choice = await services.models.choose(body.model)
    texts = [examples.instruction, *(text for one in examples.examples for text in (one.question, one.answer))]
    counts, counted_by = await services.counter.count(choice.backend, choice.description.model, texts)
    around = MESSAGE_OVERHEAD_TOKENS * _MESSAGES_OF_AN_EXAMPLE * len(examples.examples)
    return JSONResponse(
        {
            "tokens": sum(counts) + around,
            "counted_by": counted_by,
            "model": choice.model_id,
            "context_tokens": choice.description.capabilities.context_tokens,
        }
    )


def _name(file: str) -> str:
    """What a set is called: the name of its file without folders and suffix, in what can be shown."""
    last = PurePosixPath(file.replace("\\", "/"))
    shown = "".join(character if character.isprintable() else " " for character in last.stem)
    return " ".join(shown.split())[:_LONGEST_NAME] or "examples"


def _attachment(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _problems_body(read: ExampleFile) -> list[dict[str, object]]:
    return [{"what": one.what, "count": one.count, "lines": list(one.lines)} for one in read.problems]


def _line_body(examples: ExampleSet) -> dict[str, object]:
    return {
        "id": str(examples.examples_id),
        "name": examples.name,
        "instruction": examples.instruction,
        "count": len(examples.examples),
        "created_at": examples.created_at.isoformat(),
    }
