"""Lists of models from the wire."""

from typing import Any, Final

from samovar.domain.errors import BackendReplyInvalid

__all__ = ["read_entries", "read_names"]

#: More than any catalogue has; a list beyond it is cut, so that a broken server fills no page and no memory.
_MOST_MODELS: Final = 1000
_LONGEST_NAME: Final = 500


def read_entries(listed: object, field: str, *, backend: str) -> list[dict[str, Any]]:
    """Keep the entries that have a name in ``field``, each name once. Raises: BackendReplyInvalid for no list."""
    if not isinstance(listed, list):
        raise BackendReplyInvalid(backend=backend, reason="a list of models without models")
    entries: dict[str, dict[str, Any]] = {}
    for entry in listed:
        name = entry.get(field) if isinstance(entry, dict) else None
        if isinstance(name, str) and _is_name(name) and len(entries) < _MOST_MODELS:
            entries.setdefault(name, entry)
    return list(entries.values())


def read_names(listed: object) -> list[str]:
    """Keep the names of a list of names, each once; empty for no list."""
    names = listed if isinstance(listed, list) else []
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and _is_name(name)))[:_MOST_MODELS]


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable()
