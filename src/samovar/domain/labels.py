"""Folders and tags as people name them: trimmed, bounded, and safe to show and to make file names of."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from samovar.domain.errors import InvalidRequest

__all__ = [
    "DEEPEST_FOLDER",
    "LONGEST_FOLDER",
    "LONGEST_TAG",
    "MOST_TAGS",
    "read_folder",
    "read_tags",
]

#: Characters, the separators among them.
LONGEST_FOLDER: Final = 200
#: Levels of a folder: ``Bank/Loans`` has two.
DEEPEST_FOLDER: Final = 5
LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20
_SEPARATOR: Final = "/"
#: Names that file systems take for places of their own.
_PLACES: Final = frozenset({".", ".."})
#: Controls, halves of characters, and line and paragraph separators. Joiners (Cf) stay: emoji are made with them.
_UNSHOWABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Marks that turn the direction of text beside them (Unicode UAX 9): a name must not rearrange the list it stands in.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def read_folder(name: str) -> str:
    """A folder's path in its one form: levels trimmed, empty ones left out; empty for none.

    Raises: InvalidRequest when it is too long or too deep, or holds what no name may hold.
    """
    levels = [level for level in (_one_line(level, "folder") for level in name.split(_SEPARATOR)) if level]
    if not _PLACES.isdisjoint(levels):
        raise InvalidRequest(reason="a folder is not called . or ..")
    path = _SEPARATOR.join(levels)
    if len(path) > LONGEST_FOLDER or len(levels) > DEEPEST_FOLDER:
        raise InvalidRequest(reason=f"a folder has at most {LONGEST_FOLDER} characters and {DEEPEST_FOLDER} levels")
    return path


def read_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Tags in their one form and the order given: trimmed, each once whatever its case, without empty ones.

    Raises: InvalidRequest for too many, too long ones, or what no name may hold.
    """
    tags: dict[str, str] = {}
    for name in names:
        tag = _one_line(name, "tag")
        if len(tag) > LONGEST_TAG:
            raise InvalidRequest(reason=f"a tag has at most {LONGEST_TAG} characters")
        if tag:
            tags.setdefault(tag.casefold(), tag)
        if len(tags) > MOST_TAGS:
            raise InvalidRequest(reason=f"a chat has at most {MOST_TAGS} tags")
    return tuple(tags.values())


def _one_line(name: str, what: str) -> str:
    if _TURNING.search(name) or any(unicodedata.category(character) in _UNSHOWABLE for character in name):
        raise InvalidRequest(reason=f"the name of a {what} holds characters that cannot be shown")
    return " ".join(name.split())
