"""A hub of model files on loopback: it serves ranges, sends on to a store, and misbehaves as it is told."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

__all__ = ["StandInHub", "run_hub"]

_RANGE = re.compile(r"bytes=(\d+)-")
_STEP = 16_384


@dataclass(slots=True)
class StandInHub:
    """What the hub does with the next requests. ``files`` holds content by ``publisher/name/file``."""

    files: dict[str, bytes] = field(default_factory=dict)
    #: Send on to this address, as ``http://host:port``; None serves the file itself.
    store: str | None = None
    #: Times that the store sends on once more.
    hops: int = 0
    #: Cut the connection after this many bytes of a reply, as often as there are entries.
    cuts: list[int] = field(default_factory=list)
    #: Answer with these statuses first.
    refusals: list[int] = field(default_factory=list)
    #: Say nothing after this many bytes.
    silent_after: int | None = None
    ignores_ranges: bool = False
    #: Tell the checksum with the reply, by the pointer of Git LFS, or not at all.
    tells: str = "header"
    told_sha256: str | None = None
    told_size: int | None = None
    #: Serve these bytes in place of the file's own.
    instead: bytes | None = None
    #: (path, Range or None) of every request, in order.
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def sha256(self, name: str) -> str:
        """The checksum of a file as it should be."""
        return hashlib.sha256(self.files[name]).hexdigest()

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")


@asynccontextmanager
async def run_hub() -> AsyncIterator[StandInHub]:
    """Serve until the context ends."""
    hub = StandInHub()

    async def resolve(request: web.Request) -> web.StreamResponse:
        return await _resolve(hub, request)

    async def raw(request: web.Request) -> web.StreamResponse:
        return _raw(hub, request)

    app = web.Application()
    app.router.add_get("/{publisher}/{name}/resolve/main/{file:.+}", resolve)
    app.router.add_get("/{publisher}/{name}/raw/main/{file:.+}", raw)
    app.router.add_get("/store/{publisher}/{name}/{file:.+}", resolve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hub
    finally:
        await runner.cleanup()


def _key(request: web.Request) -> str:
    return "/".join(request.match_info[part] for part in ("publisher", "name", "file"))


async def _resolve(hub: StandInHub, request: web.Request) -> web.StreamResponse:
    hub.requests.append((request.path, request.headers.get("Range")))
    if hub.refusals:
        return web.Response(status=hub.refusals.pop(0), text="no")
    key = _key(request)
    if key not in hub.files:
        return web.Response(status=404, text="Entry not found")
    is_store = request.path.startswith("/store/")
    if (hub.store is not None and not is_store) or (is_store and hub.hops > 0):
        hub.hops -= is_store
        location = f"{hub.store}/store/{key}?signature=a%2Fb%3D"
        return web.Response(status=302, headers={"Location": location, **_linked(hub, key)})
    return await _serve(hub, request, key)


def _linked(hub: StandInHub, key: str) -> dict[str, str]:
    if hub.tells != "header":
        return {}
    size = hub.told_size if hub.told_size is not None else len(hub.files[key])
    return {"X-Linked-Etag": f'"{hub.told_sha256 or hub.sha256(key)}"', "X-Linked-Size": str(size)}


async def _serve(hub: StandInHub, request: web.Request, key: str) -> web.StreamResponse:
    content = hub.files[key] if hub.instead is None else hub.instead
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    start = int(wanted[1]) if wanted and not hub.ignores_ranges else 0
    if wanted and not hub.ignores_ranges and start >= len(content):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}", **_linked(hub, key)})
    headers = {"Content-Length": str(len(content) - start), **_linked(hub, key)}
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    response = web.StreamResponse(status=206 if start else 200, headers=headers)
    await response.prepare(request)
    cut = hub.cuts.pop(0) if hub.cuts else None
    sent = 0
    for at in range(start, len(content), _STEP):
        piece = content[at : at + _STEP]
        if hub.silent_after is not None and sent >= hub.silent_after:
            await asyncio.sleep(3600)
        if cut is not None and sent + len(piece) > cut:
            await response.write(piece[: cut - sent])
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(piece)
        sent += len(piece)
    return response


def _raw(hub: StandInHub, request: web.Request) -> web.StreamResponse:
    hub.requests.append((request.path, None))
    key = _key(request)
    if hub.tells != "pointer" or key not in hub.files:
        return web.Response(status=404, text="Entry not found")
    told = hub.told_sha256 or hub.sha256(key)
    size = len(hub.files[key])
    return web.Response(text=f"version https://git-lfs.github.com/spec/v1\noid sha256:{told}\nsize {size}\n")
