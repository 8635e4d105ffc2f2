"""Made documents in Russian and English with known content: every module ``*_papers.py`` offers ``PAPERS``."""

import importlib
import pkgutil

from tests.corpus.paper import Paper

__all__ = ["all_papers"]


def all_papers() -> tuple[Paper, ...]:
    """Every made document, in the order of the modules' names."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name.endswith("_papers"))
    return tuple(paper for name in names for paper in importlib.import_module(f"{__name__}.{name}").PAPERS)
