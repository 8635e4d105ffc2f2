"""The HTTP application over the services."""

from typing import Final

from fastapi import FastAPI

from samovar.api import (
    backends,
    bases,
    chats,
    documents,
    evaluations,
    examples,
    figures,
    find,
    interchange,
    keys,
    openai,
    prompts,
    runs,
    search,
    session,
    summaries,
    system,
    temporary,
    weights,
)
from samovar.api.deps import Services
from samovar.api.gate import Gate
from samovar.api.pages import pages_router
from samovar.api.problems import install_problem_handlers

__all__ = ["ROUTERS", "create_api"]

#: Every route but those of the page; tests walk through all of them. They are looked through in this order for each
#: request, so what is asked most stands first.
ROUTERS: Final = tuple(
    area.router
    for area in (
        openai,
        runs,
        chats,
        summaries,
        documents,
        figures,
        bases,
        search,
        find,
        session,
        keys,
        system,
        backends,
        weights,
        evaluations,
        interchange,
        prompts,
        examples,
        temporary,
    )
)


def create_api(services: Services, *, host: str, port: int, public_hosts: tuple[str, ...]) -> FastAPI:
    """Build the application over services that the caller opens and closes."""
    app = FastAPI(
        title="Samovar",
        version=services.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(pages_router())
    app.add_middleware(Gate, host=host, port=port, public_hosts=public_hosts, metrics=services.metrics)
    return app
