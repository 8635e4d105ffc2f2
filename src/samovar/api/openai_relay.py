"""Requests on their way to a backend, and replies on their way back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from samovar.api.closing import ClosingStream
from samovar.api.openai_ledger import LedgerFirst, with_ledger
from samovar.api.openai_usage import ReplyTail, RequestAccount
from samovar.api.problems import openai_error
from samovar.domain.actor import Actor
from samovar.domain.errors import BackendReplyInvalid, SamovarError
from samovar.gateway.directory import ModelChoice
from samovar.gateway.queue import Lease
from samovar.gateway.routing import Gateway, Needs, Try
from samovar.ports.backend import Relay

__all__ = ["Answer", "ask_backends", "unless_gone"]

_GONE_POLL_S: Final = 0.5
#: A whole reply is held in memory; 2,048 long vectors fit. A stream is held nowhere, but must end one day.
_LONGEST_REPLY_BYTES: Final = 128_000_000
_LONGEST_STREAM_BYTES: Final = 1_000_000_000
#: What may stand in a header as it is (RFC 9110, section 5.5); the rest of a name is percent-encoded.
_PLAIN: Final = " !#$&'()*+-./:<=>?@[]^_`{|}~"
#: Characters of a name, and bytes of all attempts together: clients refuse headers of more than 8 KB.
_LONGEST_NAME: Final = 200
_LONGEST_TRIED: Final = 4_000


class RelayedBody:
    """The body of a relayed reply, and the place in the backend's line that it takes until its end."""

    def __init__(self, relay: Relay, lease: Lease, choice: ModelChoice, account: RequestAccount) -> None:
        """Begin to hold the place; close the body to give it back."""
        self.is_stream = relay.content_type.startswith("text/event-stream")
        self._relay = relay
        self._lease = lease
        self._choice = choice
        self._account = account
        self._chunks = relay.chunks()
        self._tail = ReplyTail()
        self._bytes = 0
        self._longest = _LONGEST_STREAM_BYTES if self.is_stream else _LONGEST_REPLY_BYTES
        self._is_over = False
        self._is_settled = False
        self._ended_by: SamovarError | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._is_reading = False
        self._watched = account.quotas.watch(account.key_id, self.end)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # One coroutine, and little in it: this is done for every token.
        if self._is_over:
            raise StopAsyncIteration
        if self._reader is None:
            self._reader = asyncio.current_task()  # A reply is read by one task.
        try:
            self._break_off()
            self._is_reading = True
            chunk = await anext(self._chunks)
            self._bytes += len(chunk)
            if self._bytes > self._longest:
                raise BackendReplyInvalid(backend=self._choice.backend.name, reason="it is too long")
        except asyncio.CancelledError:
            if self._ended_by is None or self._reader is None:
                raise
            self._reader.uncancel()
            return self._tell(self._ended_by)
        except SamovarError as error:
            return self._tell(error)
        finally:
            self._is_reading = False
        self._tail.add(chunk)
        return chunk

    def _tell(self, error: SamovarError) -> bytes:
        """What went wrong as the last event of a stream, whose head is sent already; otherwise it is raised."""
        if not self.is_stream:
            raise error
        self._is_over = True
        return b"data: " + openai_error(error).body + b"\n\n"

    def _break_off(self) -> None:
        if self._ended_by is not None:
            raise self._ended_by

    def end(self, error: SamovarError) -> None:
        """Break off, also while the backend is silent; the reader is told why."""
        if self._ended_by is None:
            self._ended_by = error
            if self._reader is not None and self._is_reading:
                self._reader.cancel()

    async def read_whole(self) -> bytes:
        """Take the reply to its end. Raises: SamovarError; BackendError may still be mended by another backend."""
        try:
            return b"".join([chunk async for chunk in self])
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Hang up on the backend and make the place free, whether or not anything was read."""
        self._watched.leave()
        try:
            await self._chunks.aclose()
            await self._relay.close()
        finally:
            self._lease.leave()
            if not self._is_settled:
                self._is_settled = True
                self._account.settle(self._tail, self._choice, reply_bytes=self._bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply that has begun: a stream, or all of it; ``ledger`` goes with it when it was asked for."""

    status: int
    content_type: str
    body: RelayedBody
    content: bytes
    headers: dict[str, str]
    ledger: Mapping[str, object] | None = None

    def response(self) -> Response:
        """The reply to the client; a stream closes its body."""
        if self.body.is_stream:
            headers = {**self.headers, "X-Accel-Buffering": "no"}
            body = self.body if self.ledger is None else LedgerFirst(self.body, self.ledger)
            return ClosingStream(body, status_code=self.status, media_type=self.content_type, headers=headers)
        content = self.content if self.ledger is None else with_ledger(self.content, self.ledger)
        return Response(content, status_code=self.status, media_type=self.content_type, headers=self.headers)


async def ask_backends(
    gateway: Gateway,
    actor: Actor,
    model: str | None,
    ask: Callable[[ModelChoice], Awaitable[Relay]],
    account: RequestAccount,
    needs: Needs,
) -> Answer:
    """Ask the backends of a model one after another until one begins to answer.

    Raises: SamovarError of the last one that was asked, before anything was shown.
    """
    tried: list[Try] = []
    attempts = gateway.attempts(model, actor.user_id, needs=needs, record=tried)
    content = b""
    async with aclosing(attempts):
        async for attempt in attempts:
            async with attempt as choice:
                try:
                    relay = await ask(choice)
                except asyncio.CancelledError:
                    account.settle_prompt()
                    raise
                body = RelayedBody(relay, attempt.take_lease(), choice, account)
                if not body.is_stream:
                    # Until its end it may still turn out to be an error.
                    content = await body.read_whole()
    return Answer(
        status=relay.status,
        content_type=relay.content_type,
        body=body,
        content=content,
        headers=_headers(tried),
    )


async def unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Response:
    """Do the work, but leave it when the client hangs up: nobody else can come back for it."""
    working = asyncio.ensure_future(work)
    try:
        while not working.done():
            await asyncio.wait((working,), timeout=_GONE_POLL_S)
            if not working.done() and await request.is_disconnected():
                raise ClientDisconnect
    except BaseException:
        working.cancel()
        (ended,) = await asyncio.gather(working, return_exceptions=True)
        if isinstance(ended, Answer):
            # It was ready in the same moment.
            await ended.body.aclose()
        raise
    return working.result().response()


def _headers(tried: Sequence[Try]) -> dict[str, str]:
    """Who answered, and whom else was asked: the reply itself is not touched."""
    *failed, last = tried
    headers = {"X-Samovar-Backend": _header(last.backend), "X-Samovar-Model": _header(last.model)}
    if failed:
        entries = [f"{_header(one.backend)}/{_header(one.model)}; error={one.error_code}" for one in failed]
        # Those that were asked last tell most.
        while len(entries) > 1 and sum(map(len, entries)) > _LONGEST_TRIED:
            entries.pop(0)
        headers["X-Samovar-Tried"] = ", ".join(entries)
    return headers


def _header(name: str) -> str:
    return quote(name[:_LONGEST_NAME], safe=_PLAIN, errors="replace")
