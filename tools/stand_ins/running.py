"""A stand-in that listens on a port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from .server import StandIn

__all__ = ["listen"]


@asynccontextmanager
async def listen(stand_in: StandIn, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve a stand-in and yield its address; port 0 takes a free one. Raises: OSError for a port that is taken."""
    runner = web.AppRunner(stand_in.application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        taken = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{taken}"
    finally:
        stand_in.is_closing = True
        await runner.cleanup()
