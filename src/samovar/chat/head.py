"""The message that every prompt begins with: the system prompt, the instruction of the examples, the pinned facts.

Facts stand here and not beside the question. They change seldom, while a question becomes a plain turn with the next
one: facts beside it would end what the backend's prompt cache still holds at the last question but one, and its answer
would be read anew each time. Pinning another fact costs one reading of the whole prompt. A message of their own is
out of the question: many chat templates refuse a second system message, or two user messages in a row.
"""

from typing import Final

from samovar.chat.material import TurnMaterial
from samovar.chat.records import set_facts
from samovar.domain.ledger import Piece

__all__ = ["DEFAULT_SYSTEM_PROMPT", "head_pieces"]

DEFAULT_SYSTEM_PROMPT: Final = "You are a helpful assistant. Answer briefly, in the language of the question."


def head_pieces(material: TurnMaterial, *, demonstration: bool) -> list[Piece]:
    """The pieces of the first message, which are always sent."""
    system = material.system_prompt or DEFAULT_SYSTEM_PROMPT
    pieces = [Piece(kind="system", role="system", label="system prompt", text=system, tokens=0, message=0)]
    examples = material.examples
    if examples is not None and examples.instruction.strip():
        pieces.append(
            Piece(
                kind="system",
                role="system",
                label=examples.name,
                text=f"\n\n{examples.instruction.strip()}",
                tokens=0,
                message=0,
                origin={"examples_id": str(examples.examples_id)},
            )
        )
    facts = [fact for fact in material.facts if fact.text.strip()]
    if facts:
        # The id of the chat: nobody who writes a document knows it, and it is the same with every question.
        text = set_facts(facts, secret=material.question.chat_id.bytes, demonstration=demonstration)
        said = ",".join(str(fact.message_id) for fact in facts if fact.message_id is not None)
        origin = {"facts": str(len(facts)), **({"message_ids": said} if said else {})}
        pieces.append(
            Piece(kind="facts", role="system", label="pinned facts", text=text, tokens=0, message=0, origin=origin)
        )
    return pieces
