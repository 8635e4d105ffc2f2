"""Everything that a turn could show to a model, before it is decided what fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from samovar.chat.pictures import TurnPicture
from samovar.chat.prompt import Grounds
from samovar.domain.chat import Message
from samovar.domain.context import ContextStrategy, PinnedFact, Summary
from samovar.domain.document import Passage
from samovar.domain.examples import ExampleSet
from samovar.domain.ids import ChunkId, MessageId
from samovar.domain.parameters import GenerationParameters

__all__ = ["Beyond", "Exchange", "TurnMaterial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A turn: what was asked and everything that was answered. ``number`` counts the turns of the branch from 1."""

    number: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """The messages of a branch that were not read, for there are more than could ever fit.

    Shape: ``positions`` has one entry for each of them, oldest first. ``turns`` is how many questions are among them.
    ``recalled`` are those turns of them that were read after all, since they bear on the question.
    """

    positions: tuple[int, ...] = ()
    turns: int = 0
    recalled: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMaterial:
    """Everything that a turn could show to the model.

    ``branch`` ends with the question; what lies before its first message is told by ``beyond``. ``passages`` are those
    that were found, best first, and ``grounds`` how well they hold the answer. ``pictures`` are those of each message
    of the branch, in order. ``described_by`` names the model that wrote a passage which describes a picture.

    ``recalled`` is how much earlier messages bear on the question, from 0 to 1; messages that are not there do not.
    Messages with a position up to ``context_after`` are not sent: the system prompt was changed there. ``strategy``
    says whether ``summary`` and ``recalled`` are used.
    """

    system_prompt: str
    branch: tuple[Message, ...]
    passages: tuple[Passage, ...]
    parameters: GenerationParameters
    grounds: Grounds = "enough"
    pictures: Mapping[MessageId, tuple[TurnPicture, ...]] = field(default_factory=dict)
    described_by: Mapping[ChunkId, str] = field(default_factory=dict)
    facts: tuple[PinnedFact, ...] = ()
    examples: ExampleSet | None = None
    summary: Summary | None = None
    recalled: Mapping[MessageId, float] = field(default_factory=dict)
    context_after: int | None = None
    strategy: ContextStrategy = "auto"
    beyond: Beyond = field(default_factory=Beyond)

    @property
    def question(self) -> Message:
        """The message that is answered."""
        return self.branch[-1]

    @property
    def uses_summary(self) -> bool:
        """Whether a summary may stand for old turns."""
        return self.summary is not None and self.strategy in ("auto", "summary")

    @property
    def uses_recall(self) -> bool:
        """Whether turns that were left out may come back."""
        return bool(self.recalled) and self.strategy in ("auto", "recall")
