"""Adapters by port and kind; the kind is the name of the adapter's file, and only the asked one is imported.

A backend is ``backends/<kind>.py`` with what ``ports.backend.BackendModule`` names: ``build``,
``read_address``, ``recognise`` and three constants.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import Literal, cast

from samovar.ports.backend import BackendModule

__all__ = ["Port", "backend", "kinds", "module"]

Port = Literal["backends", "parsers", "embedders", "rerankers"]


def kinds(port: Port) -> tuple[str, ...]:
    """List every kind of adapter, sorted, without importing any."""
    package = importlib.util.find_spec(f"samovar.{port}")
    if package is None or package.submodule_search_locations is None:
        return ()
    names = (found.name for found in pkgutil.iter_modules(package.submodule_search_locations))
    return tuple(sorted(name for name in names if not name.startswith("_")))


def module(port: Port, kind: str) -> ModuleType:
    """Import one adapter. Raises: KeyError for a kind that does not exist."""
    if kind not in kinds(port):
        raise KeyError(f"{port}/{kind}")
    return importlib.import_module(f"samovar.{port}.{kind}")


def backend(kind: str) -> BackendModule:
    """Import one backend. Raises: KeyError for a kind that does not exist."""
    # A module is matched against a Protocol where it is named; here only its name is known.
    return cast(BackendModule, module("backends", kind))
