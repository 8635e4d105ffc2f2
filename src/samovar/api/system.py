"""The state of the installation: models, parameters, health and metrics."""

import psutil
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from samovar.api.deps import Asker, ServicesOf
from samovar.api.problems import problem_body
from samovar.domain.errors import StorageError
from samovar.domain.parameters import PARAMETER_RANGES, WHOLE_NUMBERS
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
        }
    )


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
    """The range of every generation parameter."""
    return JSONResponse(
        {
            name: {"min": low, "max": high, "whole": name in WHOLE_NUMBERS}
            for name, (low, high) in PARAMETER_RANGES.items()
        }
    )


@router.get("/health")
async def health(services: ServicesOf) -> Response:
    """Answers while the process lives."""
    return JSONResponse({"status": "ok", "version": services.version, "confinement": services.reader.confinement})


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
    found = choice.description
    return {
        "id": choice.model_id,
        "model": found.model,
        "backend": found.backend,
        "state": found.state,
        "is_demonstration": found.is_demonstration,
        "context_tokens": found.capabilities.context_tokens,
        "vision": found.capabilities.vision,
        "vision_known_by": found.capabilities.vision_known_by,
        "quantisation": found.capabilities.quantisation,
        "size_bytes": found.capabilities.size_bytes,
        "unsupported_parameters": sorted(found.capabilities.unsupported_parameters),
    }


async def _database_state(services: ServicesOf) -> str:
    try:
        await services.storage.check()
    except StorageError:
        return "down"
    return "ok"
