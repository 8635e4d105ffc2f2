"""The models that can answer, over all backends, and the choice of one."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from samovar.domain.errors import BackendError, BackendTimeout, ModelUnknown, NoModel
from samovar.domain.generation import ModelDescription
from samovar.ports.backend import ChatBackend

__all__ = ["BackendProblem", "ModelChoice", "ModelDirectory", "ModelListing"]

_LISTING_LIFETIME_S: Final = 2.0
#: How old a listing may be for a request to start from it while a new one is made.
_LISTING_BELIEVED_S: Final = 30.0
_PROBE_TIMEOUT_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """A model with the backend that serves it; ``model_id`` is what chats and programs name."""

    model_id: str
    description: ModelDescription
    backend: ChatBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendProblem:
    """A backend that could not be asked for its models, and why."""

    backend: str
    error: BackendError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelListing:
    """Everything that was found."""

    choices: tuple[ModelChoice, ...]
    problems: tuple[BackendProblem, ...]

    @property
    def default(self) -> ModelChoice | None:
        """The model of a chat that names none: ready before loading, real before demonstration."""
        ranked = sorted(
            self.choices,
            key=lambda choice: (choice.description.is_demonstration, choice.description.state != "ready"),
        )
        return ranked[0] if ranked else None

    def find(self, model_id: str | None) -> ModelChoice | None:
        """The model of that name, or the default one for None."""
        if model_id is None:
            return self.default
        for choice in self.choices:
            if model_id in (choice.model_id, f"{choice.backend.name}/{choice.description.model}"):
                return choice
        return None


class ModelDirectory:
    """Asks every backend for its models, side by side, and remembers the answer for a moment."""

    def __init__(self, backends: Sequence[ChatBackend]) -> None:
        """Look at these backends."""
        self._backends = tuple(backends)
        self._listing: ModelListing | None = None
        self._listed_at = 0.0
        self._asking = asyncio.Lock()
        self._refreshing: asyncio.Task[ModelListing] | None = None

    async def list(self) -> ModelListing:
        """All models of all backends. Never raises: a backend that fails is a problem in the list."""
        async with self._asking:
            if self._listing is None or time.monotonic() - self._listed_at > _LISTING_LIFETIME_S:
                self._listing = await self._ask_all()
                self._listed_at = time.monotonic()
            return self._listing

    async def choose(self, model_id: str | None) -> ModelChoice:
        """Find the named model, or the default one. Raises: ModelUnknown, NoModel."""
        if (recent := self._choose_recent(model_id)) is not None:
            return recent
        listing = await self.list()
        if (choice := listing.find(model_id)) is not None:
            return choice
        if model_id is not None:
            raise ModelUnknown(model=model_id)
        raise listing.problems[0].error if listing.problems else NoModel()

    def forget(self) -> None:
        """Believe no earlier answer: a backend has just said something else."""
        self._listing = None

    def _choose_recent(self, model_id: str | None) -> ModelChoice | None:
        """A ready model of the last listing, at no cost; the listing is renewed beside."""
        age_s = time.monotonic() - self._listed_at
        if self._listing is None or age_s > _LISTING_BELIEVED_S:
            return None
        choice = self._listing.find(model_id)
        if choice is None or choice.description.state != "ready":
            return None
        if age_s > _LISTING_LIFETIME_S and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self.list(), name="renew the list of models")
        return choice

    async def _ask_all(self) -> ModelListing:
        answers = await asyncio.gather(*(self._ask(backend) for backend in self._backends))
        found: list[tuple[ChatBackend, ModelDescription]] = []
        problems: list[BackendProblem] = []
        for backend, answer in zip(self._backends, answers, strict=True):
            if isinstance(answer, BackendError):
                problems.append(BackendProblem(backend=backend.name, error=answer))
            else:
                found.extend((backend, description) for description in answer)
        names = Counter(description.model for _, description in found)
        choices = tuple(
            ModelChoice(
                model_id=description.model if names[description.model] == 1 else f"{backend.name}/{description.model}",
                description=description,
                backend=backend,
            )
            for backend, description in found
        )
        return ModelListing(choices=choices, problems=tuple(problems))

    async def _ask(self, backend: ChatBackend) -> Sequence[ModelDescription] | BackendError:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                return await backend.models()
        except TimeoutError:
            return BackendTimeout(backend=backend.name, seconds=int(_PROBE_TIMEOUT_S))
        except BackendError as error:
            return error
