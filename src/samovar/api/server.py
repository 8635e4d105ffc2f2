"""The HTTP application over the services."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from samovar.api import chats, documents, openai, runs, session, system
from samovar.api.deps import Services
from samovar.api.gate import Gate
from samovar.api.pages import pages_router
from samovar.api.problems import install_problem_handlers
from samovar.telemetry.metrics import Metrics

__all__ = ["create_api"]

ServicesLifetime = Callable[[], AbstractAsyncContextManager[Services]]


def create_api(
    lifetime: ServicesLifetime,
    *,
    version: str,
    host: str,
    port: int,
    public_hosts: tuple[str, ...],
    metrics: Metrics,
) -> FastAPI:
    """Build the application; ``lifetime`` opens the services at start and closes them at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifetime() as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Samovar",
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    install_problem_handlers(app)
    for router in (session.router, system.router, chats.router, runs.router, documents.router, openai.router):
        app.include_router(router)
    app.include_router(pages_router())
    app.add_middleware(Gate, host=host, port=port, public_hosts=public_hosts, metrics=metrics)
    return app
