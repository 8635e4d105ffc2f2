"""Model files: the catalogue, what fits this machine, what is kept here, and what is fetched."""

import asyncio
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Administrator, Asker, Services, ServicesOf
from samovar.api.problems import problem_body
from samovar.domain.errors import Conflict, InvalidRequest, NotFound
from samovar.weights.advice import AdviceLanguage, fit_body
from samovar.weights.catalogue import choose_entries, entry_body, find_entry, fit_entry, read_catalogue
from samovar.weights.downloads import Download
from samovar.weights.fit import DEFAULT_CONTEXT_TOKENS, Budget, Fit, estimate_fit
from samovar.weights.folder import ModelFile, ModelFolder
from samovar.weights.gguf import size_gguf
from samovar.weights.hub import read_hub_file
from samovar.weights.machine import Machine, look_at_machine
from samovar.weights.memory import KvType

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["model files"])

_LONGEST_NAME: Final = 255
_MOST_CONTEXT: Final = 2**24
_MOST_MEMORY: Final = 2**50
_GGUF: Final = ".gguf"


class FitBody(BaseModel):
    """What to estimate: a model of the catalogue or a model file, at a context length, for a memory."""

    model_config = ConfigDict(extra="forbid")
    model: str = Field(min_length=1, max_length=_LONGEST_NAME)
    quantisation: str | None = Field(None, max_length=32)
    context: int = Field(DEFAULT_CONTEXT_TOKENS, ge=256, le=_MOST_CONTEXT)
    kv: KvType = "f16"
    memory_bytes: int | None = Field(None, ge=0, le=_MOST_MEMORY)
    language: AdviceLanguage = "en"


class DownloadBody(BaseModel):
    """What to fetch from the hub."""

    model_config = ConfigDict(extra="forbid")
    repo: str = Field(max_length=200)
    file: str = Field(max_length=300)
    sha256: str | None = Field(None, max_length=80)


@router.get("/machine")
async def machine(_actor: Asker) -> Response:
    """Memory and graphics processors of this machine."""
    found = await asyncio.to_thread(look_at_machine)
    return JSONResponse(
        {
            "memory_bytes": found.memory_bytes,
            "available_bytes": found.available_bytes,
            "usable_bytes": found.usable_bytes,
            "unified": found.is_unified,
            "gpus": [
                {
                    "vendor": gpu.vendor,
                    "name": gpu.name,
                    "memory_bytes": gpu.memory_bytes,
                    "free_bytes": gpu.free_bytes,
                }
                for gpu in found.gpus
            ],
        }
    )


@router.get("/catalogue")
async def catalogue(
    _actor: Asker,
    licence: Annotated[str, Query(max_length=500)] = "",
    language: Annotated[str | None, Query(max_length=10)] = None,
    vision: bool | None = None,
    fits: bool = False,
) -> Response:
    """Open-weights models that pass every filter, each with how it fits this machine."""
    licences = tuple(name.strip() for name in licence.split(",") if name.strip())

    def listing() -> dict[str, object]:
        budget = _budget_of(look_at_machine())
        everything = read_catalogue()
        found = choose_entries(
            licences=licences, language=language or None, vision=vision, fits=budget if fits else None
        )
        return {
            "models": [entry_body(entry, fit_entry(entry, budget)) for entry in found],
            "licences": sorted({entry.licence for entry in everything if entry.licence}),
            "languages": sorted({name for entry in everything for name in entry.languages}),
        }

    return JSONResponse(await asyncio.to_thread(listing))


@router.post("/fit")
async def fit(body: FitBody, _actor: Asker, services: ServicesOf) -> Response:
    """Estimate a model's memory and say what to change."""
    found = await asyncio.to_thread(_fit, services.model_folder, body)
    return JSONResponse(fit_body(found, body.language))


@router.get("/model-files")
async def model_files(_actor: Asker, services: ServicesOf) -> Response:
    """What is kept here, and what is being fetched."""
    kept = await asyncio.to_thread(services.model_folder.files)
    return JSONResponse(
        {
            "files": [_file_body(file, is_in_use=_is_in_use(services, file)) for file in kept],
            "downloads": [_download_body(download) for download in services.downloads.list()],
            "downloads_enabled": services.downloads.is_enabled,
        }
    )


@router.post("/model-files/download")
async def download(body: DownloadBody, _actor: Administrator, services: ServicesOf) -> Response:
    """Begin to fetch a file from the hub."""
    wanted = read_hub_file(body.repo, body.file)
    begun = await services.downloads.start(wanted, sha256=body.sha256)
    return JSONResponse(_download_body(begun), status_code=202)


@router.delete("/model-files/{name}")
async def remove(
    name: Annotated[str, Path(min_length=1, max_length=_LONGEST_NAME)], _actor: Administrator, services: ServicesOf
) -> Response:
    """Delete a model file, or stop its download."""
    was_coming = await services.downloads.stop(name)
    try:
        file = await asyncio.to_thread(services.model_folder.find, name)
    except NotFound:
        if was_coming:
            return Response(status_code=204)
        raise
    if _is_in_use(services, file):
        raise Conflict(reason="the engine has loaded this file")
    await asyncio.to_thread(services.model_folder.remove, name)
    return Response(status_code=204)


def _budget_of(machine: Machine) -> Budget:
    return Budget(memory_bytes=machine.usable_bytes, gpu_bytes=machine.gpu_bytes)


def _fit(folder: ModelFolder, body: FitBody) -> Fit:
    if body.memory_bytes is None:
        budget = _budget_of(look_at_machine())
    else:
        budget = Budget(memory_bytes=body.memory_bytes, gpu_bytes=body.memory_bytes)
    if body.model.endswith(_GGUF):
        file = folder.find(body.model)
        if file.error is not None:
            raise file.error
        assert file.header is not None
        sized = size_gguf(file.header, file.name)
        return estimate_fit(sized, budget, context_tokens=body.context, kv=body.kv)
    entry = find_entry(body.model)
    found = fit_entry(entry, budget, quantisation=body.quantisation, context_tokens=body.context, kv=body.kv)
    if found is None:
        raise InvalidRequest(reason="too little is known of this model to estimate its memory")
    return found.fit


def _is_in_use(services: Services, file: ModelFile) -> bool:
    return services.engine is not None and file.path.resolve() in services.engine.model_files


def _file_body(file: ModelFile, *, is_in_use: bool) -> dict[str, object]:
    record, header = file.record, file.header
    origin: Literal["import", "download"] | None = record.origin if record else None
    return {
        "name": file.name,
        "size_bytes": file.size_bytes,
        "sha256": record.sha256[0] if record and len(record.sha256) == 1 else None,
        "origin": origin,
        "repo": record.repo if record else None,
        "added_at": record.added_at if record else None,
        "model": header.name if header else None,
        "architecture": header.architecture if header else None,
        "quantisation": header.quantisation if header else None,
        "context_tokens": header.context_tokens if header else None,
        "is_projector": header.is_projector if header else False,
        "in_use": is_in_use,
        "error": problem_body(file.error) if file.error else None,
    }


def _download_body(download: Download) -> dict[str, object]:
    return {
        "name": download.name,
        "repo": download.repo,
        "file": download.file,
        "status": download.status,
        "received_bytes": download.received_bytes,
        "size_bytes": download.size_bytes,
        "error": problem_body(download.error) if download.error else None,
    }
