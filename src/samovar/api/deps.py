"""What routes are given: the services of this process, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from samovar.accounts.sign_in import SignIn
from samovar.chat.models import ModelDirectory
from samovar.chat.runs import RunHub
from samovar.chat.turn import Turns
from samovar.domain.actor import Actor
from samovar.domain.errors import Unauthorised
from samovar.ingest.intake import Intake
from samovar.ports.engine import EngineView
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage
from samovar.telemetry.metrics import Metrics

__all__ = ["Asker", "Services", "ServicesOf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a route may use."""

    version: str
    storage: Storage
    blobs: BlobStore
    reader: DocumentReader
    intake: Intake
    sign_in: SignIn
    models: ModelDirectory
    turns: Turns
    hub: RunHub
    metrics: Metrics
    engine: EngineView | None
    cookie_name: str
    sign_in_required: bool
    reaches_outside: Callable[[], bool]


def services_of(request: Request) -> Services:
    """The services, as the composition root has put them together."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


async def asker(request: Request, services: ServicesOf) -> Actor:
    """Who sends this request. Raises: Unauthorised."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        return await services.sign_in.actor_of_key(authorization.removeprefix("Bearer ").strip())
    token = request.cookies.get(services.cookie_name)
    if token:
        return await services.sign_in.actor_of_session(token)
    if not services.sign_in_required:
        return await services.sign_in.owner()
    raise Unauthorised


Asker = Annotated[Actor, Depends(asker)]
