"""PostgreSQL, embedded or by address, and the blobs. Names load when they are first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samovar.storage.blobs import FileBlobStore
    from samovar.storage.open import open_storage
    from samovar.storage.postgres import PostgresStorage, StorageDescription

__all__ = ["FileBlobStore", "PostgresStorage", "StorageDescription", "open_storage"]

_HOMES = {
    "FileBlobStore": "blobs",
    "PostgresStorage": "postgres",
    "StorageDescription": "postgres",
    "open_storage": "open",
}


def __getattr__(name: str) -> object:
    """Load what is asked for: importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
