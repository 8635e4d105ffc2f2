"""Have a follow-up made whole by the model that is about to answer, when it can do so at once."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from samovar.chat.context import TurnMaterial, build_prompt
from samovar.domain.chat import Message
from samovar.domain.errors import SamovarError
from samovar.domain.generation import Failed, ModelDescription, TextDelta
from samovar.domain.ids import UserId
from samovar.domain.image_tasks import is_russian
from samovar.domain.ledger import render
from samovar.domain.parameters import GenerationParameters
from samovar.gateway.directory import ModelChoice
from samovar.gateway.routing import Gateway
from samovar.gateway.tokens import TokenCounter
from samovar.telemetry.log import get_log

__all__ = ["ModelRewriter"]

log = get_log(__name__)

#: The reader waits for the answer meanwhile; the rule has its words at once.
_PATIENCE_S: Final = 6.0
_REPLY_TOKENS: Final = 96
_MOST_CHARACTERS: Final = 400


class ModelRewriter:
    """Asks the model of a chat. What it writes is not trusted: ``retrieval.question`` checks it.

    The request is the conversation as it will be sent for the answer, with another last message: the prompt cache of
    the backend serves the answer too, instead of being filled with something else.
    """

    def __init__(
        self,
        gateway: Gateway,
        counter: TokenCounter,
        *,
        model_id: str | None,
        user_id: UserId,
        system_prompt: str,
        like: TurnMaterial | None = None,
    ) -> None:
        """Ask ``model_id`` (None: the default model) in the line of ``user_id``.

        ``like`` is what the answer will be made from: facts, examples and the summary are the same for both.
        """
        self._gateway = gateway
        self._counter = counter
        self._model_id = model_id
        self._user_id = user_id
        self._like = like or TurnMaterial(
            system_prompt=system_prompt, branch=(), passages=(), parameters=GenerationParameters()
        )

    async def rewrite(self, branch: Sequence[Message]) -> str | None:
        """Write the last message of a branch as a question that stands alone.

        None when the model is the demonstration model, is not ready, has others waiting, fails or is late.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                chosen = await self._gateway.directory.choose(self._model_id)
                return await self._ask(branch) if _is_able(chosen) else None
        except TimeoutError:
            log.info("question.rewriting_late", seconds=_PATIENCE_S)
        except SamovarError as error:
            log.info("question.rewriting_failed", code=error.code)
        return None

    async def _ask(self, branch: Sequence[Message]) -> str | None:
        async with aclosing(self._gateway.attempts(self._model_id, self._user_id)) as attempts:
            async for attempt in attempts:
                # Behind a route there may be another model than the one that was looked at.
                if not _is_able(attempt.choice):
                    return None
                async with attempt as choice:
                    return await self._write(branch, choice)
        return None

    async def _write(self, branch: Sequence[Message], choice: ModelChoice) -> str | None:
        *earlier, question = branch
        asked = replace(question, text=_instruction(question.text), document_ids=(), pages=(), task=None)
        turn = replace(
            self._like,
            branch=(*earlier, asked),
            passages=(),
            recalled={},
            parameters=_parameters(choice.description),
            grounds="none_asked",
        )
        prompt = await build_prompt(turn, choice.description, choice.backend, self._counter)
        written = ""
        async with aclosing(choice.backend.stream(render(prompt.ledger))) as events:
            async for event in events:
                if isinstance(event, Failed):
                    return None
                if isinstance(event, TextDelta):
                    written += event.text
                    if len(written) > _MOST_CHARACTERS:
                        return None
        return written or None


def _is_able(choice: ModelChoice) -> bool:
    description = choice.description
    is_free = choice.member.queue.load < 1
    return description.state == "ready" and not description.is_demonstration and is_free


def _parameters(description: ModelDescription) -> GenerationParameters:
    can = description.capabilities
    # A model that thinks first would think for longer than anybody waits.
    thinks = can.reasoning is True and "reasoning_effort" not in can.unsupported_parameters
    return GenerationParameters(max_tokens=_REPLY_TOKENS, temperature=0.0, reasoning_effort="none" if thinks else None)


def _instruction(question: str) -> str:
    if is_russian(question):
        return (
            "Перепиши последний вопрос так, чтобы он был понятен без этого разговора: вместо местоимений поставь то, о "
            "чём речь, сохрани числа и названия. Не отвечай на него. Напиши только вопрос, одной строкой.\n\n"
            f"Вопрос: {question}"
        )
    return (
        "Rewrite the last question so that it can be understood without this conversation: put what is meant in the "
        "place of pronouns, keep numbers and names. Do not answer it. Write only the question, on one line.\n\n"
        f"Question: {question}"
    )
