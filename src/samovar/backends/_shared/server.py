"""One model server: where it is, what is sent to it, and what its silence means."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, NoReturn

import aiohttp
import orjson

from samovar.backends._shared.faults import fault_of_reply
from samovar.backends._shared.wire import MAX_BODY_BYTES, MAX_STREAM_BYTES, Patience, loads_object, loads_value
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnreachable,
    ModelLoading,
    ModelUnknown,
)
from samovar.egress import EgressClient, EgressRefused
from samovar.ports.backend import BackendConfig, Endpoint

__all__ = ["HttpRelay", "ModelServer"]

_SHORT_REQUEST_S: Final = 15.0
#: Statuses of a server that has no such path.
_MISSING: Final = (404, 405, 501)
#: What is passed on. Anything else, a page of HTML above all, has no place under the address of this server.
_RELAYED: Final = ("application/json", "text/event-stream")
#: Nothing is tried twice (``*+``): a server that sends a long line of blanks would hold everybody up for minutes.
_ERROR_FIRST: Final = re.compile(rb'\s*+(?:event:[^\n]*+\s*+)?(?:(?:data|error):\s*+)?\{\s*+"error"\s*+:(?!\s*+null)')
_END_OF_STREAM: Final = re.compile(rb'\[DONE\]|"finish_reason"\s*:\s*"|"error"\s*:')
#: The end of a stream is looked for in two pieces, each joined up to here; some servers send each line by itself.
_PIECE_BYTES: Final = 512
_UNREACHABLE: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    EgressRefused,
)
_BROKEN: Final = (
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientOSError,
    aiohttp.ClientPayloadError,
    aiohttp.ClientConnectionError,
    OSError,
)


class ModelServer:
    """Requests to one server, with every foreign exception turned into a BackendError."""

    def __init__(self, config: BackendConfig, client: EgressClient) -> None:
        self.config = config
        self.name = config.name
        self._client = client

    def endpoint(self) -> Endpoint:
        """Return where to connect now. Raises: ModelLoading, or what the source of the endpoint raises."""
        endpoint = self.config.endpoint()
        if endpoint is None:
            raise ModelLoading(model=self.config.model or self.name)
        return endpoint

    def key(self) -> str | None:
        """Return the key that it is told, which no error may repeat; None also while it is nowhere."""
        try:
            endpoint = self.config.endpoint()
        except BackendError:
            return None
        return endpoint.key if endpoint is not None else None

    def patience(self) -> Patience:
        """Start waiting for a first token."""
        return Patience(first_s=self.config.first_token_timeout_s, idle_s=self.config.idle_timeout_s)

    async def fetch(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | None = None,
        *,
        timeout_s: float = _SHORT_REQUEST_S,
        most_bytes: int = MAX_BODY_BYTES,
    ) -> dict[str, Any]:
        """Send a request and return its JSON object, of at most so many bytes. Raises: BackendError."""
        return loads_object(await self._fetch(method, path, payload, timeout_s, most_bytes), backend=self.name)

    async def fetch_list(self, path: str) -> list[object]:
        """Ask for a JSON list. Raises: BackendError."""
        value = loads_value(await self._fetch("GET", path, None, _SHORT_REQUEST_S, MAX_BODY_BYTES), backend=self.name)
        if not isinstance(value, list):
            raise BackendReplyInvalid(backend=self.name, reason="it is not a JSON list")
        return value

    async def status_of(self, path: str, *, timeout_s: float) -> int:
        """Ask for a path whose reply may have no body, and return its status. Raises: BackendError."""
        patience = Patience(first_s=timeout_s, idle_s=timeout_s)
        response = await self.open("GET", path, patience=patience)
        response.close()
        return response.status

    async def open(
        self, method: str, path: str, payload: Mapping[str, object] | None = None, *, patience: Patience
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the head of the reply, whatever its status. Raises: BackendError."""
        endpoint = self.endpoint()
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        body = None
        if payload is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(dict(payload))
        try:
            async with asyncio.timeout(patience.left_s):
                response = await self._client.request(method, endpoint.url + path, body=body, headers=headers)
        except (aiohttp.ClientError, OSError) as error:
            self.fail(error, patience)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise BackendReplyInvalid(backend=self.name, reason="it is compressed, which was not asked for")
        return response

    async def read_body(
        self, response: aiohttp.ClientResponse, patience: Patience, most_bytes: int = MAX_BODY_BYTES
    ) -> bytes:
        """Read a whole reply. Raises: BackendError, BackendReplyInvalid for one that is too long."""
        content = bytearray()
        try:
            async with asyncio.timeout(patience.left_s):
                while chunk := await response.content.readany():
                    content += chunk
                    if len(content) > most_bytes:
                        raise BackendReplyInvalid(backend=self.name, reason="it is too long")
        except (aiohttp.ClientError, OSError) as error:
            self.fail(error, patience)
        return bytes(content)

    def fault(self, response: aiohttp.ClientResponse, content: bytes, *, model: str) -> BackendError:
        """Name the error of a reply that is not 200."""
        key = response.request_info.headers.get("Authorization", "").removeprefix("Bearer ")
        return fault_of_reply(response.status, content, backend=self.name, model=model, key=key or None)

    def fail(self, error: Exception, patience: Patience) -> NoReturn:
        """Raise the BackendError for an exception of the HTTP client."""
        if isinstance(error, _UNREACHABLE):
            raise BackendUnreachable(backend=self.name) from error
        if isinstance(error, TimeoutError):
            raise BackendTimeout(backend=self.name, seconds=round(patience.allowed_s)) from error
        if isinstance(error, _BROKEN):
            raise BackendBroke(backend=self.name) from error
        raise BackendReplyInvalid(backend=self.name, reason="it is not HTTP") from error

    async def relay(
        self, path: str, payload: Mapping[str, object], *, if_missing: BackendError | None = None
    ) -> "HttpRelay":
        """Pass a request on, and its reply back once its first bytes are there.

        No header of the caller's goes along. Raises: BackendError for a reply that is none, while another
        backend can still be asked; ``if_missing`` is raised where the server has no such path.
        """
        patience = self.patience()
        response = await self.open("POST", path, payload, patience=patience)
        try:
            first = await self._check_relay(response, patience, str(payload.get("model", "")), if_missing)
        except BaseException:
            response.close()
            raise
        return HttpRelay(self, response, patience, first)

    async def _check_relay(
        self, response: aiohttp.ClientResponse, patience: Patience, model: str, if_missing: BackendError | None
    ) -> bytes:
        """Return the first bytes of a good reply. Raises: BackendError."""
        if not 200 <= response.status < 300:
            content = await self.read_body(response, patience)
            error = self.fault(response, content, model=model)
            is_missing = response.status in _MISSING and not isinstance(error, ModelUnknown)
            raise if_missing if if_missing is not None and is_missing else error
        if response.content_type not in _RELAYED:
            raise BackendReplyInvalid(backend=self.name, reason=f"{response.content_type[:60]} instead of an answer")
        first = await self.read_piece(response, patience)
        if not first:
            raise BackendBroke(backend=self.name)
        if _ERROR_FIRST.match(first):
            # LM Studio says under status 200 that a prompt is too long, whole or as the first event.
            content = first + await self.read_body(response, patience)
            raise self.fault(response, _first_object(content, response.content_type), model=model)
        return first

    async def read_piece(self, response: aiohttp.ClientResponse, patience: Patience) -> bytes:
        """Wait for more of a body; empty at its end. Raises: BackendError."""
        try:
            async with asyncio.timeout(patience.left_s):
                return await response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            self.fail(error, patience)

    async def _fetch(
        self, method: str, path: str, payload: Mapping[str, object] | None, timeout_s: float, most_bytes: int
    ) -> bytes:
        patience = Patience(first_s=timeout_s, idle_s=timeout_s)
        response = await self.open(method, path, payload, patience=patience)
        try:
            content = await self.read_body(response, patience, most_bytes)
            if response.status != 200:
                raise self.fault(response, content, model=self._model_of(payload))
            return content
        finally:
            response.close()

    def _model_of(self, payload: Mapping[str, object] | None) -> str:
        named = payload.get("model") if payload is not None else None
        return named if isinstance(named, str) else self.config.model or ""


class Watch:
    """Ends the wait for a body when patience runs out.

    One timer serves the whole stream: it is set again when it finds that something was heard meanwhile. A timer for
    each piece costs as much as the piece.
    """

    __slots__ = ("_content", "_patience", "_rings_at", "_timer", "is_waiting")

    def __init__(self, content: aiohttp.StreamReader, patience: Patience) -> None:
        self._content = content
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        #: To be set while the body is waited for; what is read afterwards raises TimeoutError when time was up.
        self.is_waiting = False

    def begin(self) -> None:
        """The body is waited for from now on."""
        self.is_waiting = True
        if self._timer is None or self._patience.ends_at < self._rings_at:
            self._set_timer()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        self._rings_at = self._patience.ends_at
        self._timer = asyncio.get_running_loop().call_later(self._patience.left_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self.is_waiting:
            return  # The next wait sets it again.
        if self._patience.left_s > 0:
            self._set_timer()
        else:
            self._content.set_exception(TimeoutError())


class TimedBody:
    """A body that is waited for as long as patience lasts."""

    def __init__(self, content: aiohttp.StreamReader, patience: Patience) -> None:
        self._content = content
        self._watch = Watch(content, patience)

    async def readany(self) -> bytes:
        """Return what has arrived, waiting for something; empty at the end.

        Raises: TimeoutError, and what reading raises.
        """
        self._watch.begin()
        try:
            return await self._content.readany()
        finally:
            self._watch.is_waiting = False

    def close(self) -> None:
        """Stop the timer."""
        self._watch.close()


class HttpRelay:
    """A reply passed on unread."""

    def __init__(self, server: ModelServer, response: aiohttp.ClientResponse, patience: Patience, first: bytes) -> None:
        self.status = response.status
        self.content_type = response.content_type
        self._server = server
        self._response = response
        self._patience = patience
        self._first = first

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes; closing hangs up. Raises: BackendError when it breaks off."""
        chunk, total_bytes = self._first, 0
        before = last = b""
        content, patience = self._response.content, self._patience
        # A coroutine less than with a TimedBody: there is one step of each for every token.
        watch = Watch(content, patience)
        try:
            while chunk:
                total_bytes += len(chunk)
                if total_bytes > MAX_STREAM_BYTES:
                    raise BackendReplyInvalid(backend=self._server.name, reason="it is too long")
                yield chunk
                patience.heard_token()
                if len(last) < _PIECE_BYTES:
                    last += chunk
                else:
                    before, last = last, chunk
                watch.begin()
                try:
                    chunk = await content.readany()
                except (aiohttp.ClientError, OSError) as error:
                    self._server.fail(error, patience)
                watch.is_waiting = False
            if self.content_type == "text/event-stream" and not _END_OF_STREAM.search(before + last):
                raise BackendBroke(backend=self._server.name)
        finally:
            watch.close()
            self._response.close()

    async def close(self) -> None:
        """Hang up, also when nothing was read."""
        self._response.close()


def _first_object(content: bytes, content_type: str) -> bytes:
    if content_type == "application/json":
        return content
    line = next((line for line in content.splitlines() if b"{" in line), b"")
    return line[line.find(b"{") :]
