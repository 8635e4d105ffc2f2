"""What storage can say."""

from samovar.domain.errors.root import SamovarError

__all__ = ["BlobDamaged", "StorageError", "StorageReadOnly", "StorageUnavailable"]


class StorageError(SamovarError):
    """The root of everything that storage can say."""


class StorageUnavailable(StorageError):
    """PostgreSQL does not answer."""

    code = "storage_unavailable"
    sentence = "The database does not answer."
    hint = "Samovar keeps trying. If it lasts, run `samovar doctor`."


class StorageReadOnly(StorageError):
    """Nothing can be written: the disk is full or the folder is read-only."""

    code = "storage_read_only"
    sentence = "Nothing can be saved: {reason}."
    hint = "Free some disk space or make the data folder writable; nothing that was saved is lost."


class BlobDamaged(StorageError):
    """A stored file no longer matches its hash."""

    code = "blob_damaged"
    sentence = "A stored file is damaged or missing."
    hint = "Attach the file again, or restore the data folder from a backup."
