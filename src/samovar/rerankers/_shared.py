"""What every re-ranking server has in common: one request, and a score for each passage in reply."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson

from samovar.domain.errors import RerankerUnavailable, SamovarError
from samovar.egress import EgressClient, EgressRefused
from samovar.ports.backend import Endpoint
from samovar.ports.reranker import RerankerConfig

__all__ = ["Dialect", "ServerReranker", "results_of"]

#: Passages in one request: text-embeddings-inference takes no more unless it is told to.
_BATCH: Final = 32
_TIMEOUT_S: Final = 30.0
#: After a failure the next questions do not wait for the same one for so long.
_REST_S: Final = 10.0
_MOST_BYTES: Final = 4_000_000
_REASON_CHARACTERS: Final = 200
_LONGEST_QUESTION: Final = 1_500
_LONGEST_PASSAGE: Final = 4_000
#: Most models read 512 tokens, question and passage together; servers refuse what is longer.
_SHORT_QUESTION: Final = 300
_SHORT_PASSAGE: Final = 700
#: Statuses by which servers refuse a text that is too long: llama.cpp takes 500, vLLM 400, others 413 and 422.
_TOO_LONG: Final = (400, 413, 422, 500)
#: Rounding alone brings a probability no further beyond its bounds.
_ROUNDING: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of server is asked. ``paths`` are tried in order until one is there.

    ``write`` makes the body of a request from model, question and passages; ``read`` finds the entries of the reply,
    each an object with ``index`` and its score under ``score``. It may raise what any wrong shape raises.
    """

    paths: tuple[str, ...]
    write: Callable[[str | None, str, Sequence[str]], Mapping[str, object]]
    read: Callable[[object], object]
    score: str


class ServerReranker:
    """Implements the port ``Reranker``."""

    def __init__(self, config: RerankerConfig, client: EgressClient, dialect: Dialect) -> None:
        """Ask by ``client``; nothing is sent yet."""
        self.name = config.name
        self._config = config
        self._client = client
        self._dialect = dialect
        self._path = dialect.paths[0]
        self._takes_short_texts = False
        self._sends_logits = False
        self._failure: RerankerUnavailable | None = None
        self._rests_until = 0.0

    async def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Score passages for a question. Raises: RerankerUnavailable, at once while a failure is new."""
        if self._failure is not None and time.monotonic() < self._rests_until:
            raise self._failure.with_traceback(None)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                scores = [
                    score
                    for start in range(0, len(passages), _BATCH)
                    for score in await self._score_batch(question, passages[start : start + _BATCH])
                ]
        except TimeoutError as error:
            silent = self._unavailable(f"it was silent for {_TIMEOUT_S:.0f} seconds")
            self._rest(silent)
            raise silent from error
        except RerankerUnavailable as error:
            self._rest(error)
            raise
        self._failure = None
        return self._probabilities(scores)

    async def close(self) -> None:
        """Nothing is held here: the client belongs to the whole process."""

    async def _score_batch(self, question: str, passages: Sequence[str]) -> list[float]:
        status, content = await self._post(question, passages)
        if status in _TOO_LONG and not self._takes_short_texts:
            self._takes_short_texts = True
            status, content = await self._post(question, passages)
            self._takes_short_texts = status == 200
        if status != 200:
            raise self._unavailable(self._refusal(status, content))
        return self._read(content, len(passages))

    async def _post(self, question: str, passages: Sequence[str]) -> tuple[int, bytes]:
        """Send a request to the path that this server has. Raises: RerankerUnavailable."""
        if self._takes_short_texts:
            longest_question, longest_passage = _SHORT_QUESTION, _SHORT_PASSAGE
        else:
            longest_question, longest_passage = _LONGEST_QUESTION, _LONGEST_PASSAGE
        payload = self._dialect.write(
            self._config.model,
            _clean(question, longest_question),
            [_clean(passage, longest_passage) for passage in passages],
        )
        body = orjson.dumps(dict(payload))
        for path in dict.fromkeys((self._path, *self._dialect.paths)):
            status, content = await self._send(path, body)
            if status not in (404, 405):
                self._path = path
                break
        return status, content

    async def _send(self, path: str, body: bytes) -> tuple[int, bytes]:
        endpoint = self._endpoint()
        headers = {"Content-Type": "application/json"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        try:
            response = await self._client.request("POST", endpoint.url + path, body=body, headers=headers)
            try:
                content = bytearray()
                while chunk := await response.content.readany():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise self._unavailable("its reply is too long")
                return response.status, bytes(content)
            finally:
                response.close()
        except TimeoutError:
            raise
        except EgressRefused as error:
            raise self._unavailable("its address is not among those that may be reached") from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._unavailable("it does not answer") from error

    def _endpoint(self) -> Endpoint:
        try:
            endpoint = self._config.endpoint()
        except SamovarError as error:
            raise self._unavailable(error.message.rstrip(".")) from error
        if endpoint is None:
            raise self._unavailable("it is not ready yet")
        return endpoint

    def _read(self, content: bytes, count: int) -> list[float]:
        """Check a reply as if its sender meant harm: every passage has one score, and it is a number."""
        try:
            entries = self._dialect.read(orjson.loads(content))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise self._unavailable("its reply is no list of scores") from error
        if not isinstance(entries, list) or len(entries) != count:
            raise self._unavailable("it did not send one score for each passage")
        scores: dict[int, float] = {}
        for entry in entries:
            if not isinstance(entry, dict):
                raise self._unavailable("its reply is no list of scores")
            index: object = entry.get("index")
            score: object = entry.get(self._dialect.score)
            # A bool is an int in Python; True would be taken for 1.
            if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count or index in scores:
                raise self._unavailable("it did not send one score for each passage")
            if isinstance(score, bool) or not isinstance(score, float | int) or not math.isfinite(score):
                raise self._unavailable("a score is no number")
            scores[index] = float(score)
        return [scores[index] for index in range(count)]

    def _probabilities(self, scores: Sequence[float]) -> list[float]:
        """Bring scores into 0 to 1.

        Servers send a probability or its logit and do not say which. What was once beyond 0 and 1 is a logit for good,
        so that scores of two questions stay comparable.
        """
        self._sends_logits = self._sends_logits or any(not -_ROUNDING <= score <= 1 + _ROUNDING for score in scores)
        if self._sends_logits:
            return [_logistic(score) for score in scores]
        return [min(1.0, max(0.0, score)) for score in scores]

    def _refusal(self, status: int, content: bytes) -> str:
        words = _words_of(content)
        if (key := self._endpoint().key) is not None:
            words = words.replace(key, "…")  # Some servers repeat the key that they were given.
        shown = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
        shown = shown[:_REASON_CHARACTERS].rstrip(". ")
        return f"HTTP status {status}: {shown}" if shown else f"HTTP status {status}"

    def _rest(self, error: RerankerUnavailable) -> None:
        self._failure, self._rests_until = error, time.monotonic() + _REST_S

    def _unavailable(self, reason: str) -> RerankerUnavailable:
        return RerankerUnavailable(reranker=self.name, reason=reason)


def results_of(reply: object) -> object:
    """The entries of a reply that holds them under ``results``. Raises: KeyError, TypeError."""
    return reply["results"]  # type: ignore[index]  # another shape raises


def _logistic(score: float) -> float:
    # Beyond 700 the power of e is no float any more.
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, score))))


def _clean(text: str, most: int) -> str:
    """At most so many characters, no NUL, no half of a character, and never empty, which servers refuse."""
    whole = text[:most].replace("\0", " ").strip()
    try:
        whole.encode()
    except UnicodeEncodeError:
        whole = whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole or "."


def _words_of(content: bytes) -> str:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(value, dict):
        return ""
    words = next((value[name] for name in ("error", "detail", "message") if value.get(name)), "")
    if isinstance(words, dict):
        words = words.get("message")
    return words if isinstance(words, str) else ""
