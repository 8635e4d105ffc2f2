"""What routes are given: the services of this process, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

from samovar.accounts.sign_in import SignIn
from samovar.chat.runs import RunHub
from samovar.chat.turn import Turns
from samovar.domain.actor import Actor
from samovar.domain.errors import Unauthorised
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.ingest.intake import Intake
from samovar.ports.engine import EngineView
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage
from samovar.telemetry.metrics import Metrics

__all__ = ["Asker", "Services", "ServicesOf", "bearer_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a route may use."""

    version: str
    storage: Storage
    blobs: BlobStore
    reader: DocumentReader
    intake: Intake
    sign_in: SignIn
    pool: BackendPool
    models: ModelDirectory
    gateway: Gateway
    counter: TokenCounter
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


def bearer_key(headers: Headers) -> str | None:
    """The key that a program sends, or None. Source: RFC 6750, section 2.1; the scheme's case is free (RFC 9110)."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


async def asker(request: Request, services: ServicesOf) -> Actor:
    """Who sends this request. Raises: Unauthorised."""
    key = bearer_key(request.headers)
    if key is not None:
        return await services.sign_in.actor_of_key(key)
    if not services.sign_in_required:
        # A cookie from the time when it was required may have run out, and must not lock anybody out.
        return await services.sign_in.owner()
    token = request.cookies.get(services.cookie_name)
    if not token:
        raise Unauthorised
    return await services.sign_in.actor_of_session(token)


Asker = Annotated[Actor, Depends(asker)]
