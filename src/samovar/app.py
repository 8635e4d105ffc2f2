"""The composition root: the only place where adapters meet use cases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from samovar import __version__
from samovar.accounts.keys import Keys
from samovar.accounts.quotas import KeyQuotas
from samovar.accounts.sign_in import SignIn
from samovar.api.arrivals import Arrivals
from samovar.api.deps import Services
from samovar.api.uploads import UploadRoom
from samovar.chat.message_index import MessageIndexer
from samovar.chat.pictures import PictureLoader
from samovar.chat.reply import ReplyWriter
from samovar.chat.runs import RunHub
from samovar.chat.searching import QuestionSearch
from samovar.chat.summaries import Summariser
from samovar.chat.turn import Turns
from samovar.chat.unkept import UnkeptReplies
from samovar.domain.account import User
from samovar.egress import EgressClient, EgressGuard
from samovar.engine.sharing import join_engine
from samovar.engine.supervisor import Engine
from samovar.gateway.added import AddedBackends
from samovar.gateway.directory import ModelDirectory, ModelRoute
from samovar.gateway.discovery import Discovery, Look
from samovar.gateway.pool import BackendPool
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.gateway.watch import BackendWatch
from samovar.ingest.embed import VectorFiller
from samovar.ingest.importer import Importer
from samovar.ingest.intake import Intake
from samovar.ingest.priority import yield_to_others
from samovar.ingest.reading import Reading
from samovar.ingest.worker import Workers, chat_readers, usual_readers
from samovar.interchange.exporting import ChatExport
from samovar.interchange.storing import ChatImport
from samovar.ocr.data import LANGUAGES, find
from samovar.opening import BackendOpener, configured_backends, known_kinds
from samovar.ports.backend import Endpoint
from samovar.ports.queue import QueueScope, ReadingQueue
from samovar.ports.storage import Storage
from samovar.retrieval.evaluation.sets import QuestionSets
from samovar.retrieval.findings import RerankMethod, RetrieverOptions
from samovar.retrieval.search import Retriever
from samovar.sandbox.launch import Recognition
from samovar.sandbox.reader import SandboxedReader
from samovar.search_models import OpenEmbedders, chosen_embedder, open_reranker
from samovar.settings import RetrievalSettings, RouteSettings, Settings
from samovar.storage import FileBlobStore, PostgresStorage, open_storage
from samovar.storage.blob_sweep import BlobSweep
from samovar.telemetry.metrics import Metrics
from samovar.vision.describe import DescriptionLimits, FigureDescriber
from samovar.vision.faces import CenterFaceDetector
from samovar.vision.models import VisionModels
from samovar.vision.observe import FigureObserver
from samovar.weights.downloads import Downloads
from samovar.weights.folder import models_in
from samovar.weights.hub import Hub

__all__ = ["EngineUse", "open_services", "open_workers"]

#: How a command wants the embedded engine: its own, one that already runs or else its own, or none.
EngineUse = Literal["own", "shared", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backends:
    pool: BackendPool
    engine: Engine | None
    client: EgressClient
    guard: EgressGuard
    opener: BackendOpener
    discovery: Discovery


@asynccontextmanager
async def open_services(
    settings: Settings,
    metrics: Metrics,
    *,
    engine_use: EngineUse,
    imports: int | None = None,
    imports_apart: bool = False,
) -> AsyncIterator[Services]:
    """Start everything, and end it in the reverse order.

    ``imports`` documents of knowledge bases are read at once, and beside them one of a chat; None reads nothing.
    With ``imports_apart`` documents of knowledge bases are read by a process of their own, and files of chats here.

    Raises: StartError, StorageError. A model that cannot be loaded is no reason not to start.
    """
    async with AsyncExitStack() as stack:
        # The engine and the parsers warm up while the database starts.
        found = await _open_backends(stack, settings, metrics, engine_use)
        # Who wants no engine asks no model, so there is nothing to look for.
        surveying = found.discovery.survey() if engine_use != "none" else _no_survey()
        survey = asyncio.create_task(surveying, name="look for model servers")
        stack.callback(survey.cancel)
        reader = SandboxedReader(settings.limits, _recognition(settings))
        stack.push_async_callback(reader.close)
        if engine_use == "own":
            warming = asyncio.create_task(reader.start(), name="parsers warm up")
            stack.callback(warming.cancel)
        storage = await open_storage(data_dir=settings.data_dir, database_url=settings.database_url)
        stack.push_async_callback(storage.close)
        blobs = FileBlobStore(settings.data_dir / "blobs")
        owner = await _end_orphans(storage)
        added = AddedBackends(storage, found.pool, found.discovery, found.opener)
        await added.sync()
        await found.discovery.settle(await survey)
        watch = BackendWatch(found.pool, found.discovery, added.sync)
        stack.push_async_callback(watch.close)
        if engine_use == "own":
            watch.start()
        models = ModelDirectory(found.pool, [_route(route) for route in settings.routes])
        gateway = Gateway(models, lambda: found.engine.error if found.engine else None)
        counter = TokenCounter()
        quotas = KeyQuotas(storage)
        quotas.start()
        stack.push_async_callback(quotas.close)
        sign_in = SignIn(storage)
        model_folder = models_in(settings.data_dir)
        downloads = Downloads(Hub(settings.downloads, model_folder), model_folder)
        stack.push_async_callback(downloads.close)
        hub, messages = _open_hub(stack, settings, storage, metrics, quotas, indexes=bool(imports))
        summariser = _open_summariser(
            stack, storage, gateway, counter, metrics, hub, quotas, starts=engine_use == "own"
        )
        queue = storage.queue()
        stack.push_async_callback(queue.close)
        reading = Reading(storage, blobs, reader, metrics, upload_mb=settings.limits.upload_mb)
        importer = Importer(queue, settings, metrics, imports=imports) if imports and imports_apart else None
        workers = None if imports is None else _start_readers(stack, reading, queue, imports, importer)
        vision = VisionModels(gateway, preferred=settings.vision.model)
        describer = _describer(
            settings,
            storage,
            blobs,
            vision,
            queue,
            lambda: any((len(hub), workers and workers.reading, importer and importer.is_reading)),
        )
        stack.push_async_callback(describer.close)
        retriever, filler, question_sets = _open_search(
            stack, settings, storage, queue, gateway, found, hub, fills=engine_use == "own"
        )
        if engine_use == "own":
            describer.start()
            _start_sweep(stack, storage, blobs)
        writer = ReplyWriter(
            storage,
            QuestionSearch(storage, retriever, gateway, counter),
            PictureLoader(storage, blobs, reader),
            gateway,
            counter,
            metrics,
        )
        yield Services(
            version=__version__,
            storage=storage,
            blobs=blobs,
            reader=reader,
            intake=Intake(storage, blobs, queue, metrics, upload_mb=settings.limits.upload_mb),
            describer=describer,
            importer=importer,
            observer=FigureObserver(storage, blobs, reader, vision, CenterFaceDetector()),
            uploads=UploadRoom(most_bytes=settings.limits.uploads_mb * 1_000_000),
            arrivals=Arrivals(settings.data_dir / "arrivals", most_mb=settings.limits.import_mb),
            chat_import=ChatImport(storage),
            chat_export=ChatExport(storage),
            sign_in=sign_in,
            keys=Keys(storage, sign_in, quotas),
            quotas=quotas,
            pool=found.pool,
            discovery=found.discovery,
            added=added,
            watch=watch,
            models=models,
            gateway=gateway,
            counter=counter,
            turns=Turns(storage, hub, writer, longest_message=settings.limits.message_characters),
            unkept=UnkeptReplies(writer, hub, quotas.spend),
            hub=hub,
            summariser=summariser,
            messages=messages,
            retriever=retriever,
            filler=filler,
            question_sets=question_sets,
            metrics=metrics,
            engine=found.engine,
            model_folder=model_folder,
            downloads=downloads,
            # Cookies are shared by all ports of a host, so each installation has a name of its own.
            cookie_name=f"samovar_{owner.user_id.hex[:8]}",
            sign_in_required=settings.server.sign_in,
            reaches_outside=lambda: bool(found.guard.outside_hosts or downloads.outside_hosts),
        )


@asynccontextmanager
async def open_workers(
    settings: Settings,
    metrics: Metrics,
    *,
    readers: Sequence[QueueScope],
    as_guest: bool = False,
    on_change: Callable[[], None] = lambda: None,
) -> AsyncIterator[Workers]:
    """Start what reading needs and nothing else, and end it in the reverse order.

    A guest of a server leaves the embedded PostgreSQL to it, and all of its processes have a low priority.

    Raises: StorageError.
    """
    async with AsyncExitStack() as stack:
        reader = SandboxedReader(settings.limits, _recognition(settings))
        stack.push_async_callback(reader.close)
        storage = await open_storage(data_dir=settings.data_dir, database_url=settings.database_url, as_guest=as_guest)
        stack.push_async_callback(storage.close)
        await reader.start()
        if as_guest and reader.process_id is not None:
            # It has inherited the priority; but where sessions share the processor, it has one of its own.
            yield_to_others(reader.process_id)
        queue = storage.queue()
        stack.push_async_callback(queue.close)
        blobs = FileBlobStore(settings.data_dir / "blobs")
        reading = Reading(storage, blobs, reader, metrics, upload_mb=settings.limits.upload_mb)
        workers = Workers(queue, reading, readers=readers, on_change=on_change)
        stack.push_async_callback(workers.close)
        workers.start()
        yield workers


def _start_readers(
    stack: AsyncExitStack, reading: Reading, queue: ReadingQueue, imports: int, importer: Importer | None
) -> Workers:
    """Start to read; with an importer files of chats only, for it reads the rest."""
    readers = usual_readers(imports) if importer is None else chat_readers(imports)
    workers = Workers(queue, reading, readers=readers)
    stack.push_async_callback(workers.close)
    workers.start()
    if importer is not None:
        stack.push_async_callback(importer.close)
        importer.start()
    return workers


def _open_hub(
    stack: AsyncExitStack, settings: Settings, storage: Storage, metrics: Metrics, quotas: KeyQuotas, *, indexes: bool
) -> tuple[RunHub, MessageIndexer]:
    """Write replies and, if it ``indexes``, take them into the index; else a server does when it looks next."""
    hub = RunHub(storage, metrics, most_runs=settings.limits.runs, on_spent=quotas.spend)
    messages = MessageIndexer(storage, is_busy=lambda: len(hub) > 0)
    stack.push_async_callback(messages.close)
    stack.push_async_callback(hub.close)
    hub.subscribe(lambda ended: messages.add(ended.run.message_id))
    if indexes:
        messages.start()
    return hub, messages


async def _open_backends(
    stack: AsyncExitStack, settings: Settings, metrics: Metrics, engine_use: EngineUse
) -> _Backends:
    guard = EgressGuard()
    client = EgressClient(guard)
    stack.push_async_callback(client.close)
    pool = BackendPool()
    opener = BackendOpener(client, guard, settings.backends, longest_queue=settings.limits.queue)
    engine: Engine | None = None
    shared: Endpoint | None = None
    if engine_use != "none" and settings.engine.enabled:
        if engine_use == "shared":
            shared = await join_engine(settings.data_dir, settings.engine)
        if shared is None:
            engine = Engine(settings.engine, settings.data_dir, on_restart=metrics.engine_restarts.inc)
            stack.push_async_callback(engine.stop)
            await engine.start()
        pool.add(opener.open_engine(settings.engine, engine, shared))
    for spec in configured_backends(settings.backends):
        pool.add(opener.open(spec))
    engine_url = shared.url if shared else None
    discovery = Discovery(
        pool,
        opener,
        known_kinds(),
        client,
        guard,
        looks_at_ports=settings.backends.discover,
        own_ports=lambda: {settings.server.port, _port_of(engine.url() if engine else engine_url)},
        keys={"lmstudio": settings.backends.lmstudio_token} if settings.backends.lmstudio_token else {},
    )
    return _Backends(pool=pool, engine=engine, client=client, guard=guard, opener=opener, discovery=discovery)


async def _end_orphans(storage: Storage) -> User:
    """End what servers that are gone have left running; return the owner of the installation."""
    async with storage.transaction() as tx:
        await tx.runs.interrupt_orphans()
        await tx.evaluations.interrupt_orphans()
        return await tx.accounts.first_user()


async def _no_survey() -> tuple[Look, ...]:
    return ()


def _port_of(url: str | None) -> int | None:
    return urlsplit(url).port if url else None


def _recognition(settings: Settings) -> Recognition | None:
    """What OCR needs, where it is switched on and its data is there."""
    tessdata = find(settings.data_dir, settings.ocr.tessdata) if settings.ocr.enabled else None
    return Recognition(tessdata=tessdata, languages=LANGUAGES) if tessdata else None


def _start_sweep(stack: AsyncExitStack, storage: PostgresStorage, blobs: FileBlobStore) -> None:
    sweep = BlobSweep(storage, blobs)
    stack.push_async_callback(sweep.close)
    sweep.start()


def _describer(
    settings: Settings,
    storage: Storage,
    blobs: FileBlobStore,
    vision: VisionModels,
    queue: ReadingQueue,
    is_busy: Callable[[], bool],
) -> FigureDescriber:
    limits = DescriptionLimits(
        figures=settings.vision.figures,
        smallest_px=settings.vision.smallest_px,
        tokens=settings.vision.description_tokens,
    )
    return FigureDescriber(storage, blobs, vision, limits, queue, is_busy=is_busy)


def _open_search(
    stack: AsyncExitStack,
    settings: Settings,
    storage: Storage,
    queue: ReadingQueue,
    gateway: Gateway,
    found: _Backends,
    hub: RunHub,
    *,
    fills: bool,
) -> tuple[Retriever, VectorFiller | None, QuestionSets]:
    """Search by words and, where there is an embedder, by vectors, which are made in the background if ``fills``."""
    embedders = OpenEmbedders(gateway, chosen_embedder(settings.retrieval))
    stack.push_async_callback(embedders.close)
    reranker = open_reranker(settings.retrieval, found.pool, found.client, found.guard)
    if reranker is not None:
        stack.push_async_callback(reranker.close)
    filler: VectorFiller | None = None
    if embedders.chosen is not None and settings.retrieval.fill and fills:
        filler = VectorFiller(storage, queue, embedders.chosen, is_busy=lambda: len(hub) > 0)
        stack.push_async_callback(filler.close)
        filler.start()
    retriever = Retriever(storage, embedders, reranker, _retrieval(settings.retrieval))
    question_sets = QuestionSets(storage, retriever, is_busy=lambda: len(hub) > 0)
    stack.push_async_callback(question_sets.close)
    return retriever, filler, question_sets


def _open_summariser(
    stack: AsyncExitStack,
    storage: Storage,
    gateway: Gateway,
    counter: TokenCounter,
    metrics: Metrics,
    hub: RunHub,
    quotas: KeyQuotas,
    *,
    starts: bool,
) -> Summariser:
    """Sum up long chats, in the background if it ``starts``; else when something starts it."""
    summariser = Summariser(storage, gateway, counter, metrics, is_busy=lambda: len(hub) > 0, on_spent=quotas.spend)
    stack.push_async_callback(summariser.close)
    hub.subscribe(summariser.hear)
    if starts:
        summariser.start()
    return summariser


def _retrieval(settings: RetrievalSettings) -> RetrieverOptions:
    """What a search does unless it is told otherwise."""
    rerank: RerankMethod = "none" if settings.reranker == "none" else "light"
    if settings.reranker not in ("none", "light"):
        rerank = "model"
    return RetrieverOptions(fusion=settings.fusion, passages=settings.passages, rerank=rerank)


def _route(settings: RouteSettings) -> ModelRoute:
    return ModelRoute(name=settings.name, targets=settings.targets, order=settings.order)
