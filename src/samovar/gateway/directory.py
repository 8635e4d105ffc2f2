"""The models that can answer, over all backends and all routes."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from samovar.domain.errors import BackendError, ModelUnknown, NoModel
from samovar.domain.generation import ModelDescription
from samovar.gateway.pool import BackendPool, Member
from samovar.ports.backend import ChatBackend

__all__ = ["BackendProblem", "ModelChoice", "ModelDirectory", "ModelListing", "ModelRoute", "RouteOrder"]

_LISTING_LIFETIME_S: Final = 2.0
#: How old a listing may be for a request to start from it while a new one is made.
_LISTING_BELIEVED_S: Final = 30.0

#: ``fallback``: in the order written; ``least_busy``: the shortest line first, loaded models before others.
RouteOrder = Literal["fallback", "least_busy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRoute:
    """One name for several models; ``targets`` are ids like ``my-vllm/llama-3.1-8b``."""

    name: str
    targets: tuple[str, ...]
    order: RouteOrder = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """A model with the backend that serves it; ``model_id`` is what chats and programs name.

    Of a route, the description is that of the target that would answer now, and ``route`` says which
    models stand behind the name.
    """

    model_id: str
    description: ModelDescription
    member: Member
    route: ModelRoute | None = None

    @property
    def backend(self) -> ChatBackend:
        """The adapter that serves it."""
        return self.member.backend

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous."""
        return f"{self.member.spec.name}/{self.description.model}"


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
    routes: tuple[ModelRoute, ...] = ()
    _by_name: Mapping[str, ModelChoice] = field(default_factory=dict, repr=False, compare=False)

    @property
    def default(self) -> ModelChoice | None:
        """The model of a chat that names none: ready before loading, real before demonstration, chat before vectors."""
        ranked = sorted(
            self.choices,
            key=lambda choice: (
                choice.description.capabilities.embeddings is True,
                choice.description.is_demonstration,
                choice.description.state != "ready",
            ),
        )
        return ranked[0] if ranked else None

    def find(self, model_id: str | None) -> ModelChoice | None:
        """The model of that name, or the default one for None."""
        return self.default if model_id is None else self._by_name.get(model_id)

    def targets(self, route: ModelRoute) -> tuple[ModelChoice, ...]:
        """The models behind a route that are offered now, in the order of the route."""
        found = (self._by_name.get(target) for target in route.targets)
        return tuple(choice for choice in found if choice is not None and choice.route is None)


class ModelDirectory:
    """Asks every backend for its models, side by side, and remembers the answer for a moment."""

    def __init__(self, pool: BackendPool, routes: Sequence[ModelRoute] = ()) -> None:
        """Look at the members of a pool; a route takes the place of a model of the same name."""
        self.pool = pool
        self._routes = tuple(routes)
        self._listing: ModelListing | None = None
        self._listed_at = 0.0
        self._listed_revision = -1
        self._asking = asyncio.Lock()
        self._refreshing: asyncio.Task[ModelListing] | None = None

    @property
    def routes(self) -> tuple[ModelRoute, ...]:
        """Every route, those without a living target too."""
        return self._routes

    async def list(self) -> ModelListing:
        """All models of all backends. Never raises: a backend that fails is a problem in the list."""
        async with self._asking:
            is_old = time.monotonic() - self._listed_at > _LISTING_LIFETIME_S
            if self._listing is None or is_old or not all(member.was_asked for member in self.pool.members):
                await self.pool.ask_all()
                self._listed_at = time.monotonic()
                return self._renew()
            return self._listing if self._listed_revision == self.pool.revision else self._renew()

    async def choose(self, model_id: str | None) -> ModelChoice:
        """Find the named model, or the default one. Raises: ModelUnknown, NoModel."""
        if (recent := self._choose_recent(model_id)) is not None:
            return recent
        listing = await self.list()
        if (choice := listing.find(model_id)) is not None:
            return choice
        await asyncio.gather(*(member.ask_for_somebody() for member in self._at_rest(model_id)))
        listing = self._renew()
        if (choice := listing.find(model_id)) is not None:
            return choice
        if model_id is not None:
            raise self._why_missing(model_id) or ModelUnknown(model=model_id)
        # An exception that is raised again and again would keep every place where it was.
        raise listing.problems[0].error.with_traceback(None) if listing.problems else NoModel()

    def recent(self) -> ModelListing | None:
        """The last listing, whatever its age."""
        return self._listing

    def forget(self) -> None:
        """Believe no earlier answer: a backend has just said something else."""
        self._listing = None

    def _choose_recent(self, model_id: str | None) -> ModelChoice | None:
        """A ready model of the last listing, at no cost; the listing is renewed beside."""
        age_s = time.monotonic() - self._listed_at
        if self._listing is None or age_s > _LISTING_BELIEVED_S:
            return None
        listing = self._listing if self._listed_revision == self.pool.revision else self._renew()
        choice = listing.find(model_id)
        if choice is None or choice.description.state != "ready":
            return None
        if age_s > _LISTING_LIFETIME_S and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self.list(), name="renew the list of models")
        return choice

    def _renew(self) -> ModelListing:
        """Make the listing anew from what the members said last."""
        self._listing = _list(self.pool, self._routes)
        self._listed_revision = self.pool.revision
        return self._listing

    def _why_missing(self, model_id: str) -> BackendError | None:
        """The error of a backend that offered this model, or one behind this route, before it failed."""
        failed = (member.error for member in self._once_behind(model_id) if member.error is not None)
        return next((error.with_traceback(None) for error in failed), None)

    def _at_rest(self, model_id: str | None) -> Sequence[Member]:
        """The backends left alone for a while that may have the model; None is any model."""
        members = self.pool.members if model_id is None else self._once_behind(model_id)
        return [member for member in members if member.is_resting]

    def _once_behind(self, model_id: str) -> Sequence[Member]:
        """The backends that offer or have offered this model, or one behind this route."""
        route = next((route for route in self._routes if route.name == model_id), None)
        return [
            member
            for name in (route.targets if route else (model_id,))
            for member in self.pool.members
            if member.offered(name) or member.offered(name.removeprefix(f"{member.spec.name}/"))
        ]


def _list(pool: BackendPool, routes: Sequence[ModelRoute]) -> ModelListing:
    found = [(member, description) for member in pool.members for description in member.models]
    taken = Counter([description.model for _, description in found] + [route.name for route in routes])
    choices = [
        ModelChoice(
            model_id=description.model if taken[description.model] == 1 else f"{member.spec.name}/{description.model}",
            description=description,
            member=member,
        )
        for member, description in found
    ]
    by_name = {choice.full_name: choice for choice in choices} | {choice.model_id: choice for choice in choices}
    routed = [
        replace(_first_ready(targets), model_id=route.name, route=route)
        for route in routes
        if (targets := [by_name[target] for target in route.targets if target in by_name])
    ]
    return ModelListing(
        choices=(*routed, *choices),
        problems=tuple(
            BackendProblem(backend=member.spec.name, error=member.error)
            for member in pool.members
            if member.error is not None
        ),
        routes=tuple(routes),
        _by_name=by_name | {choice.model_id: choice for choice in routed},
    )


def _first_ready(targets: Sequence[ModelChoice]) -> ModelChoice:
    return next((choice for choice in targets if choice.description.state == "ready"), targets[0])
