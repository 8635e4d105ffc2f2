"""One model server: where it is, what is sent to it, and what its silence means."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, NoReturn

import aiohttp
import orjson

from samovar.backends._shared.faults import fault_of_reply
from samovar.backends._shared.wire import MAX_BODY_BYTES, Patience, loads_object
from samovar.domain.errors import (
    BackendBroke,
    BackendError,
    BackendReplyInvalid,
    BackendTimeout,
    BackendUnreachable,
    ModelLoading,
)
from samovar.egress import EgressClient, EgressRefused
from samovar.ports.backend import BackendConfig, Endpoint

__all__ = ["HttpRelay", "ModelServer"]

_SHORT_REQUEST_S: Final = 15.0
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

    def patience(self) -> Patience:
        """Start waiting for a first token."""
        return Patience(first_s=self.config.first_token_timeout_s, idle_s=self.config.idle_timeout_s)

    async def fetch(self, method: str, path: str, payload: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Send a short request and return its JSON object. Raises: BackendError."""
        patience = Patience(first_s=_SHORT_REQUEST_S, idle_s=_SHORT_REQUEST_S)
        response = await self.open(method, path, payload, patience=patience)
        try:
            content = await self.read_body(response, patience)
            if response.status != 200:
                raise self.fault(response, content, model=self.config.model or "")
            return loads_object(content, backend=self.name)
        finally:
            response.close()

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
                return await self._client.request(method, endpoint.url + path, body=body, headers=headers)
        except (aiohttp.ClientError, OSError) as error:
            self.fail(error, patience)

    async def read_body(self, response: aiohttp.ClientResponse, patience: Patience) -> bytes:
        """Read a whole reply. Raises: BackendError, BackendReplyInvalid for one that is too long."""
        content = bytearray()
        try:
            async with asyncio.timeout(patience.left_s):
                while chunk := await response.content.readany():
                    content += chunk
                    if len(content) > MAX_BODY_BYTES:
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

    async def relay(self, path: str, payload: Mapping[str, object]) -> "HttpRelay":
        """Pass a request on and its reply back. Raises: BackendError before the reply begins."""
        patience = self.patience()
        response = await self.open("POST", path, payload, patience=patience)
        if response.status in (401, 403):
            # The key that was refused is ours, not the caller's: passing the status on would blame the caller.
            response.close()
            raise fault_of_reply(response.status, b"", backend=self.name, model="", key=None)
        return HttpRelay(self, response, patience)


class HttpRelay:
    """A reply passed on unread."""

    def __init__(self, server: ModelServer, response: aiohttp.ClientResponse, patience: Patience) -> None:
        self.status = response.status
        self.content_type = response.headers.get("Content-Type", "application/octet-stream")
        self._server = server
        self._response = response
        self._patience = patience

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes; closing hangs up. Raises: BackendError when it breaks off."""
        read = self._response.content.readany
        patience = self._patience
        try:
            while True:
                try:
                    async with asyncio.timeout(patience.left_s):
                        chunk = await read()
                except (aiohttp.ClientError, OSError) as error:
                    self._server.fail(error, patience)
                if not chunk:
                    return
                yield chunk
                patience.heard_token()
        finally:
            self._response.close()

    async def close(self) -> None:
        """Hang up, also when nothing was read."""
        self._response.close()
