"""Find out what is on a picture: words by OCR, faces by a detector, all else by a model that sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from samovar.domain.actor import Actor
from samovar.domain.document import DocumentFigure, Entity, EntityKind
from samovar.domain.errors import DocumentError, NotFound, NoVisionModel
from samovar.domain.generation import ImagePart
from samovar.domain.ids import DocumentId
from samovar.domain.image_tasks import ENTITIES_SCHEMA, instruction
from samovar.domain.page import Page
from samovar.domain.parameters import GenerationParameters
from samovar.ports.parser import DocumentReader
from samovar.ports.storage import BlobStore, Storage
from samovar.vision.entities import AnswerInvalidError, read_entities
from samovar.vision.lettering import lines_of
from samovar.vision.models import VisionModels

__all__ = ["FaceDetector", "FacesUnavailableError", "FigureObserver", "LeftOut", "LeftOutReason", "Observation"]

_ANSWER_TOKENS: Final = 3000
_TEMPERATURE: Final = 0.0
_SEEN_BY_MODELS: Final[tuple[EntityKind, ...]] = ("object", "table", "chart", "stamp", "signature")

#: Why kinds of things were not looked for, or not all of them could be believed.
LeftOutReason = Literal[
    "ocr_unavailable",
    "ocr_failed",
    "faces_not_installed",
    "faces_failed",
    "no_vision_model",
    "answer_invalid",  # the model did not answer with JSON of the schema
    "records_invalid",  # some of its records were not of the schema
]


class FacesUnavailableError(Exception):
    """No detector of faces can run here; ``reason`` says why."""

    def __init__(self, reason: Literal["faces_not_installed", "faces_failed"]) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason: LeftOutReason = reason


class FaceDetector(Protocol):
    """Finds faces, and knows nobody."""

    async def find(self, picture: bytes) -> Sequence[Entity]:
        """Find the faces of a PNG or JPEG; boxes in its pixels. Raises: FacesUnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Kinds of things that may be on the picture and were not, or not all, found."""

    kinds: tuple[EntityKind, ...]
    reason: LeftOutReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was found, what was not looked for, and the tokens that it took."""

    entities: tuple[Entity, ...]
    left_out: tuple[LeftOut, ...]
    tokens: int


class FigureObserver:
    """Looks at one picture at a person's wish."""

    def __init__(
        self,
        storage: Storage,
        blobs: BlobStore,
        reader: DocumentReader,
        models: VisionModels,
        faces: FaceDetector,
    ) -> None:
        """Look with OCR of the reader, with a detector of faces and with models."""
        self._storage = storage
        self._blobs = blobs
        self._reader = reader
        self._models = models
        self._faces = faces

    async def observe(
        self, actor: Actor, document_id: DocumentId, page: int | None, number: int, model_id: str | None
    ) -> Observation:
        """Find what is on a picture and store it in the place of what was found before.

        Raises: NotFound, BackendError; ModelWithoutVision for a model that was named and does not see.
        """
        async with self._storage.transaction() as tx:
            figure = await tx.figures.access(actor, document_id, page, number)
            document = await tx.documents.access(actor, document_id)
            standing = await tx.documents.view_page(actor, document_id, page)
        content = await self._blobs.get(figure.sha256)
        left_out: list[LeftOut] = []
        words = await self._words(figure, standing if document.kind == "image" else None, content, left_out)
        faces = await self._look_for_faces(content, left_out)
        seen, tokens = await self._ask_model(actor, figure, content, model_id, left_out)
        # What has been found exactly is not told a second time by the model.
        done = {"text"} if words is not None else set()
        done |= {"face"} if faces is not None else set()
        entities = (*(words or ()), *(faces or ()), *(entity for entity in seen if entity.kind not in done))
        async with self._storage.transaction() as tx:
            now = await tx.figures.access(actor, document_id, page, number)
            if now.sha256 != figure.sha256:
                raise NotFound(what="picture")
            await tx.figures.set_entities(document_id, page, number, entities)
            kept = await tx.figures.view_entities(actor, document_id, page, number)
        return Observation(entities=kept, left_out=tuple(left_out), tokens=tokens)

    async def _words(
        self, figure: DocumentFigure, standing: Page | None, content: bytes, left_out: list[LeftOut]
    ) -> tuple[Entity, ...] | None:
        """The lines of a picture; of one that is the page itself as they were read already. None: not looked for."""
        page = standing
        if page is None or page.status != "ocr":
            if not self._reader.recognises_text:
                left_out.append(LeftOut(kinds=("text",), reason="ocr_unavailable"))
                return None
            try:
                parsed = await self._reader.recognise(content, kind="image", page=1, name="picture")
            except DocumentError:
                left_out.append(LeftOut(kinds=("text",), reason="ocr_failed"))
                return None
            page = parsed.page
            if page.status in ("failed", "skipped"):
                left_out.append(LeftOut(kinds=("text",), reason="ocr_failed"))
                return None
        return lines_of(page, width=figure.width, height=figure.height)

    async def _look_for_faces(self, content: bytes, left_out: list[LeftOut]) -> tuple[Entity, ...] | None:
        try:
            return tuple(await self._faces.find(content))
        except FacesUnavailableError as error:
            left_out.append(LeftOut(kinds=("face",), reason=error.reason))
            return None

    async def _ask_model(
        self, actor: Actor, figure: DocumentFigure, content: bytes, model_id: str | None, left_out: list[LeftOut]
    ) -> tuple[tuple[Entity, ...], int]:
        try:
            choice = await self._models.choose(model_id)
        except NoVisionModel:
            left_out.append(LeftOut(kinds=_SEEN_BY_MODELS, reason="no_vision_model"))
            return (), 0
        picture = ImagePart(
            media_type="image/png" if figure.media_type == "image/png" else "image/jpeg", content=content
        )
        parameters = GenerationParameters(
            max_tokens=_ANSWER_TOKENS, temperature=_TEMPERATURE, json_schema=ENTITIES_SCHEMA
        )
        # Labels are words of the index and of the page; English is what all models know best.
        told = instruction("entities", russian=False)
        answer = await self._models.ask(choice, actor.user_id, picture, told, parameters)
        tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens if answer.usage else 0
        try:
            seen = read_entities(answer.text, width=figure.width, height=figure.height, found_by=choice.model_id)
        except AnswerInvalidError:
            left_out.append(LeftOut(kinds=_SEEN_BY_MODELS, reason="answer_invalid"))
            return (), tokens
        if seen.refused:
            left_out.append(LeftOut(kinds=_SEEN_BY_MODELS, reason="records_invalid"))
        return seen.entities, tokens
