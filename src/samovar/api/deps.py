"""What routes are given: the services of this process, and who asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import Headers

from samovar.accounts.keys import Keys
from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.api.arrivals import Arrivals
from samovar.api.uploads import UploadRoom
from samovar.chat.message_index import MessageIndexer
from samovar.chat.runs import RunHub
from samovar.chat.summaries import Summariser
from samovar.chat.turn import Turns
from samovar.chat.unkept import UnkeptReplies
from samovar.domain.account import KeyScope
from samovar.domain.actor import Actor
from samovar.domain.errors import AdministratorOnly, Forbidden, KeyInvalid, KeyScopeMissing, Unauthorised
from samovar.gateway.added import AddedBackends
from samovar.gateway.directory import ModelDirectory
from samovar.gateway.discovery import Discovery
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.gateway.watch import BackendWatch
from samovar.ingest.embed import VectorFiller
from samovar.ingest.importer import Importer
from samovar.ingest.intake import Intake
from samovar.interchange.exporting import ChatExport
from samovar.interchange.storing import ChatImport
from samovar.ports.engine import EngineView
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage
from samovar.retrieval.evaluation.sets import QuestionSets
from samovar.retrieval.search import Retriever
from samovar.telemetry.metrics import Metrics
from samovar.vision.describe import FigureDescriber
from samovar.vision.observe import FigureObserver
from samovar.weights.downloads import Downloads
from samovar.weights.folder import ModelFolder

__all__ = ["Administrator", "Asker", "KeyHolder", "Services", "ServicesOf", "bearer_key", "identify", "scope_of"]

#: What a key must be made for to use a route for programs; everything of the page asks for ``app``.
_SCOPES: Final[Mapping[str, KeyScope]] = {
    "/v1/models": "models",
    "/v1/models/{model_id:path}": "models",
    "/v1/chat/completions": "chat",
    "/v1/embeddings": "embeddings",
}
_APP_ROUTES: Final = "/api/"
#: Routes that make a model work: they are closed to a key that has no tokens left for the day.
_SPENDING: Final = frozenset(
    {
        "/v1/chat/completions",
        "/v1/embeddings",
        "/api/chats/{chat_id}/messages",
        "/api/messages/{message_id}/regenerate",
        "/api/messages/{message_id}/continue",
        "/api/chats/{chat_id}/summaries",
        "/api/temporary/reply",
        "/api/backends/{name}/probe-vision",
        "/api/documents/{document_id}/figures/{number}/describe",
        "/api/documents/{document_id}/figures/{number}/entities",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a route may use."""

    version: str
    storage: Storage
    blobs: BlobStore
    reader: DocumentReader
    intake: Intake
    importer: Importer | None
    uploads: UploadRoom
    arrivals: Arrivals
    chat_import: ChatImport
    chat_export: ChatExport
    describer: FigureDescriber
    retriever: Retriever
    filler: VectorFiller | None
    question_sets: QuestionSets
    observer: FigureObserver
    sign_in: SignIn
    keys: Keys
    quotas: KeyQuotas
    pool: BackendPool
    discovery: Discovery
    added: AddedBackends
    watch: BackendWatch
    models: ModelDirectory
    gateway: Gateway
    counter: TokenCounter
    turns: Turns
    summariser: Summariser
    unkept: UnkeptReplies
    hub: RunHub
    messages: MessageIndexer
    metrics: Metrics
    engine: EngineView | None
    model_folder: ModelFolder
    downloads: Downloads
    cookie_name: str
    sign_in_required: bool
    reaches_outside: Callable[[], bool]


async def services_of(request: Request) -> Services:
    """The services, as the composition root has put them together."""
    # A coroutine, though nothing waits here: FastAPI sends plain functions to a thread.
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


def bearer_key(headers: Headers) -> str | None:
    """The key that a program sends, or None. Source: RFC 6750, section 2.1; the scheme's case is free (RFC 9110)."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def scope_of(route: str) -> KeyScope:
    """The scope that a route asks of a key, by the template of its path. Raises: Forbidden where none suffices."""
    scope = _SCOPES.get(route)
    if scope is None and route.startswith(_APP_ROUTES):
        return "app"
    if scope is None:
        raise Forbidden(reason="no key opens this address")
    return scope


async def key_holder(request: Request, services: ServicesOf) -> Actor:
    """Who holds the key of this request; a cookie does not count here.

    Raises: KeyInvalid, KeyScopeMissing, QuotaExceeded.
    """
    key = bearer_key(request.headers)
    if key is None:
        raise KeyInvalid
    actor = await services.sign_in.actor_of_key(key)
    await _admit(request, services, actor)
    return actor


KeyHolder = Annotated[Actor, Depends(key_holder)]


async def asker(request: Request, services: ServicesOf) -> Actor:
    """Who sends this request. Raises: Unauthorised; for a key that is not good enough what ``key_holder`` raises."""
    actor = await identify(request, services)
    if actor.key is not None:
        await _admit(request, services, actor)
    return actor


async def _admit(request: Request, services: Services, actor: Actor) -> None:
    # The template of the route that was chosen, not the address: there is no second way to read it.
    route: str = request.scope["route"].path
    scope = scope_of(route)
    assert actor.key is not None
    if scope not in actor.key.scopes:
        raise KeyScopeMissing(scope=scope)
    await services.quotas.admit(actor.key, spends_tokens=request.method != "GET" and route in _SPENDING)


async def identify(request: Request, services: ServicesOf) -> Actor:
    """Who sends this request, without counting it. Raises: Unauthorised."""
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


async def administrator(actor: Asker, services: ServicesOf) -> Actor:
    """Who sends this request, if it is the owner of the installation. Raises: AdministratorOnly, and as ``asker``."""
    owner = await services.sign_in.owner()
    if actor.user_id != owner.user_id:
        raise AdministratorOnly
    return actor


Administrator = Annotated[Actor, Depends(administrator)]
