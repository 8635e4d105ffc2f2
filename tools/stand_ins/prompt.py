"""What all stand-ins have in common before the answer: models, messages, tools, and how many tokens they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from .words import split_tokens

__all__ = ["Message", "Model", "Prompt", "Tool", "prompt_tokens"]

#: Tokens that the chat template puts around a message, and before the answer.
_MESSAGE_TOKENS = 4
_ANSWER_TOKENS = 3
#: Tokens that a picture takes, whatever its size.
IMAGE_TOKENS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model that a stand-in offers. ``is_blind``: it takes pictures in and does not look at them."""

    name: str
    family: str
    parameters: str
    quantisation: str
    size_bytes: int
    context_tokens: int
    alias: str = ""
    publisher: str = ""
    form: str = "gguf"
    takes_images: bool = False
    is_blind: bool = False
    takes_tools: bool = False
    thinks: bool = False
    embeds: bool = False
    dimensions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat."""

    role: str
    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A request for an answer, whatever protocol it came by.

    ``tool_choice`` is ``auto``, ``none``, ``required`` or the name of a tool; ``schema`` is an empty object where any
    JSON will do; ``max_tokens`` below zero is no limit. ``lost_images``: pictures came and the server dropped them.
    """

    model: Model
    messages: tuple[Message, ...]
    context_tokens: int
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    schema: Mapping[str, object] | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: int = 0
    thinks: bool = False
    lost_images: bool = False

    @property
    def question(self) -> str:
        """The text of the last message of a person."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")

    @property
    def images(self) -> tuple[bytes, ...]:
        """The pictures of all messages, oldest first."""
        return tuple(image for message in self.messages for image in message.images)


def prompt_tokens(messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[str]:
    """Split a prompt into its tokens, the template's own included."""
    tokens: list[str] = []
    for message in messages:
        tokens += ["<|", message.role, "|>", "\n"][:_MESSAGE_TOKENS]
        tokens += split_tokens(message.text)
        tokens += [f"<image {index}>" for index in range(IMAGE_TOKENS * len(message.images))]
    for tool in tools:
        tokens += split_tokens(orjson.dumps([tool.name, tool.description, tool.parameters]).decode())
    return [*tokens, "<|", "assistant", "|>"]
