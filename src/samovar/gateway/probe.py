"""A look at a server of unknown kind: a few short questions, bounded in time and size."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import orjson

from samovar.egress import EgressClient
from samovar.ports.backend import BackendModule, Probe, ProbeReply

__all__ = ["HttpProbe", "recognise"]

#: More than any list of models has; what is longer is no list of models.
_MAX_BODY_BYTES: Final = 1_000_000
_REFUSALS: Final = frozenset({401, 403})


class HttpProbe:
    """Implements the port ``Probe``. All questions together take at most ``patience_s`` from the first on.

    Redirects are not followed, and the reply is not decompressed: both are as they come.
    """

    def __init__(self, client: EgressClient, url: str, *, key: str | None, patience_s: float) -> None:
        """Ask the server at ``url``, with its key where there is one."""
        self._client = client
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._patience_s = patience_s
        self._give_up_at: float | None = None
        self._replies: dict[str, ProbeReply | None] = {}
        self._is_absent = False

    @property
    def is_absent(self) -> bool:
        """Whether no connection could be made: nothing listens there."""
        return self._is_absent

    @property
    def has_answered(self) -> bool:
        """Whether any HTTP reply came."""
        return any(reply is not None for reply in self._replies.values())

    @property
    def refusal(self) -> int | None:
        """The status with which a question was refused for want of a key, or None."""
        statuses = (reply.status for reply in self._replies.values() if reply is not None)
        return next((status for status in statuses if status in _REFUSALS), None)

    async def get(self, path: str) -> ProbeReply | None:
        """Ask for a path; None when no HTTP reply came in time. The second time it is remembered."""
        if path not in self._replies:
            self._replies[path] = await self._ask(path)
        return self._replies[path]

    async def _ask(self, path: str) -> ProbeReply | None:
        loop = asyncio.get_running_loop()
        if self._give_up_at is None:
            self._give_up_at = loop.time() + self._patience_s
        if self._is_absent or loop.time() >= self._give_up_at:
            return None
        try:
            async with asyncio.timeout_at(self._give_up_at):
                response = await self._client.request("GET", self._url + path, headers=self._headers)
                try:
                    content = await _read(response)
                finally:
                    response.close()
        except aiohttp.ClientConnectorError:
            self._is_absent = True
            return None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            # ValueError: what came is not HTTP in a way that aiohttp did not foresee.
            return None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return ProbeReply(status=response.status, body=_object(content), headers=headers)


async def recognise(kinds: Mapping[str, BackendModule], probe: Probe) -> str | None:
    """Find out the kind of a server: the first of ``kinds`` that knows it as its own, or None."""
    for kind, module in kinds.items():
        if await module.recognise(probe):
            return kind
    return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, or nothing of one that is too long."""
    content = bytearray()
    while chunk := await response.content.readany():
        content += chunk
        if len(content) > _MAX_BODY_BYTES:
            return b""
    return bytes(content)


def _object(content: bytes) -> Mapping[str, object] | None:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
