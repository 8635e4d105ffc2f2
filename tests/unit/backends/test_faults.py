"""What servers say when they say no, as they were heard to say it."""

import pytest

from samovar.backends._shared import OpenAIReply
from samovar.domain.errors import BackendBroke
from samovar.domain.generation import TextDelta

#: vLLM 0.32 whose engine process was killed in mid-stream: the server told it, and ended the stream in good order.
DYING_ENGINE = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" her"},"finish_reason":null}]}',
    b'data: {"error": {"message": "EngineCore encountered an issue. See stack trace (above) for the root cause.", '
    b'"type": "InternalServerError", "param": null, "code": 500}}',
)


def test_an_engine_that_dies_behind_a_living_server_breaks_the_answer_off() -> None:
    reply = OpenAIReply(backend="gpu", model="m")
    word, error = DYING_ENGINE
    assert list(reply.read(word)) == [TextDelta(text=" her")]
    with pytest.raises(BackendBroke) as raised:
        list(reply.read(error))
    assert raised.value.values == {"backend": "gpu"}
