"""What an Ollama server has, and what of it is in memory."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from samovar.backends._ollama.version import UNKNOWN_VERSION, Version, read_version
from samovar.backends._shared import ModelServer, read_entries, read_object, short_text, token_count, whole_number
from samovar.domain.errors import BackendError, BackendRefused, BackendReplyInvalid

__all__ = ["Catalogue", "StoredModel", "full_name"]

_MODELS_ASKED_AT_ONCE: Final = 4
_MOST_REMEMBERED: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model on the disk of the server. None: the server does not tell.

    ``loaded_tokens`` is the context of the copy in memory, or None where there is none.
    """

    name: str
    trained_tokens: int | None
    abilities: frozenset[str] | None
    quantisation: str | None
    size_bytes: int | None
    loaded_tokens: int | None = None
    is_loaded: bool | None = None

    def has(self, ability: str) -> bool | None:
        """Whether it has an ability of Ollama's: completion, tools, vision, thinking, embedding."""
        return ability in self.abilities if self.abilities is not None else None


class Catalogue:
    """Asks for lists, and for what older servers leave out of them, model by model."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._shown: dict[tuple[str, str], tuple[int | None, frozenset[str] | None]] = {}
        self._models: dict[str, StoredModel] = {}
        self._version: Version | None = None

    @property
    def version(self) -> Version:
        """The server's version, as far as it was asked."""
        return self._version or UNKNOWN_VERSION

    async def models(self) -> list[StoredModel]:
        """List all models. Raises: BackendError."""
        listed = await self._server.fetch("GET", "/api/tags")
        loaded, _ = await asyncio.gather(self.loaded(), self._ask_version())
        turn = asyncio.Semaphore(_MODELS_ASKED_AT_ONCE)
        entries = read_entries(listed.get("models"), "name", backend=self._server.name)
        models = await asyncio.gather(*(self._read(entry, loaded, turn) for entry in entries))
        self._models = {model.name: model for model in models}
        return models

    async def find(self, name: str) -> StoredModel:
        """Tell of one model, from the last list where it is in it. Raises: BackendError, ModelUnknown among them."""
        known = self._models.get(full_name(name))
        if known is not None:
            return known
        if self._version is None:
            await self._ask_version()
        try:
            shown = await self._server.fetch("POST", "/api/show", {"model": name})
        except (BackendRefused, BackendReplyInvalid):
            # Behind a proxy that lets chats through and nothing else.
            shown = {}
        trained, abilities = _read_shown(shown)
        quantisation = short_text(read_object(shown.get("details")).get("quantization_level"))
        return StoredModel(
            name=name, trained_tokens=trained, abilities=abilities, quantisation=quantisation, size_bytes=None
        )

    async def loaded(self) -> dict[str, int | None] | None:
        """The context of every copy in memory by the name of its model; None where the server does not tell."""
        try:
            listed = await self._server.fetch("GET", "/api/ps")
            entries = read_entries(listed.get("models"), "name", backend=self._server.name)
        except BackendError:
            return None
        return {entry["name"]: token_count(entry.get("context_length")) for entry in entries}

    async def _ask_version(self) -> None:
        try:
            self._version = read_version((await self._server.fetch("GET", "/api/version")).get("version"))
        except BackendError:
            return

    async def _read(
        self, entry: dict[str, Any], loaded: dict[str, int | None] | None, turn: asyncio.Semaphore
    ) -> StoredModel:
        name, details = entry["name"], read_object(entry.get("details"))
        trained, abilities = token_count(details.get("context_length")), _read_abilities(entry)
        if trained is None or abilities is None:
            async with turn:
                trained, abilities = await self._show(name, str(entry.get("digest", "")))
        return StoredModel(
            name=name,
            trained_tokens=trained,
            abilities=abilities,
            quantisation=short_text(details.get("quantization_level")),
            size_bytes=whole_number(entry.get("size")),
            loaded_tokens=loaded.get(name) if loaded is not None else None,
            is_loaded=name in loaded if loaded is not None else None,
        )

    async def _show(self, name: str, digest: str) -> tuple[int | None, frozenset[str] | None]:
        """What one model is; nothing is known of one that gives an error. A model of the same digest is the same."""
        if (name, digest) in self._shown:
            return self._shown[name, digest]
        try:
            found = _read_shown(await self._server.fetch("POST", "/api/show", {"model": name}))
        except BackendError:
            return None, None
        self._shown[name, digest] = found
        while len(self._shown) > _MOST_REMEMBERED:
            self._shown.pop(next(iter(self._shown)))
        return found


def full_name(name: str) -> str:
    """Add the tag that Ollama takes when none is given."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _read_shown(shown: dict[str, Any]) -> tuple[int | None, frozenset[str] | None]:
    information = read_object(shown.get("model_info"))
    trained = token_count(information.get(f"{information.get('general.architecture')}.context_length"))
    abilities = _read_abilities(shown)
    if abilities is None and "projector_info" in shown:
        # Before 0.6.4 only the projector told that a model sees.
        abilities = frozenset({"completion", "vision"} if shown["projector_info"] else {"completion"})
    return trained, abilities


def _read_abilities(entry: dict[str, Any]) -> frozenset[str] | None:
    told = entry.get("capabilities")
    return frozenset(ability for ability in told if isinstance(ability, str)) if isinstance(told, list) else None
