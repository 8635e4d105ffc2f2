"""The model servers: how each is, and what the administrator does with them."""

from dataclasses import asdict
from typing import Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Administrator, Asker, Services, ServicesOf
from samovar.api.problems import problem_body
from samovar.domain.backend import BackendReport, LoadParameters
from samovar.domain.generation import ModelDescription
from samovar.egress import is_on_this_machine
from samovar.gateway.added import NewBackend
from samovar.gateway.discovery import Finding
from samovar.gateway.pool import Member
from samovar.gateway.vision import try_vision
from samovar.settings import LoadSettings, ServerKey

__all__ = ["backend_body", "backends_body", "router"]

router = APIRouter(prefix="/api/backends", tags=["backends"])

_LONGEST_NAME: Final = 40
_LONGEST_ADDRESS: Final = 2000
_LONGEST_MODEL: Final = 500
_MOST_PARALLEL: Final = 10_000
_UNKNOWN: Final = "unknown"


class ChangesBody(BaseModel):
    """What of a server can be changed; a field that is absent stays as it is, null takes it away."""

    model_config = ConfigDict(extra="forbid")
    key: ServerKey | None = Field(None, repr=False)
    parallel: int | None = Field(None, ge=1, le=_MOST_PARALLEL)
    load: LoadSettings | None = None


class NewBackendBody(ChangesBody):
    """A server to add."""

    url: str = Field(min_length=1, max_length=_LONGEST_ADDRESS)
    kind: str | None = Field(None, max_length=_LONGEST_NAME)
    name: str | None = Field(None, max_length=_LONGEST_NAME)


class VisionBody(BaseModel):
    """The model to show pictures to, by its backend's own name."""

    model_config = ConfigDict(extra="forbid")
    model: str = Field(min_length=1, max_length=_LONGEST_MODEL)
    load: bool = False


@router.get("")
async def list_backends(_actor: Asker, services: ServicesOf) -> Response:
    """Every server, with its models."""
    await services.models.list()
    return JSONResponse(backends_body(services))


@router.post("/probe")
async def probe_backends(_actor: Administrator, services: ServicesOf) -> Response:
    """Look at every server and at the usual ports anew."""
    await services.watch.look_now()
    return JSONResponse(backends_body(services))


@router.post("")
async def add_backend(body: NewBackendBody, _actor: Administrator, services: ServicesOf) -> Response:
    """Add a server."""
    new = NewBackend(
        url=body.url,
        kind=body.kind,
        name=body.name,
        key=body.key or None,
        parallel=body.parallel,
        load=_load(body.load),
    )
    return JSONResponse(_member_body(await services.added.add(new)), status_code=201)


@router.patch("/{name}")
async def change_backend(name: str, body: ChangesBody, _actor: Administrator, services: ServicesOf) -> Response:
    """Change what the body names."""
    given = {"key": body.key or None, "parallel": body.parallel, "load": _load(body.load)}
    changes = {field: value for field, value in given.items() if field in body.model_fields_set}
    return JSONResponse(_member_body(await services.added.change(name, **changes)))


@router.delete("/{name}")
async def remove_backend(name: str, _actor: Administrator, services: ServicesOf) -> Response:
    """Forget a server."""
    await services.added.remove(name)
    return Response(status_code=204)


@router.post("/{name}/probe-vision")
async def probe_vision(name: str, body: VisionBody, actor: Administrator, services: ServicesOf) -> Response:
    """Find out whether a model sees."""
    member = services.pool.find(name)
    outcome = await try_vision(member, body.model, actor.user_id, may_load=body.load)
    return JSONResponse({"outcome": outcome, "vision": outcome == "sees", "backend": _member_body(member)})


def backends_body(services: Services) -> dict[str, object]:
    """Every server that is known, those that do not let us in last, and the kinds that can be added."""
    return {
        "backends": [
            *(backend_body(report) for report in services.pool.reports()),
            *(_finding_body(found) for found in services.discovery.findings if services.pool.at(found.url) is None),
        ],
        "kinds": [
            {"kind": kind, "load_parameters": sorted(module.LOAD_PARAMETERS)}
            for kind, module in services.discovery.kinds.items()
        ],
    }


def backend_body(report: BackendReport) -> dict[str, object]:
    """A server as the page shows it; its key stays here."""
    spec = report.spec
    return {
        "name": spec.name,
        "kind": spec.kind,
        "url": report.url,
        "source": spec.source,
        "origin": spec.origin,
        "named_kind": spec.named_kind if spec.named_kind != spec.kind else None,
        "state": report.state,
        "reason": problem_body(report.error) if report.error else None,
        "outside": _is_outside(report.url),
        "has_key": spec.key is not None,
        "running": report.running,
        "waiting": report.waiting,
        "places": report.places,
        "next_try_s": report.next_try_s,
        "parallel": spec.parallel,
        "load": _load_body(spec.load),
        "load_parameters": sorted(report.load_parameters),
        "models": [_model_body(found) for found in report.models],
    }


def _finding_body(found: Finding) -> dict[str, object]:
    """Something that answers and is not used, in the same form."""
    state: Literal["down", "refused"] = "down" if found.error.code == "backend_unreachable" else "refused"
    return {
        "name": found.name,
        "kind": found.kind or _UNKNOWN,
        "url": found.url,
        "source": "found",
        "origin": found.origin,
        "named_kind": None,
        "state": state,
        "reason": problem_body(found.error),
        "outside": False,
        "has_key": False,
        "running": 0,
        "waiting": 0,
        "places": None,
        "next_try_s": None,
        "parallel": None,
        "load": _load_body(LoadParameters()),
        "load_parameters": [],
        "models": [],
    }


def _model_body(found: ModelDescription) -> dict[str, object]:
    can = found.capabilities
    return {
        "id": found.model,
        "state": found.state,
        "loaded": can.loaded,
        "context_length": can.context_tokens,
        "trained_context_length": can.trained_context_tokens,
        "quantisation": can.quantisation,
        "size_bytes": can.size_bytes,
        "vision": can.vision,
        "vision_known_by": can.vision_known_by,
        "tools": can.tools,
        "reasoning": can.reasoning,
        "embeddings": can.embeddings,
        "json_schema": can.json_schema,
        "licence": can.licence,
        "guessed": sorted(can.guessed),
        "unsupported_parameters": sorted(can.unsupported_parameters),
    }


def _member_body(member: Member) -> dict[str, object]:
    return backend_body(member.report())


def _load(settings: LoadSettings | None) -> LoadParameters:
    return LoadParameters(**settings.model_dump()) if settings else LoadParameters()


def _load_body(load: LoadParameters) -> dict[str, object]:
    return asdict(load)


def _is_outside(url: str) -> bool:
    return bool(url) and not is_on_this_machine(urlsplit(url).hostname or "")
