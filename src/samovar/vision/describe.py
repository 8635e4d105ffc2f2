"""Describe the pictures of documents, one after another, when nobody else wants the models.

What waits is stored, so that a crash loses nothing: a picture is described in one transaction with its index entry.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from samovar.domain.actor import Actor
from samovar.domain.document import Chunk, Document, DocumentFigure
from samovar.domain.errors import (
    BackendOverloaded,
    BackendTimeout,
    BackendUnreachable,
    EngineDown,
    ModelLoading,
    ModelUnknown,
    ModelWithoutVision,
    NoModel,
    NotFound,
    SamovarError,
    StorageError,
    TooMany,
)
from samovar.domain.generation import ImagePart
from samovar.domain.ids import BaseId, DocumentId, new_chunk_id
from samovar.domain.image_tasks import instruction, is_russian
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.directory import ModelChoice
from samovar.ports.queue import News, ReadingQueue
from samovar.ports.storage import BlobStore, Storage, Transaction
from samovar.telemetry.log import get_log
from samovar.vision.models import VisionModels

__all__ = ["DescriptionLimits", "FigureDescriber"]

log = get_log(__name__)

_LOOK_AGAIN_S: Final = 15.0
_BUSY_PAUSE_S: Final = 0.5
#: Answers that people wait for go first, but not for ever.
_LONGEST_BUSY_S: Final = 120.0
_TEMPERATURE: Final = 0.2
_LONGEST_DESCRIPTION: Final = 8000
#: Errors that pass by themselves, and how often a picture is tried before it is given up.
_PASSING: Final = (BackendOverloaded, BackendTimeout, BackendUnreachable, EngineDown, ModelLoading, TooMany)
_TRIES: Final = 3

_Place = tuple[DocumentId, int | None, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionLimits:
    """Which pictures are described (``figures`` of a document, none below ``smallest_px``), and how long it may get."""

    figures: int
    smallest_px: int
    tokens: int


class FigureDescriber:
    """Works in the background from ``start`` to ``close``."""

    def __init__(
        self,
        storage: Storage,
        blobs: BlobStore,
        models: VisionModels,
        limits: DescriptionLimits,
        queue: ReadingQueue,
        *,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Look again when ``queue`` tells of a document; wait while ``is_busy``: somebody is being answered."""
        self._storage = storage
        self._blobs = blobs
        self._models = models
        self._limits = limits
        self._queue = queue
        self._is_busy = is_busy
        self._unsubscribe: Callable[[], None] | None = None
        self._news = asyncio.Event()
        self._tries: dict[_Place, int] = {}
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to describe what waits."""
        if self._working is None:
            self._unsubscribe = self._queue.subscribe(self._hear)
            self._working = asyncio.create_task(self._work(), name="describe pictures")

    def wake(self) -> None:
        """Look at once: something may wait now."""
        self._news.set()

    async def close(self) -> None:
        """Stop; what was not finished waits for the next start."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
            self._working = None

    async def ask(
        self, actor: Actor, document_id: DocumentId, page: int | None, number: int, model_id: str | None
    ) -> DocumentFigure:
        """Note that a picture is to be described, anew if it was before.

        Raises: NotFound, ModelWithoutVision, NoVisionModel, BackendError.
        """
        async with self._storage.transaction() as tx:
            await tx.figures.access(actor, document_id, page, number)
        choice = await self._models.choose(model_id)
        async with self._storage.transaction() as tx:
            await tx.figures.access(actor, document_id, page, number)
            await tx.figures.ask(document_id, page, number, asked_of=choice.model_id)
            figure = await tx.figures.access(actor, document_id, page, number)
        self.wake()
        return figure

    async def follow_base(self, tx: Transaction, base_id: BaseId, *, describes_figures: bool) -> None:
        """Have the pictures of a base described, or no more."""
        if describes_figures:
            await tx.figures.ask_all(base_id)
        else:
            await tx.figures.ask_none(base_id)

    async def describe_next(self) -> bool:
        """Describe the picture that has waited longest; False when none waits or no model sees."""
        async with self._storage.transaction() as tx:
            found = await tx.figures.next_waiting()
            if found is None:
                return False
            document, figure = found
            reason = await self._reason_to_skip(tx, document, figure)
            if reason is not None:
                await tx.figures.set_status(figure.document_id, figure.page, figure.number, "skipped", reason)
                return True
        try:
            choice = await self._models.choose(figure.asked_of)
            await self._describe(document, figure, choice)
        except (ModelUnknown, ModelWithoutVision, NoModel) as error:
            if figure.asked_of is not None:
                return await self._failed(figure, error)
            # It waits on: somebody may add a model that sees, or name another one in the settings.
            async with self._storage.transaction() as tx:
                await tx.figures.explain_waiting(error.code)
            return False
        except NotFound:
            log.info("figure.gone", document=str(figure.document_id))
        except StorageError:
            raise
        except SamovarError as error:
            return await self._failed(figure, error)
        self._tries.pop(_place(figure), None)
        return True

    async def _describe(self, document: Document, figure: DocumentFigure, choice: ModelChoice) -> None:
        owner = _owner(document)
        async with self._storage.transaction() as tx:
            page = await tx.documents.view_page(owner, figure.document_id, figure.page)
        picture = ImagePart(
            media_type="image/png" if figure.media_type == "image/png" else "image/jpeg",
            content=await self._blobs.get(figure.sha256),
            name=document.name,
        )
        words = f"{page.text} {figure.alt}"
        if not any(character.isalpha() for character in words):
            words = f"{document.title or ''} {document.name}"
        text = instruction(
            "describe", russian=_is_mostly_russian(words), demonstration=choice.description.is_demonstration
        )
        parameters = GenerationParameters(max_tokens=self._limits.tokens, temperature=_TEMPERATURE)
        answer = await self._models.ask(choice, ("pictures", document.owner_id), picture, text, parameters)
        description = answer.text.strip()[:_LONGEST_DESCRIPTION]
        async with self._storage.transaction() as tx:
            now = await tx.figures.access(owner, figure.document_id, figure.page, figure.number)
            if now.status != "waiting" or now.sha256 != figure.sha256:
                return  # It was read anew, or somebody else was faster.
            if not description:
                await tx.figures.set_status(figure.document_id, figure.page, figure.number, "failed", "empty_answer")
                return
            await _index(tx, figure, description, choice.model_id)
        log.info("figure.described", document=str(figure.document_id), model=choice.model_id)

    async def _reason_to_skip(self, tx: Transaction, document: Document, figure: DocumentFigure) -> str | None:
        if figure.asked_of is not None:
            return None
        if min(figure.width, figure.height) < self._limits.smallest_px:
            return "too_small"
        siblings = await tx.figures.view_document(_owner(document), figure.document_id)
        described = [sibling for sibling in siblings if sibling.status == "described"]
        if any(sibling.sha256 == figure.sha256 for sibling in described):
            return "repeated"
        return "too_many" if len(described) >= self._limits.figures else None

    async def _failed(self, figure: DocumentFigure, error: SamovarError) -> bool:
        """Try again later what passes by itself; give up on the rest. False for a pause."""
        place = _place(figure)
        self._tries[place] = self._tries.get(place, 0) + 1
        log.info("figure.failed", document=str(figure.document_id), code=error.code, tries=self._tries[place])
        if isinstance(error, _PASSING) and self._tries[place] < _TRIES:
            return False
        del self._tries[place]
        with suppress(NotFound):
            async with self._storage.transaction() as tx:
                await tx.figures.set_status(figure.document_id, figure.page, figure.number, "failed", error.code)
        return True

    def _hear(self, news: News) -> None:
        if news.kind == "ended":
            self.wake()

    async def _work(self) -> None:
        while True:
            self._news.clear()
            await self._be_polite()
            try:
                is_more = await self.describe_next()
            except StorageError as error:
                log.warning("figures.waiting", code=error.code)
                is_more = False
            except Exception as error:  # noqa: BLE001 - the worker loop: a defect is told, and the rest goes on
                log.error("figures.crashed", error=error)
                is_more = False
            if not is_more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN_S):
                        await self._news.wait()

    async def _be_polite(self) -> None:
        pauses = int(_LONGEST_BUSY_S / _BUSY_PAUSE_S)
        while self._is_busy() and pauses:
            await asyncio.sleep(_BUSY_PAUSE_S)
            pauses -= 1


async def _index(tx: Transaction, figure: DocumentFigure, description: str, model_id: str) -> None:
    """Store a description and make it searchable, in the place of an earlier one."""
    await tx.figures.describe(
        figure.document_id, figure.page, figure.number, description=description, described_by=model_id
    )
    await tx.chunks.remove_description(figure.document_id, figure.page, figure.number)
    chunk = Chunk(
        chunk_id=new_chunk_id(),
        document_id=figure.document_id,
        page=figure.page,
        start=0,
        end=len(description),
        text=description,
        figure=figure.number,
    )
    await tx.chunks.add([chunk])


def _owner(document: Document) -> Actor:
    """The person for whom the background works."""
    return Actor(user_id=document.owner_id, entry_point="cli")


def _is_mostly_russian(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(map(is_russian, letters)) * 2 > len(letters)


def _place(figure: DocumentFigure) -> _Place:
    return figure.document_id, figure.page, figure.number
