"""An example set as JSONL in OpenAI's form, for other programs and to be read again here."""

import orjson

from samovar.domain.examples import ExampleSet

__all__ = ["write_training_file"]


def write_training_file(examples: ExampleSet) -> bytes:
    """Write one line an example: ``messages`` with the instruction (if there is one), the question and the answer.

    Source: OpenAI, Supervised fine-tuning, 2025.
    """
    told = [{"role": "system", "content": examples.instruction}] if examples.instruction else []
    return b"".join(
        orjson.dumps(
            {
                "messages": [
                    *told,
                    {"role": "user", "content": example.question},
                    {"role": "assistant", "content": example.answer},
                ]
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for example in examples.examples
    )
