"""The port to the embedded engine, as far as the use cases look at it."""

from pathlib import Path
from typing import Literal, Protocol

from samovar.domain.errors import EngineError

__all__ = ["EngineState", "EngineView"]

EngineState = Literal["off", "starting", "ready", "failed"]


class EngineView(Protocol):
    """What can be seen of the embedded engine from outside."""

    @property
    def state(self) -> EngineState:
        """Whether a request would be answered."""
        ...

    @property
    def detail(self) -> str:
        """What happened last, in a sentence; empty while all is well."""
        ...

    @property
    def error_code(self) -> str | None:
        """The stable code of the failure, or None."""
        ...

    @property
    def error(self) -> EngineError | None:
        """What keeps it from answering, or None."""
        ...

    @property
    def model_name(self) -> str | None:
        """The name of the model; None before the start."""
        ...

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files that it has loaded or is loading: the model, and its projector if there is one."""
        ...

    @property
    def is_demonstration(self) -> bool:
        """Whether it is the small default model."""
        ...
