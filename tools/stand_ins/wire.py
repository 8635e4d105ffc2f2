"""How one reply is put into bytes; each protocol has its own."""

from abc import ABC, abstractmethod

from .answer import Answer, Call
from .counts import Counts

__all__ = ["Wire"]


class Wire(ABC):
    """The form of one reply, as a stream of pieces or whole."""

    stream_type: str
    whole_type: str
    broken_words: str

    @abstractmethod
    def begin(self) -> bytes:
        """What comes before the first token."""

    @abstractmethod
    def thought(self, text: str) -> bytes:
        """A token of reasoning."""

    @abstractmethod
    def text(self, text: str) -> bytes:
        """A token of the answer."""

    @abstractmethod
    def call(self, index: int, call: Call) -> bytes:
        """A call of a tool."""

    @abstractmethod
    def noise(self) -> bytes:
        """Well-formed events that no document names."""

    @abstractmethod
    def garbage(self) -> bytes:
        """A line that cannot be read."""

    @abstractmethod
    def fault(self) -> bytes:
        """An error after the beginning."""

    @abstractmethod
    def end(self, answer: Answer, counts: Counts | None) -> bytes:
        """What comes after the last token."""

    @abstractmethod
    def whole(self, answer: Answer, counts: Counts | None) -> object:
        """The reply in one piece, to be written as JSON."""
