"""What an Ollama server can do by its version."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["UNKNOWN_VERSION", "Version", "read_version"]

_NUMBERS: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Three numbers."""

    major: int
    minor: int
    patch: int

    @property
    def has_logprobs(self) -> bool:
        """Whether tokens come with their probabilities. Source: the release notes of 0.12.11."""
        return self >= Version(0, 12, 11)

    @property
    def counts_whole_prompts(self) -> bool:
        """Whether a prompt's count has the part that was cached.

        Source: issues 2068 and 3427 (before 0.4), and 16414 with its mending in 16428 (0.30) of ollama/ollama.
        """
        return Version(0, 4, 0) <= self and (self.major, self.minor) != (0, 30)


#: A server that does not tell, or was not asked yet, is taken for one of today.
UNKNOWN_VERSION: Final = Version(0, 33, 0)


def read_version(text: object) -> Version:
    """Read ``0.12.11`` or ``0.30.0-rc2``; development builds call themselves 0.0.0 and are as new as any."""
    found = _NUMBERS.match(text) if isinstance(text, str) else None
    version = Version(*(int(number or 0) for number in found.groups())) if found else UNKNOWN_VERSION
    return UNKNOWN_VERSION if version == Version(0, 0, 0) else version
