"""The library of prompts and presets, and the prompts that ship."""

import re
import unicodedata
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.domain.actor import Actor
from samovar.domain.errors import Conflict, InvalidRequest
from samovar.domain.ids import PromptId, new_prompt_id
from samovar.domain.parameters import GenerationParameters, read_parameters
from samovar.domain.prompts import SavedPrompt, variables
from samovar.prompts.template import TemplateLanguage
from samovar.prompts.templates import ADVICE, TEMPLATES

__all__ = ["router"]

router = APIRouter(prefix="/api/prompts", tags=["prompts"])

_MOST_PROMPTS: Final = 500
_LONGEST_NAME: Final = 60
_LONGEST_TITLE: Final = 200
_LONGEST_TEXT: Final = 20_000
_LONGEST_SYSTEM_PROMPT: Final = 50_000
_LONGEST_MODEL: Final = 500
_MOST_TAGS: Final = 20
_LONGEST_TAG: Final = 50
#: What can follow a ``/`` in a message and end where the next word begins.
_NAME: Final = re.compile(r"\w[\w-]*")

Tag = Annotated[str, Field(max_length=_LONGEST_TAG)]


class NewPromptBody(BaseModel):
    """A prompt to keep."""

    model_config = ConfigDict(extra="forbid")
    # One more than a name has: people write the slash too.
    name: str = Field(max_length=_LONGEST_NAME + 1)
    title: str = Field("", max_length=_LONGEST_TITLE)
    text: str = Field(max_length=_LONGEST_TEXT)
    tags: list[Tag] = Field(default_factory=list, max_length=_MOST_TAGS)
    shared: bool = False
    system_prompt: str | None = Field(None, max_length=_LONGEST_SYSTEM_PROMPT)
    model: str | None = Field(None, max_length=_LONGEST_MODEL)
    parameters: dict[str, object] | None = None


class PromptBody(BaseModel):
    """What of a prompt can be changed; a field that is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = Field(None, max_length=_LONGEST_NAME + 1)
    title: str | None = Field(None, max_length=_LONGEST_TITLE)
    text: str | None = Field(None, max_length=_LONGEST_TEXT)
    tags: list[Tag] | None = Field(None, max_length=_MOST_TAGS)
    shared: bool | None = None
    system_prompt: str | None = Field(None, max_length=_LONGEST_SYSTEM_PROMPT)
    model: str | None = Field(None, max_length=_LONGEST_MODEL)
    parameters: dict[str, object] | None = None


@router.get("")
async def list_prompts(actor: Asker, services: ServicesOf) -> Response:
    """List the own prompts and those that others share, by name."""
    async with services.storage.reading() as tx:
        prompts = await tx.prompts.view_all(actor)
    return JSONResponse({"prompts": [_body(actor, prompt) for prompt in prompts]})


@router.get("/templates")
async def list_templates(_actor: Asker, language: TemplateLanguage = "en") -> Response:
    """List the prompts that ship in one language, and the advice for whoever writes one."""
    return JSONResponse(
        {
            "templates": [
                {
                    "kind": template.kind,
                    "name": template.name,
                    "title": template.title,
                    "text": template.text,
                    "tags": list(template.tags),
                    "advice": list(template.advice),
                    "variables": _variables_body(template.text),
                }
                for template in TEMPLATES[language]
            ],
            "advice": [{"point": one.point, "title": one.title, "text": one.text} for one in ADVICE[language]],
        }
    )


@router.post("")
async def create_prompt(body: NewPromptBody, actor: Asker, services: ServicesOf) -> Response:
    """Keep a prompt. A title that is missing is the name."""
    name = _name(body.name)
    parameters = _parameters(body.parameters)
    async with services.storage.transaction() as tx:
        own = [prompt for prompt in await tx.prompts.view_all(actor) if prompt.owner_id == actor.user_id]
        if len(own) >= _MOST_PROMPTS:
            raise Conflict(reason=f"a library holds at most {_MOST_PROMPTS} prompts")
        now = await tx.now()
        prompt = SavedPrompt(
            prompt_id=new_prompt_id(),
            owner_id=actor.user_id,
            name=name,
            title=_line(body.title) or name,
            text=_text(body.text),
            tags=_tags(body.tags),
            is_shared=body.shared,
            system_prompt=body.system_prompt,
            model=body.model,
            parameters=parameters,
            created_at=now,
            updated_at=now,
        )
        await tx.prompts.add(actor, prompt)
    return JSONResponse(_body(actor, prompt), status_code=201)


@router.patch("/{prompt_id}")
async def change_prompt(prompt_id: UUID, body: PromptBody, actor: Asker, services: ServicesOf) -> Response:
    """Change what the body names; null takes a system prompt, a model or parameters away."""
    async with services.storage.transaction() as tx:
        prompt = _changed(await tx.prompts.access(actor, PromptId(prompt_id)), body)
        await tx.prompts.save(actor, prompt)
        prompt = await tx.prompts.access(actor, prompt.prompt_id)
    return JSONResponse(_body(actor, prompt))


@router.delete("/{prompt_id}")
async def delete_prompt(prompt_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """Delete an own prompt."""
    async with services.storage.transaction() as tx:
        await tx.prompts.remove(actor, PromptId(prompt_id))
    return Response(status_code=204)


def _changed(prompt: SavedPrompt, body: PromptBody) -> SavedPrompt:
    if body.name is not None:
        prompt = replace(prompt, name=_name(body.name))
    if body.title is not None:
        prompt = replace(prompt, title=_line(body.title) or prompt.name)
    if body.text is not None:
        prompt = replace(prompt, text=_text(body.text))
    if body.tags is not None:
        prompt = replace(prompt, tags=_tags(body.tags))
    if body.shared is not None:
        prompt = replace(prompt, is_shared=body.shared)
    if "system_prompt" in body.model_fields_set:
        prompt = replace(prompt, system_prompt=body.system_prompt)
    if "model" in body.model_fields_set:
        prompt = replace(prompt, model=body.model)
    if "parameters" in body.model_fields_set:
        prompt = replace(prompt, parameters=_parameters(body.parameters))
    return prompt


def _name(name: str) -> str:
    """The name in its one spelling, without a slash in front. Raises: InvalidRequest."""
    spelt = unicodedata.normalize("NFC", name.strip().removeprefix("/")).lower()
    if not _NAME.fullmatch(spelt) or len(spelt) > _LONGEST_NAME:
        raise InvalidRequest(
            reason=f"the name of a prompt has 1 to {_LONGEST_NAME} letters, digits, hyphens and underscores, no spaces"
        )
    return spelt


def _text(text: str) -> str:
    if not text.strip():
        raise InvalidRequest(reason="a prompt has a text")
    return text


def _tags(tags: list[str]) -> tuple[str, ...]:
    """Tags in lower case, without repeats and empty ones, in the order in which they came."""
    return tuple(dict.fromkeys(tag for tag in (_line(one).removeprefix("#").lower() for one in tags) if tag))


def _line(text: str) -> str:
    return " ".join(text.split())


def _parameters(values: dict[str, object] | None) -> GenerationParameters | None:
    """Parameters that set something, or None. Raises: InvalidParameter."""
    read = read_parameters(values or {})
    return read if read.chosen() else None


def _variables_body(text: str) -> list[dict[str, str]]:
    return [{"name": name, "default": default} for name, default in variables(text).items()]


def _body(actor: Actor, prompt: SavedPrompt) -> dict[str, object]:
    return {
        "id": str(prompt.prompt_id),
        "name": prompt.name,
        "title": prompt.title,
        "text": prompt.text,
        "tags": list(prompt.tags),
        "shared": prompt.is_shared,
        "own": prompt.owner_id == actor.user_id,
        "system_prompt": prompt.system_prompt,
        "model": prompt.model,
        "parameters": None if prompt.parameters is None else prompt.parameters.chosen(),
        "variables": _variables_body(prompt.text),
        "created_at": prompt.created_at.isoformat(),
        "updated_at": prompt.updated_at.isoformat(),
    }
