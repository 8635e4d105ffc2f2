"""The state of the installation: models, parameters, health and metrics."""

import psutil
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, Services, ServicesOf
from samovar.api.problems import problem_body
from samovar.domain.errors import StorageError
from samovar.domain.parameters import PARAMETER_RANGES, REASONING_EFFORTS, WHOLE_NUMBERS
from samovar.domain.presets import PRESETS
from samovar.gateway.directory import ModelChoice

__all__ = ["router"]

router = APIRouter(tags=["system"])


@router.get("/api/system")
async def system(_actor: Asker, services: ServicesOf) -> Response:
    """The figures of the system bar."""
    engine = services.engine
    memory = psutil.virtual_memory()
    database = await _database_state(services)
    return JSONResponse(
        {
            "ready": database == "ok",
            "engine": {
                "state": engine.state if engine else "off",
                "detail": (engine.detail or None) if engine else None,
                "error_code": engine.error_code if engine else None,
            },
            "database": database,
            "confinement": services.reader.confinement,
            "cpu_percent": psutil.cpu_percent(),
            "memory_bytes": memory.total - memory.available,
            "memory_total_bytes": memory.total,
            "runs": len(services.hub),
            "outside_connections": services.reaches_outside(),
            "backends_revision": services.pool.revision,
            "vectors": await _vectors_body(services),
        }
    )


async def _vectors_body(services: Services) -> dict[str, object] | None:
    """How far the vectors of chunks have got; None where this server makes none."""
    if services.filler is None:
        return None
    try:
        state = await services.filler.state()
    except StorageError:
        return None
    return {
        "state": state.status,
        "embedder": state.embedder,
        "searched_by": state.searched_by,
        "filled": state.filled,
        "total": state.total,
        "refused": state.refused,
        "error_code": state.error_code,
    }


@router.get("/api/models")
async def models(_actor: Asker, services: ServicesOf) -> Response:
    """Every model that can be chosen."""
    listing = await services.models.list()
    return JSONResponse(
        {
            "default": listing.default.model_id if listing.default else None,
            "models": [model_body(choice) for choice in listing.choices],
            "problems": [{"backend": found.backend, **problem_body(found.error)} for found in listing.problems],
        }
    )


@router.get("/api/parameters")
async def parameters(_actor: Asker) -> Response:
    """What every generation parameter can be."""
    return JSONResponse(
        {
            **{
                name: {"min": low, "max": high, "whole": name in WHOLE_NUMBERS}
                for name, (low, high) in PARAMETER_RANGES.items()
            },
            "reasoning_effort": {"choices": list(REASONING_EFFORTS)},
            "json_schema": {"type": "object"},
        }
    )


@router.get("/api/presets")
async def presets(_actor: Asker) -> Response:
    """Sets of parameters for common kinds of work."""
    return JSONResponse(
        {
            "presets": [
                {
                    "name": preset.name,
                    "parameters": preset.parameters.chosen(),
                    "ranges": {name: {"min": low, "max": high} for name, (low, high) in preset.ranges.items()},
                }
                for preset in PRESETS
            ]
        }
    )


@router.get("/health")
async def health(services: ServicesOf) -> Response:
    """Answers while the process lives."""
    return JSONResponse(
        {
            "status": "ok",
            "version": services.version,
            "confinement": services.reader.confinement,
            "imports": services.importer.state if services.importer else None,
        }
    )


@router.get("/ready")
async def ready(services: ServicesOf) -> Response:
    """Answers 200 when requests can be served; the model may still be loading."""
    await services.storage.check()
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
async def metrics(services: ServicesOf) -> Response:
    """Prometheus text."""
    return Response(services.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


def model_body(choice: ModelChoice) -> dict[str, object]:
    """A model as the page shows it."""
    found, route = choice.description, choice.route
    can = found.capabilities
    return {
        "id": choice.model_id,
        "model": found.model,
        "backend": found.backend,
        "state": found.state,
        "is_demonstration": found.is_demonstration,
        "route": {"targets": list(route.targets), "order": route.order} if route else None,
        "context_tokens": can.context_tokens,
        "trained_context_tokens": can.trained_context_tokens,
        "loaded": can.loaded,
        "vision": can.vision,
        "vision_known_by": can.vision_known_by,
        "tools": can.tools,
        "reasoning": can.reasoning,
        "embeddings": can.embeddings,
        "json_schema": can.json_schema,
        "quantisation": can.quantisation,
        "size_bytes": can.size_bytes,
        "licence": can.licence,
        "guessed": sorted(can.guessed),
        "unsupported_parameters": sorted(can.unsupported_parameters),
    }


async def _database_state(services: ServicesOf) -> str:
    try:
        await services.storage.check()
    except StorageError:
        return "down"
    return "ok"
